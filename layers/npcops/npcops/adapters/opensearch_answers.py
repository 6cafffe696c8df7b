"""Reads OpenSearch's answers: hits, failures in part, and errors, which are all raised as StoreUnavailable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError
from opensearchpy.exceptions import NotFoundError, OpenSearchException, TransportError

from npcops.errors import StoreUnavailable

ABSENT = "index_not_found_exception"


@contextmanager
def translated() -> Iterator[None]:
    """Raises every failure of the server, the connection or the signing as StoreUnavailable.

    The message has the status and kind of the error only: the server's own words may repeat what a player asked.
    """
    try:
        yield
    except TransportError as error:
        raise StoreUnavailable(f"The lore index did not answer ({error.status_code}, {kind_of(error)}).") from error
    except (OpenSearchException, BotoCoreError) as error:
        raise StoreUnavailable(f"The lore index cannot be reached ({type(error).__name__}).") from error


def kind_of(error: TransportError) -> str:
    """The server's name for an error, like `index_not_found_exception`; the class's name if it gave none."""
    kind = error.error if isinstance(error.error, str) else ""
    return kind if kind.isidentifier() else type(error).__name__


def said_absent(error: NotFoundError) -> bool:
    """Whether the server itself said that there is no such index. Anything between may answer 404 as well."""
    return kind_of(error) == ABSENT


def hits_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The hits of one search; none if the index does not exist. Raises StoreUnavailable if it failed in any part."""
    error = answer.get("error")
    if error:
        if error.get("type") == ABSENT:
            return []
        raise StoreUnavailable(f"The lore index did not answer ({answer.get('status')}, {error.get('type')}).")
    hits: list[dict[str, Any]] = complete(answer)["hits"]["hits"]
    return hits


def complete(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of all shards. A part of the lore would look like the whole, so anything less is a failure."""
    if answer.get("timed_out") or answer["_shards"]["failed"]:
        raise StoreUnavailable("A part of the lore index did not answer.")
    return answer
