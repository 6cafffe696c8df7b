"""Ratings: who may give them, what they lead to, and that a player's words stay with the player."""

from __future__ import annotations

import time

import pytest

from npcops.errors import NotFound
from npcops.turn_ids import new_turn_id
from tests.opinions import Opinions, Overtaken
from tests.resources import Resources

CANARY = "zanzibar-quince"


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Opinions:
    return Opinions(moto_resources, title)


def test_a_rating_is_kept_with_its_turn(ours: Opinions) -> None:
    turn_id = ours.spoken()
    assert ours.rate(turn_id, 4, comment="Lovely.").queued is False
    (kept,) = ours.turns.ratings(ours.title, "ann", turn_id)
    assert (kept.rating.score, kept.rating.comment, kept.by, kept.scope) == (4, "Lovely.", "ann", "player")
    assert ours.waiting() == []


def test_rating_again_replaces_the_rating(ours: Opinions) -> None:
    turn_id = ours.spoken()
    for score in (4, 4, 5):
        ours.rate(turn_id, score)
    assert [one.rating.score for one in ours.turns.ratings(ours.title, "ann", turn_id)] == [5]


@pytest.mark.parametrize("player", ["bob", "ann#2"])
def test_nobody_rates_the_turns_of_others(ours: Opinions, player: str) -> None:
    turn_id = ours.spoken("ann")
    with pytest.raises(NotFound):
        ours.rate(turn_id, 1, player)
    assert ours.turns.ratings(ours.title, "ann", turn_id) == []
    assert ours.waiting() == []


def test_what_is_not_kept_cannot_be_rated(ours: Opinions) -> None:
    turn_id = ours.spoken()
    time.sleep(0.005)
    ours.players.erase(ours.title, "ann")
    for unknown in (turn_id, new_turn_id(), "", "x" * 800):
        with pytest.raises(NotFound):
            ours.rate(unknown, 1, report=True, correction="The queen.")
    assert (ours.waiting(), ours.proposed()) == ([], [])


def test_a_rater_is_the_player_or_a_person_of_the_studio(ours: Opinions) -> None:
    """The game's server passes on what the player thinks: it is the same rater."""
    turn_id = ours.spoken()
    ours.rate(turn_id, 1, "ann")
    ours.rate(turn_id, 2, "game-server", "server", player="ann")
    ours.rate(turn_id, 3, "ann", "studio", player="ann")
    found = [(one.by, one.scope, one.rating.score) for one in ours.turns.ratings(ours.title, "ann", turn_id)]
    assert found == [("ann", "player", 2), ("ann", "studio", 3)]


@pytest.mark.parametrize(
    ("score", "report", "rules"),
    [
        (1, False, ("rated-low",)),
        (2, False, ("rated-low",)),
        (3, False, ()),
        (5, True, ("reported",)),
        (1, True, ("reported", "rated-low")),
    ],
)
def test_low_ratings_and_reports_bring_a_turn_before_reviewers(
    ours: Opinions, score: int, report: bool, rules: tuple[str, ...]
) -> None:
    turn_id = ours.spoken()
    assert ours.rate(turn_id, score, report=report).queued is bool(rules)
    assert [item.rules for item in ours.store.queued(ours.title, 9)] == ([rules] if rules else [])


def test_no_words_are_in_the_queue(ours: Opinions, moto_resources: Resources) -> None:
    turn_id = ours.spoken(message=f"I am {CANARY}.", say=f"Hello {CANARY}.")
    ours.rate(turn_id, 1, comment=CANARY, reasons=("wrong",))
    (item,) = moto_resources.items("reviews", pk=f"{ours.title}#reviews")
    assert CANARY not in str(item)
    (review,) = ours.reviews.waiting(ours.title, "ada", 9).reviews
    assert review.spoken.message == f"I am {CANARY}."
    assert review.ratings[0].rating.comment == CANARY


def test_a_corrected_answer_is_proposed_without_the_players_name(ours: Opinions) -> None:
    turn_id = ours.spoken(
        message="I'm Ann. Who rules?",
        say="The miller, Ann.",
        player_name="Ann",
        flags=("met-king", "owner:ann"),
    )
    rated = ours.rate(turn_id, 3, correction=" The king, Ann! ", reasons=("made-up",))
    (correction,) = ours.proposed()
    assert correction.id == rated.correction
    assert (correction.message, correction.said, correction.corrected) == (
        "I'm [player]. Who rules?",
        "The miller, [player].",
        "The king, [player]!",
    )
    assert (correction.npc, correction.reasons, correction.flags) == ("mira", ("made-up",), ("met-king",))
    assert correction.proposed_by == "a player"
    assert "ann" not in str(correction).lower()


def test_a_person_of_the_studio_proposes_by_name(ours: Opinions) -> None:
    ours.rate(ours.spoken(), 3, "ada", "studio", player="ann", correction="The queen.")
    assert [one.proposed_by for one in ours.proposed()] == ["ada"]


def test_a_rater_proposes_one_correction_of_a_turn_the_newest(ours: Opinions) -> None:
    turn_id = ours.spoken()
    first = ours.rate(turn_id, 3, correction="The queen.").correction
    newest = ours.rate(turn_id, 3, correction="The king.").correction
    assert newest == ours.rate(turn_id, 3, correction="The king.").correction != first
    ours.rate(turn_id, 3)
    assert [one.corrected for one in ours.proposed()] == ["The king."]
    ours.rate(turn_id, 3, "ada", "studio", player="ann", correction="The miller.")
    assert [one.corrected for one in ours.proposed()] == ["The miller.", "The king."]


@pytest.mark.parametrize("correction", ["", "  \n"])
def test_no_correction_is_none(ours: Opinions, correction: str) -> None:
    assert ours.rate(ours.spoken(), 3, correction=correction).correction is None
    assert ours.proposed() == []


def test_a_player_who_is_erased_while_a_rating_is_queued_leaves_nothing_in_the_queue(ours: Opinions) -> None:
    turn_id, ours.store = ours.spoken(), Overtaken(ours)
    with pytest.raises(NotFound):
        ours.rate(turn_id, 1, report=True, correction="The queen.")
    assert (ours.store.queued(ours.title, 9), ours.proposed()) == ([], [])
