"""Reviews: what people of the studio are shown, and when a turn is done with."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from npcops.errors import NotFound
from npcops.reviews import LOOKED_AT, Reviews
from tests.opinions import Opinions, item
from tests.resources import Resources


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Opinions:
    return Opinions(moto_resources, title)


def queued(ours: Opinions, *rules: Any, player: str = "ann", **changes: Any) -> str:
    turn_id = ours.spoken(player, **changes)
    ours.store.queue(ours.title, item(turn_id, *rules, player=player), 30)
    return turn_id


def test_a_reviewer_sees_the_words_and_their_passages_most_urgent_first(ours: Opinions) -> None:
    random, reported = queued(ours, "random"), queued(ours, "reported", message="Is it?", say="It is.")
    assert ours.waiting() == [reported, random]
    first = ours.reviews.waiting(ours.title, "ada", 1)
    assert first.more is True
    (review,) = first.reviews
    assert (review.spoken.message, review.spoken.turn.say) == ("Is it?", "It is.")
    assert review.spoken.passages[0].text == "The king rules the marsh."
    assert ours.reviews.waiting(ours.title, "ada", 2).more is False


def test_the_queue_of_one_npc_alone(ours: Opinions) -> None:
    queued(ours)
    assert ours.waiting(npc="otto") == []
    assert len(ours.waiting(npc="mira")) == 1


def test_a_review_is_a_rating_and_takes_the_turn_off_the_queue(ours: Opinions) -> None:
    turn_id = queued(ours)
    reviewed = ours.review(turn_id, score=2, correction="The queen.", reasons=("wrong",), comment="No.")
    assert reviewed.done is True
    assert ours.waiting() == []
    (kept,) = ours.turns.ratings(ours.title, "ann", turn_id)
    assert (kept.by, kept.scope, kept.rating.score, kept.rating.comment) == ("ada", "studio", 2, "No.")
    (correction,) = ours.proposed()
    assert (correction.id, correction.proposed_by) == (reviewed.correction, "ada")
    (done,) = ours.store.reviewed(ours.title, 9)
    assert done.ratings[0].rating == msgspec.structs.replace(kept.rating, comment="", correction="")


def test_two_reviewers_are_asked_where_two_are_wanted_and_each_once(moto_resources: Resources, title: str) -> None:
    ours = Opinions(moto_resources, title, raters=2)
    turn_id = queued(ours)
    assert ours.review(turn_id, "ada").done is False
    assert (ours.waiting("ada"), ours.waiting("bea")) == ([], [turn_id])
    assert ours.review(turn_id, "bea", 5).done is True
    assert ours.waiting("cleo") == []


def test_what_a_reviewer_has_seen_does_not_hide_what_comes_after(moto_resources: Resources, title: str) -> None:
    """Reviewed once where two are wanted, a turn stays in the queue."""
    ours = Opinions(moto_resources, title, raters=2)
    for _ in range(LOOKED_AT):
        ours.review(queued(ours, "reported"), "ada")
    assert ours.waiting("ada") == []
    new = queued(ours, "random")
    assert ours.waiting("ada") == [new]


def test_a_page_of_turns_whose_words_are_gone_is_not_the_last(ours: Opinions) -> None:
    for number in range(LOOKED_AT):
        ours.store.queue(ours.title, item(f"gone-{number}", "reported"), 30)
    stays = queued(ours, "random")
    first = ours.reviews.waiting(ours.title, "ada", 20)
    assert (first.reviews, first.more) == ((), True)
    assert ours.waiting() == [stays]


def test_who_reviews_at_the_same_time_is_not_refused(ours: Opinions) -> None:
    turn_id = queued(ours)
    assert ours.review(turn_id, "ada", 2).done
    assert ours.review(turn_id, "bea", 5).done
    assert [one.rating.score for one in ours.turns.ratings(ours.title, "ann", turn_id)] == [2, 5]


def test_turns_of_an_erased_player_vanish(ours: Opinions) -> None:
    gone, stays = queued(ours, "reported"), queued(ours, player="bob")
    time.sleep(0.005)
    ours.players.erase(ours.title, "ann")
    assert ours.waiting() == [stays]
    with pytest.raises(NotFound):
        ours.store.review(ours.title, gone)


def test_a_player_who_is_erased_between_looking_and_reviewing(ours: Opinions) -> None:
    turn_id = queued(ours)
    assert ours.waiting() == [turn_id]
    time.sleep(0.005)
    ours.players.erase(ours.title, "ann")
    with pytest.raises(NotFound):
        ours.review(turn_id, correction="The queen.")
    assert ours.proposed() == []
    assert ours.store.queued(ours.title, 9) == []


def test_a_player_who_is_erased_while_the_review_is_kept(ours: Opinions) -> None:
    turn_id = queued(ours)

    class Erasing:
        def __getattr__(self, name: str) -> Any:
            return getattr(ours.turns, name)

        def rate(self, *rating: Any) -> bool:
            time.sleep(0.005)
            ours.players.erase(ours.title, "ann")
            return ours.turns.rate(*rating)

    erasing: Any = Erasing()
    ours.reviews = Reviews(erasing, ours.store, 1, ours.now)
    with pytest.raises(NotFound):
        ours.review(turn_id, correction="The queen.")
    assert (ours.proposed(), ours.store.queued(ours.title, 9)) == ([], [])


def test_what_is_not_in_the_queue_is_not_found(ours: Opinions) -> None:
    with pytest.raises(NotFound):
        ours.review(ours.spoken())
