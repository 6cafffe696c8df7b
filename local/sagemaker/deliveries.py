"""Tells the embedded cloud what it is to be told, one after another, until it has taken it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from local.sagemaker.cloud import Cloud, Refused, Unreachable
from local.sagemaker.records import Delivery
from local.sagemaker.store import Store

RETRY_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class Deliveries:
    """A thread that delivers what the store keeps. What was taken just before this process was killed comes twice."""

    def __init__(self, store: Store, cloud: Cloud, refused: Callable[[Delivery, str], None]) -> None:
        self._store, self._cloud, self._refused = store, cloud, refused
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what is left stays in the store."""
        self._closing.set()
        self._store.to_deliver.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._store.to_deliver.clear()
            found = self._store.next_delivery()
            if found is None:
                self._store.to_deliver.wait()
                continue
            number, delivery = found
            try:
                self._deliver(delivery)
            except Unreachable as error:
                _LOG.warning("the cloud cannot be told now: %s", error)
                self._closing.wait(RETRY_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 - what cannot be delivered must not hold up the rest
                expected = isinstance(error, Refused)
                _LOG.error("a %s is not delivered: %s", delivery.kind, error, exc_info=None if expected else error)
                self._refused(delivery, str(error) if expected else type(error).__name__)
            self._store.delivered(number)

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.kind == "event":
            self._cloud.put_event(delivery.content)
        else:
            self._cloud.send(delivery.queue, delivery.content)
