"""Seeded changes of the sample world, evaluated and put to the canon gate: what breaks something stays out.

The models are simulated, by the prompts that they get and nothing else (tests.regressions.decent); all else is real.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from npcops.converse import StagePace
from npcops.errors import GateClosed
from npcops.scoring import Scorer
from tests.fake_time import FakeTime
from tests.fakes import DIMENSIONS, WordEmbeddings
from tests.regressions.changes import FOLDER, Change, load
from tests.regressions.decent import MODEL, DecentModels
from tests.regressions.staging import Staging
from tests.resources import Resources

CHANGES = {change.id: change for change in load("changes.yaml")}
HARMFUL = [name for name, change in CHANGES.items() if not change.harmless]
HARMLESS = [name for name, change in CHANGES.items() if change.harmless]


@pytest.fixture(scope="module")
def staging(moto_resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    time, embeddings = FakeTime(), WordEmbeddings()
    made = Staging(
        moto_resources,
        tmp_path_factory.mktemp("lore"),
        DecentModels(time.spend),
        embeddings,
        DIMENSIONS,
        time,
        Scorer(embeddings, None, None),
        MODEL,
        StagePace(),
        FOLDER / "suite.yaml",
    )
    yield made
    made.close()


def test_there_are_twelve_that_break_something_and_three_that_do_not() -> None:
    assert (len(HARMFUL), len(HARMLESS)) == (12, 3)


@pytest.mark.parametrize("name", HARMFUL)
def test_what_breaks_something_does_not_come_into_production(staging: Staging, name: str) -> None:
    change = CHANGES[name]
    before = staging.current(change.entry)
    evaluated = staging.evaluated(change)
    assert evaluated.verdict.outcome == "failed", evaluated.told()
    assert shows(change, evaluated.failing, {reason.kind for reason in evaluated.verdict.reasons}), evaluated.told()
    with pytest.raises(GateClosed) as closed:
        staging.release(change, evaluated.version)
    (unmet,) = closed.value.failing
    assert (unmet["why"], unmet["evaluation"]) == ("failed", evaluated.evaluation)
    assert staging.current(change.entry) == before


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nothing_comes_into_production(staging: Staging, name: str) -> None:
    change = CHANGES[name]
    evaluated = staging.evaluated(change)
    assert evaluated.verdict.outcome == "passed", evaluated.told()
    released = staging.release(change, evaluated.version)
    assert released.move is not None
    assert (released.move.gate, released.move.evaluations) == ("passed", (evaluated.evaluation,))
    staging.back(change)


def test_what_was_not_evaluated_does_not_come_in_however_harmless(staging: Staging) -> None:
    change = CHANGES["one-more-example"]
    unseen = staging.stored(Change("unseen", "A comma.", change.entry, (*change.edits, *change.edits)))
    with pytest.raises(GateClosed) as closed:
        staging.release(change, unseen)
    assert [unmet["why"] for unmet in closed.value.failing] == ["not-evaluated"]


def shows(change: Change, failing: set[str], reasons: set[str]) -> bool:
    """Whether the verdict names what the change was seeded to break, and not something else alone."""
    return bool(failing & set(change.fails)) if change.fails else change.reason in reasons
