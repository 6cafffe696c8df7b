"""Which turns are counted in the figures of live turns: few, each once, and never in the place of a review."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.dialogue import Degraded, Spoken, Usage
from npcops.errors import StoreUnavailable
from npcops.live_counting import CountLive
from npcops.promotions import Promoted, Served, Shift, SideFigures
from npcops.sampling import SampleTurn, Shares
from npcops.turn_ids import began, new_turn_id
from tests.drifting import Models, shifting
from tests.opinions import Opinions
from tests.resources import Resources

USAGE = Usage(100, 10, 0, 0.0002, 900)
EVERY = Shares(random=0, degraded=0, measured=1, threshold=0.5)
NONE = Shares(random=0, degraded=0, measured=0, threshold=0.5)


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Opinions:
    return Opinions(moto_resources, title)


class Away:
    """Figures that cannot be counted now."""

    def count(self, *_: Any) -> None:
        raise StoreUnavailable("Away.")

    def window(self, *_: Any) -> SideFigures:
        raise StoreUnavailable("Away.")

    def days(self, *_: Any) -> dict[str, SideFigures]:
        raise StoreUnavailable("Away.")


def event(ours: Opinions, **given: Any) -> Spoken:
    made = Spoken(ours.title, "ann", "mira", "main", new_turn_id(), "auto", "stage-model", "p1", None, USAGE)
    return msgspec.structs.replace(made, **given)


def sample(ours: Opinions, spoken: Spoken, shares: Shares = NONE, **given: Any) -> tuple[str, ...]:
    count = CountLive(given.get("live", ours.live), given.get("models") or Models(), 8000)
    measure = given.get("measured", 0.75)
    return SampleTurn(ours.turns, ours.store, shares, lambda: lambda *_: measure, count, 30, ours.now)(spoken)


def counted(ours: Opinions, spoken: Spoken) -> SideFigures:
    """What is counted of the NPC on the turn's day."""
    day = began(spoken.turn_id)[:10]
    return ours.live.days(ours.title, spoken.npc, day, day).get(day, SideFigures())


def side(ours: Opinions, spoken: Spoken, model: str) -> SideFigures:
    return ours.live.window(ours.title, model, began(spoken.turn_id))


def test_a_turn_that_nobody_needs_is_not_counted(ours: Opinions) -> None:
    spoken = event(ours)
    sample(ours, spoken)
    assert counted(ours, spoken) == SideFigures()


def test_a_turn_that_is_drawn_is_counted_once_however_often_it_comes(ours: Opinions) -> None:
    spoken = event(ours, turn_id=ours.spoken())
    for _ in range(3):
        sample(ours, spoken, EVERY)
    expected = SideFigures(turns=1, ms=900, cost_usd=pytest.approx(0.0002), measured=1, groundedness=0.75)
    assert counted(ours, spoken) == side(ours, spoken, "stage-model") == expected


def test_one_that_claims_nothing_is_a_turn_without_groundedness(ours: Opinions) -> None:
    spoken = event(ours, turn_id=ours.spoken())
    sample(ours, spoken, EVERY, measured=None)
    assert (counted(ours, spoken).turns, counted(ours, spoken).measured) == (1, 0)


def test_while_traffic_is_shifted_every_turn_of_both_sides_is_counted(ours: Opinions) -> None:
    old, new = event(ours), event(ours, model="new-model", usage=msgspec.structs.replace(USAGE, ms=9000))
    for spoken in (old, new):
        sample(ours, spoken, models=Models(shifting()))
    assert side(ours, old, "stage-model") == SideFigures(turns=1, ms=900, cost_usd=pytest.approx(0.0002))
    assert side(ours, new, "new-model") == SideFigures(turns=1, ms=9000, slow=1, cost_usd=pytest.approx(0.0002))


@pytest.mark.parametrize(
    ("models", "given"),
    [
        (shifting("tib"), {}),
        (shifting(), {"mode": "rag"}),
        (shifting(), {"mode": "base"}),
        (Promoted(current=Served("new-model", "local", 2), revision=3), {}),
    ],
)
def test_turns_that_a_shift_does_not_concern_are_not_counted(
    ours: Opinions, models: Promoted, given: dict[str, Any]
) -> None:
    spoken = event(ours, **given)
    sample(ours, spoken, models=Models(models))
    assert counted(ours, spoken) == SideFigures()


def test_what_another_model_answered_counts_against_the_one_that_was_tried(ours: Opinions) -> None:
    failed = event(ours, model="stage-model", tried="new-model", degraded=Degraded("stage-model", ("model-slow",)))
    sample(ours, failed, models=Models(shifting()))
    assert (side(ours, failed, "new-model").turns, side(ours, failed, "new-model").failed) == (1, 1)
    assert side(ours, failed, "stage-model") == SideFigures()


def test_groundedness_counts_for_the_model_that_answered(ours: Opinions) -> None:
    spoken = event(ours, turn_id=ours.spoken(), model="stage-model", tried="new-model")
    sample(ours, spoken, EVERY)
    assert side(ours, spoken, "stage-model").measured == 1
    assert side(ours, spoken, "new-model").failed == 1


def test_an_answer_that_was_given_before_says_nothing_of_a_model(ours: Opinions) -> None:
    spoken = event(ours, usage=Usage())
    sample(ours, spoken, models=Models(shifting()))
    assert counted(ours, spoken) == SideFigures()


def test_a_line_that_an_author_wrote_is_a_failure_of_the_model(ours: Opinions) -> None:
    spoken = event(ours, usage=Usage(), model="authored", tried="new-model")
    sample(ours, spoken, models=Models(shifting()))
    assert side(ours, spoken, "new-model") == SideFigures(turns=1, failed=1)


@pytest.mark.parametrize("broken", ["figures", "models"])
def test_a_failure_to_count_loses_no_review_and_is_tried_again(ours: Opinions, broken: str) -> None:
    spoken = event(ours, turn_id=ours.spoken(), degraded=Degraded("authored-line", ("leak",)))
    models = Models(shifting())
    if broken == "models":
        models.value = StoreUnavailable("Away.")
    given: dict[str, Any] = {"models": models} | ({"live": Away()} if broken == "figures" else {})
    with pytest.raises(StoreUnavailable):
        sample(ours, spoken, **given)
    assert ours.waiting() == [spoken.turn_id]
    assert sample(ours, spoken, models=Models(shifting())) == ("degraded",)
    assert counted(ours, spoken).turns == 1
    assert ours.waiting() == [spoken.turn_id]


def test_a_turn_is_counted_though_its_answer_cannot_be_measured_now(ours: Opinions) -> None:
    spoken = event(ours, turn_id=ours.spoken())

    class Busy:
        def __call__(self, *_: Any) -> float | None:
            raise StoreUnavailable("Busy.")

    count = CountLive(ours.live, Models(), 8000)
    with pytest.raises(StoreUnavailable):
        SampleTurn(ours.turns, ours.store, EVERY, Busy, count, 30, ours.now)(spoken)
    assert (counted(ours, spoken).turns, counted(ours, spoken).measured) == (1, 0)
    sample(ours, spoken, EVERY)
    assert (counted(ours, spoken).turns, counted(ours, spoken).measured) == (1, 1)


def test_what_players_think_is_counted_once_a_turn(ours: Opinions) -> None:
    turn_id = ours.spoken()
    for score in (4, 1):
        ours.rate(turn_id, score)
    found = counted(ours, event(ours, turn_id=turn_id))
    assert (found.rated, found.score, found.turns) == (1, 4, 0)


def test_what_the_studio_thinks_is_not_what_players_think(ours: Opinions) -> None:
    turn_id = ours.spoken()
    ours.rate(turn_id, 2, "ada", "studio", player="ann")
    assert counted(ours, event(ours, turn_id=turn_id)) == SideFigures()
    ours.rate(turn_id, 5, "game-server", "server", player="ann")
    assert counted(ours, event(ours, turn_id=turn_id)).score == 5


def test_a_rating_that_cannot_be_counted_is_kept_and_queued(ours: Opinions) -> None:
    turn_id, ours.live = ours.spoken(), Away()
    assert ours.rate(turn_id, 1, comment="Who is this?").queued
    assert ours.waiting() == [turn_id]
    assert [given.rating.score for given in ours.turns.ratings(ours.title, "ann", turn_id)] == [1]


def test_nothing_that_names_a_player_is_in_the_sums(ours: Opinions, moto_resources: Resources) -> None:
    turn_id = ours.spoken("ann-the-player")
    ours.rate(turn_id, 3, "ann-the-player")
    sample(ours, event(ours, player="ann-the-player", turn_id=turn_id), EVERY)
    items = moto_resources.items("models", pk=f"{ours.title}#live")
    assert len(items) == 5
    assert "ann-the-player" not in str(items)


def test_a_shift_is_looked_up_for_modes_that_it_may_concern_alone(ours: Opinions) -> None:
    models = Models()
    models.value = StoreUnavailable("Away.")
    assert sample(ours, event(ours, mode="base"), models=models) == ()


def test_both_sides_of_a_shift_have_the_same_npcs(ours: Opinions) -> None:
    shift = Shift(Served("new-model", "local", 2, ("mira",)), 50, "s1", "2026-11-20T12:00:00+00:00")
    models = Models(Promoted(current=Served("old-model", "local", 1), shift=shift, revision=2))
    for npc, model in (("mira", "old-model"), ("mira", "new-model"), ("tib", "old-model")):
        spoken = event(ours, npc=npc, model=model)
        sample(ours, spoken, models=models)
        assert counted(ours, spoken).turns == (0 if npc == "tib" else 1 if model == "old-model" else 2)
    assert side(ours, spoken, "old-model").turns == 1
