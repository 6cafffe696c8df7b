"""Why a suite is not passed: each reason is a sentence for a writer, and names the cases that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median

import msgspec

from npcops.comparisons import SLOW_SHARE, Played, difference
from npcops.evaluations import Reason
from npcops.figures import FIGURES, amount
from npcops.golden import Bars
from npcops.statistics import percentile

# A loss must be more than chance, and more than this: with many cases, chance alone explains no loss, however small.
LEAST_LOSS = 0.05
# Of fewer answers all may well have lost a claim by chance: of two, a quarter of all harmless changes.
LEAST_PAIRS = 5
# Faster machines measure less; a few milliseconds are no slowness.
LEAST_MS = 50.0
_GUARDED = ("groundedness", "citation_support")


class Bar(msgspec.Struct, frozen=True):
    """What a suite asks for in one figure: its bar, what was reached (None: nothing to measure) and by which cases."""

    name: str
    bar: float
    reached: float | None
    holds: bool
    cases: tuple[str, ...] = ()


def required_reasons(played: Sequence[Played]) -> Iterator[Reason]:
    """A required case that fails."""
    failed = tuple(case.key for case in played if case.required and not case.passed)
    if failed:
        yield Reason("required", f"{_cases(failed, 'that must pass', 'fails', 'fail')}.", failed)


def worse_reasons(played: Sequence[Played], seed: str) -> Iterator[Reason]:
    """What became worse than before by more than chance."""
    for name in ("pass_rate", *_GUARDED):
        found = difference(name, played, seed)
        if found is None or found.high is None or found.high >= 0 or found.difference is None:
            continue
        if name != "pass_rate" and (found.difference > -LEAST_LOSS or found.pairs < LEAST_PAIRS):
            continue
        lower = tuple(case.key for case in played if case.candidate.get(name, 0) < case.baseline.get(name, 0))
        before, now = amount(name, found.baseline or 0.0), amount(name, found.candidate)
        told = f"{FIGURES[name].label}: {now}, {before} before, which is more than chance."
        yield Reason(f"worse-{_kind(name)}", told, lower)


def bar_reasons(suite: str, npc: str, bars: Bars, played: Sequence[Played]) -> Iterator[Reason]:
    """The bars of a suite, as an NPC plays it, that are not reached."""
    for bar in (*_bars(bars, played), *_relative(bars, played)):
        if bar.holds or bar.reached is None:
            continue
        at_most = not FIGURES[bar.name].higher_is_better
        told = f"{FIGURES[bar.name].label} in suite {suite} of {npc}: {amount(bar.name, bar.reached)}"
        limit = f"{'at most' if at_most else 'at least'} {amount(bar.name, bar.bar)}"
        yield Reason(f"bar-{_kind(bar.name)}", f"{told}, where the suite asks for {limit}.", bar.cases)


def unmeasured_reasons(suite: str, npc: str, bars: Bars, played: Sequence[Played]) -> Iterator[Reason]:
    """Bars of which no case has the figure. They decide nothing; toxicity is asked for by default, and not named."""
    for bar in _bars(bars, played):
        if bar.reached is None and bar.name != "toxicity":
            told = f"{FIGURES[bar.name].label} in suite {suite} of {npc} could not be measured: no case has it."
            yield Reason("not-measured", told)


def _bars(bars: Bars, played: Sequence[Played]) -> Iterator[Bar]:
    for name in ("pass_rate", *_GUARDED):
        wanted = getattr(bars, name)
        if wanted is not None:
            values = {case.key: case.candidate[name] for case in played if name in case.candidate}
            reached = fmean(values.values()) if values else None
            low = tuple(key for key, value in values.items() if value < wanted)
            yield Bar(name, wanted, reached, reached is None or reached >= wanted, low)
    for name, most, reach in (
        ("toxicity", bars.toxicity, max),
        ("cost_usd", bars.cost_usd, fmean),
    ):
        if most is not None:
            values = {case.key: case.candidate[name] for case in played if name in case.candidate}
            reached = reach(values.values()) if values else None
            over = tuple(key for key, value in values.items() if value > most)
            yield Bar(name, most, reached, reached is None or reached <= most, over)
    if bars.p95_ms is not None:
        reached = percentile([ms for case in played for ms in case.ms], SLOW_SHARE)
        over = tuple(case.key for case in played if any(ms > bars.p95_ms for ms in case.ms))
        yield Bar("p95_ms", float(bars.p95_ms), reached, reached is None or reached <= bars.p95_ms, over)


def _relative(bars: Bars, played: Sequence[Played]) -> Iterator[Bar]:
    """What the candidate may take of the baseline's time and money, in the cases that both have played.

    A baseline that said nothing took no time for it: whoever mends it must not be called slow and dear.
    """
    for name, times, middle, least in (("ms", bars.slower, median, LEAST_MS), ("cost_usd", bars.dearer, fmean, 0.0)):
        spoke = [case for case in played if case.baseline.get("output_tokens") != 0]
        paired = [case for case in spoke if name in case.candidate and name in case.baseline]
        before = middle(case.baseline[name] for case in paired) if paired else 0.0
        if times is None or not before:
            continue
        now, most = middle(case.candidate[name] for case in paired), before * times
        over = tuple(case.key for case in paired if case.candidate[name] > case.baseline[name] * times)
        yield Bar(name, most, now, now <= max(most, before + least), over)


def _kind(name: str) -> str:
    return name.replace("_", "-")


def _cases(keys: Sequence[str], which: str, one: str, many: str) -> str:
    return f"The case {keys[0]}, {which}, {one}" if len(keys) == 1 else f"{len(keys)} cases {which} {many}"
