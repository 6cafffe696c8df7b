"""A `Background` with a simulated clock: turns of many seconds, in no time and always the same.

What takes time says so: work given to `run`, iterators given to `flow`, listeners and everything else a test scripts
call `fake.spend(seconds)`.

    fake = FakeTime()

    def throttled_table():
        fake.spend(3.0)
        raise StoreUnavailable("...")

    def stream():                      # a flow: every item comes when the time before it is spent
        fake.spend(0.7)
        yield Delta("text", "Aye")
        fake.spend(math.inf)           # hangs for ever
        yield Delta("text", "never")

* `run(work, seconds)` executes `work` at once. When it spends more than `seconds`, the clock is set to the moment its
  time was up and TimedOut is raised. What `work` would have done after that moment does not happen, for `spend` does
  not return; with `FakeTime(late=True)` it happens, as it does with threads, and all of it before TimedOut is seen.
  Only `spend(math.inf)` never returns.
* Flows run beside each other and beside everything else: each has a clock of its own, which starts when it is begun,
  and `wait` hears their items in the order of these clocks (those begun first win ties). An iterator is asked for its
  next item right after the one before was heard, so what it does happens early, but what it yields is heard in time.
* `cancel` closes the iterator at once.
* Outside of both, `spend` moves the turn's own clock: a listener whose network is slow.

`fake.flows` are all flows that were begun; `open` tells of each whether it was neither cancelled nor heard to its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from npcops.background import Done, Flow, TimedOut

T = TypeVar("T")


class _Up(BaseException):
    """The time that the innermost scope has is up. No `except Exception` of the code under test keeps it."""


class _Scope:
    """A clock that runs from `now`, at most to `until`."""

    def __init__(self, now: float, until: float = math.inf) -> None:
        self.now, self.until = now, until


class FakeFlow:
    """An iterator, and when it yields what comes next."""

    def __init__(self, fake: FakeTime, source: Callable[[], Iterator[Any]]) -> None:
        self._fake, self._scope = fake, _Scope(fake.now())
        self._items: Iterator[Any] | None = None
        self._source = source
        self.open = True
        self.item: Any = None
        self._advance()

    @property
    def at(self) -> float:
        """The time at which `item` comes; infinite when nothing will come any more."""
        return self._scope.now if self.open else math.inf

    def cancel(self) -> None:
        """See Flow."""
        self.open = False
        if close := getattr(self._items, "close", None):
            with self._fake.inside(_Scope(self._scope.now)), suppress(Exception):
                close()

    def ended(self, seconds: float) -> bool:
        """See Flow. What was cancelled ends at once, and nothing else is waited for."""
        return not self.open

    def hear(self) -> Any:
        """What has come; the iterator goes on."""
        item = self.item
        if isinstance(item, Done):
            self.open = False
        else:
            self._advance()
        return item

    def _advance(self) -> None:
        with self._fake.inside(self._scope):
            try:
                if self._items is None:
                    self._items = iter(self._source())
                self.item = next(self._items)
            except StopIteration:
                self.item = Done()
            except _Up:
                self._scope.now = math.inf
            except Exception as error:
                self.item = Done(error)


class FakeTime:
    """See the module."""

    def __init__(self, start: float = 1000.0, late: bool = False) -> None:
        self._late = late
        self._scopes = [_Scope(start)]
        self.flows: list[FakeFlow] = []

    def now(self) -> float:
        """See Background: the time of whatever runs."""
        return self._scopes[-1].now

    def spend(self, seconds: float) -> None:
        """Let time pass."""
        self._reach(self.now() + seconds)

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """See Background. Work that ends exactly when its time is up is done."""
        if seconds <= 0:
            raise TimedOut
        own = _Scope(self.now(), self.now() + seconds)
        result: Any = None
        error: Exception | None = None
        try:
            with self.inside(own):
                result = work()
        except _Up:
            own.now = math.inf
        except Exception as raised:
            error = raised
        self._reach(min(own.now, own.until))
        if own.now > own.until:
            raise TimedOut
        if error:
            raise error
        return cast("T", result)

    def flow(self, source: Callable[[], Iterator[Any]]) -> Flow:
        """See Background."""
        self.flows.append(FakeFlow(self, source))
        return self.flows[-1]

    def wait(self, flows: Sequence[Flow], seconds: float) -> tuple[Flow, Any] | None:
        """See Background."""
        waiting = [cast("FakeFlow", flow) for flow in flows]
        first = min(waiting, key=lambda flow: flow.at, default=None)
        ends = self.now() + max(seconds, 0)
        if first is None or first.at > ends:
            assert ends < math.inf, "waits for ever"
            self._reach(ends)
            return None
        self._reach(max(first.at, self.now()))
        return first, first.hear()

    def inside(self, scope: _Scope) -> _Inside:
        """Whatever runs in this context is in another scope."""
        return _Inside(self._scopes, scope)

    def _reach(self, moment: float) -> None:
        scope = self._scopes[-1]
        scope.now = moment
        if scope.now == math.inf or (scope.now > scope.until and not self._late):
            raise _Up


class _Inside:
    def __init__(self, scopes: list[_Scope], scope: _Scope) -> None:
        self._scopes, self._scope = scopes, scope

    def __enter__(self) -> None:
        self._scopes.append(self._scope)

    def __exit__(self, *_: object) -> None:
        self._scopes.pop()
