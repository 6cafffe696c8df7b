"""Work that is waited for only so long: the clock of a turn, and calls beside it that can be left behind."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")
Answers = SimpleQueue[tuple[T | None, BaseException | None]]
Job = Callable[[], Callable[[], None]]
"""What a thread does; it returns what tells the one who waits, which must not block."""


class TimedOut(Exception):
    """The time was up before the work was done. The work goes on unheard until its own time-out."""


class Flow(Protocol):
    """An iterator that is read in the background."""

    def cancel(self) -> None:
        """Nobody wants more of it, and nothing of it is heard again.

        An iterator that has a method `hang_up` is told at once, by the thread that cancels; it must not block, and ends
        what the iterator waits for. In any case the iterator is closed as soon as it yields.
        """

    def ended(self, seconds: float) -> bool:
        """Whether reading has come to its end, waited for so long."""


class Background(Protocol):
    """The clock, and what runs beside the turn. Seconds are those of `now`, which never go back."""

    def now(self) -> float:
        """Seconds since some moment."""

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """The result of `work`, or what it raises. Raises TimedOut after `seconds`; at once if they are not above 0."""

    def flow(self, source: Callable[[], Iterator[Any]]) -> Flow:
        """Begin to read an iterator."""

    def wait(self, flows: Sequence[Flow], seconds: float) -> tuple[Flow, Any] | None:
        """The next that any of the flows has: (flow, item), where the item is a `Done` after the last one.

        None when nothing came for `seconds`. Items of one flow keep their order.
        """


class Done:
    """The end of a flow; `error` is what its iterator raised, if it did."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class Threads:
    """`Background` on daemon threads, of which up to `spare` wait for the next work.

    A thread whose work was given up is not waited for, at the end of the process neither. Where a process is frozen
    between its turns, as AWS Lambda's are, such a thread goes on in a later turn, and comes back to the others when its
    work is done.
    """

    def __init__(self, spare: int = 8, carry: Callable[[Job], Job] = lambda job: job) -> None:
        """`carry` gives a job whatever belongs to the thread that begins it, such as a trace."""
        self._spare, self._carry = spare, carry
        # Appending and popping are atomic: this is shared by all threads without a lock.
        self._idle: list[SimpleQueue[Job]] = []

    def now(self) -> float:
        """See Background."""
        return time.monotonic()

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """See Background."""
        if seconds <= 0:
            raise TimedOut("There is no time left.")
        answers: Answers[T] = SimpleQueue()
        self._begin(partial(_outcome, work, answers))
        try:
            result, error = answers.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except Empty:
            raise TimedOut(f"No result after {seconds:.3f} s.") from None
        if error is not None:
            try:
                raise error
            finally:
                # As in _outcome.
                del error
        return cast("T", result)

    def flow(self, source: Callable[[], Iterator[Any]]) -> Flow:
        """See Background."""
        reading = _Reading(source)
        self._begin(reading.read)
        return reading

    def wait(self, flows: Sequence[Flow], seconds: float) -> tuple[Flow, Any] | None:
        """See Background. Of several that have something, the first in the sequence is heard."""
        readings = cast("Sequence[_Reading]", flows)
        if found := _first(readings):
            return found
        ends, bell = self.now() + seconds, SimpleQueue[None]()
        for reading in readings:
            reading.bell = bell
        # Looked for again with the bell in place: what comes from here on rings it.
        while not (found := _first(readings)):
            left = ends - self.now()
            try:
                bell.get(timeout=min(max(left, 0), threading.TIMEOUT_MAX))
            except Empty:
                return None
        return found

    def _begin(self, job: Job) -> None:
        try:
            jobs = self._idle.pop()
        except IndexError:
            jobs = SimpleQueue()
            threading.Thread(target=self._work, args=(jobs,), name="background", daemon=True).start()
        jobs.put(self._carry(job))

    def _work(self, jobs: SimpleQueue[Job]) -> None:
        while True:
            tell = jobs.get()()
            stays = len(self._idle) < self._spare
            if stays:
                # Before the result is told: whoever waits for it may have the next work already.
                self._idle.append(jobs)
            tell()
            del tell
            if not stays:
                return


class _Reading:
    """A flow as one thread reads it and another one hears it."""

    def __init__(self, source: Callable[[], Iterator[Any]]) -> None:
        self._source, self._cancelled = source, False
        self._items: deque[Any] = deque()
        self._iterator: Any = None
        self._ended = threading.Event()
        self.bell: SimpleQueue[None] | None = None

    def cancel(self) -> None:
        """See Flow."""
        self._cancelled = True
        self._items.clear()
        # Read after the flag is set, as the reader looks at the flag after this is: one of them sees the other.
        if hang_up := getattr(self._iterator, "hang_up", None):
            with suppress(Exception):
                hang_up()

    def ended(self, seconds: float) -> bool:
        """See Flow."""
        return self._ended.wait(max(seconds, 0))

    def read(self) -> Callable[[], None]:
        """Read until the end, or until nobody wants more."""
        try:
            self._read_all()
        except Exception as error:  # noqa: BLE001 (told to the one who hears)
            return partial(self._put, Done(error))
        finally:
            self._ended.set()
        return partial(self._put, Done())

    def heard(self) -> tuple[Flow, Any] | None:
        """What was read first and not heard yet, with the flow, if there is something."""
        return (self, self._items.popleft()) if self._items and not self._cancelled else None

    def _read_all(self) -> None:
        if self._cancelled:
            return
        items = self._iterator = self._source()
        try:
            if self._cancelled:
                return
            for item in items:
                if self._cancelled:
                    return
                self._put(item)
        finally:
            self._iterator = None
            if close := getattr(items, "close", None):
                with suppress(Exception):
                    close()

    def _put(self, item: Any) -> None:
        if not self._cancelled:
            self._items.append(item)
            if bell := self.bell:
                bell.put(None)


def _outcome(work: Callable[[], T], answers: Answers[T]) -> Callable[[], None]:
    """Does the work. No variable here may hold an error: its traceback holds this frame, and neither would be freed."""
    try:
        return partial(answers.put, (work(), None))
    except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
        return partial(answers.put, (None, error))


def _first(readings: Sequence[_Reading]) -> tuple[Flow, Any] | None:
    return next((found for reading in readings if (found := reading.heard())), None)
