"""The contract of `ReviewStore`: a queue that holds no words; see test_opinion_store for the rest."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_reviews import DynamoReviews
from npcops.errors import NotFound, StoreUnavailable
from npcops.studio_ports import ReviewStore
from tests.opinions import correction, given, item
from tests.resources import Lagging, Resources

MINUTES = [f"2026-11-20T12:{minute:02}:00.000+00:00" for minute in range(10)]


@pytest.fixture
def reviews(resources: Resources) -> DynamoReviews:
    return DynamoReviews(resources.dynamodb, resources.name("reviews"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def ids(reviews: ReviewStore, title: str, **how: Any) -> list[str]:
    return [found.turn_id for found in reviews.queued(title, how.pop("limit", 50), **how)]


def test_the_most_urgent_comes_first_then_the_oldest(reviews: ReviewStore, title: str) -> None:
    for turn_id, minute, rules in (
        ("a", 5, ("random",)),
        ("b", 4, ("random",)),
        ("c", 6, ("ungrounded", "random")),
        ("d", 9, ("reported",)),
        ("e", 7, ("degraded",)),
        ("f", 8, ("rated-low",)),
        ("g", 1, ("random",)),
    ):
        reviews.queue(title, item(turn_id, *rules, queued_at=MINUTES[minute]), 30)
    assert ids(reviews, title) == ["d", "f", "e", "c", "g", "b", "a"]
    assert ids(reviews, title, limit=2) == ["d", "f"]
    assert ids(reviews, f"{title}-2") == []


def test_what_was_written_this_moment_is_there(resources: Resources, title: str) -> None:
    reviews = DynamoReviews(Lagging(resources.dynamodb), resources.name("reviews"))
    reviews.queue(title, item("a"), 30)
    reviews.put_correction(title, correction(), None)
    assert ids(reviews, title) == ["a"]
    assert reviews.review(title, "a") == item("a")
    assert reviews.corrections(title, "proposed", 9) == [correction()]


def test_a_turn_is_queued_once_with_every_rule(reviews: ReviewStore, title: str) -> None:
    reviews.queue(title, item("a", "random", queued_at=MINUTES[1]), 30)
    reviews.queue(title, item("b", "degraded", queued_at=MINUTES[2]), 30)
    rated = item("a", "rated-low", queued_at=MINUTES[3], groundedness=0.2, ratings=(given(1, "ann", "player"),))
    for _ in range(2):
        reviews.queue(title, rated, 30)
    expected = msgspec.structs.replace(rated, rules=("rated-low", "random"), queued_at=MINUTES[1])
    assert reviews.queued(title, 9) == [expected, item("b", "degraded", queued_at=MINUTES[2])]


def test_the_queue_of_one_npc(reviews: ReviewStore, title: str) -> None:
    for turn_id, npc in (("a", "mira"), ("b", "otto"), ("c", "mira")):
        reviews.queue(title, item(turn_id, npc=npc), 30)
    assert ids(reviews, title, npc="mira") == ["a", "c"]
    assert ids(reviews, title, npc="mira", limit=1) == ["a"]
    assert ids(reviews, title, npc="vera") == []


def test_a_reviewed_turn_leaves_the_queue_and_an_event_delivered_again_does_not_bring_it_back(
    reviews: ReviewStore, title: str
) -> None:
    reviews.queue(title, item("a", "random"), 30)
    assert reviews.done(title, "a", given(2), 1) is True
    reviews.queue(title, item("a", "random", queued_at=MINUTES[9]), 30)
    assert reviews.queued(title, 9) == []
    assert reviews.reviewed(title, 9) == [item("a", "random", ratings=(given(2),))]


def test_a_reviewed_turn_comes_back_to_all_reviewers_when_a_player_reports_it(reviews: ReviewStore, title: str) -> None:
    reviews.queue(title, item("a", "random"), 30)
    reviews.done(title, "a", given(2), 1)
    of_player = given(1, "ann", "player", report=True)
    reviews.queue(title, item("a", "reported", ratings=(of_player,)), 30)
    assert reviews.queued(title, 9) == [item("a", "reported", "random", ratings=(of_player,))]
    assert reviews.reviewed(title, 9) == []


def test_two_raters_are_two_people_whatever_players_think(reviews: ReviewStore, title: str) -> None:
    reviews.queue(title, item("a", "rated-low", ratings=(given(1, "ann", "player"),)), 30)
    assert reviews.done(title, "a", given(2, "ada"), 2) is False
    assert reviews.done(title, "a", given(3, "ada"), 2) is False
    assert ids(reviews, title) == ["a"]
    assert reviews.done(title, "a", given(5, "bea"), 2) is True
    (found,) = reviews.reviewed(title, 9)
    assert [(one.by, one.rating.score) for one in found.ratings] == [("ann", 1), ("ada", 3), ("bea", 5)]


def test_two_reviewers_at_once_are_both_heard(resources: Resources, reviews: DynamoReviews, title: str) -> None:
    reviews.queue(title, item("a"), 30)

    class Meanwhile:
        """A client before whose first write another reviewer is done."""

        others = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(resources.dynamodb, name)

        def put_item(self, **request: Any) -> Any:
            if self.others:
                self.others -= 1
                reviews.done(title, "a", given(1, "bea"), 1)
            return resources.dynamodb.put_item(**request)

    client: Any = Meanwhile()
    assert DynamoReviews(client, resources.name("reviews")).done(title, "a", given(5, "ada"), 1) is True
    assert [one.by for one in reviews.review(title, "a").ratings] == ["bea", "ada"]
    assert reviews.queued(title, 9) == []


def test_what_is_not_in_the_queue_cannot_be_reviewed(reviews: ReviewStore, title: str) -> None:
    with pytest.raises(NotFound):
        reviews.done(title, "a", given(), 1)
    with pytest.raises(NotFound):
        reviews.review(title, "a")
    reviews.queue(title, item("a"), 30)
    reviews.forget(title, "a")
    reviews.forget(title, "a")
    with pytest.raises(NotFound):
        reviews.review(title, "a")


def test_a_player_is_forgotten_and_others_are_not(reviews: ReviewStore, title: str) -> None:
    for turn_id, player in (("a", "ann"), ("b", "bob"), ("c", "ann")):
        reviews.queue(title, item(turn_id, player=player), 30)
    reviews.queue(f"{title}-2", item("d"), 30)
    reviews.done(title, "a", given(), 1)
    assert reviews.forget_player(title, "ann") == 2
    assert reviews.forget_player(title, "ann") == 0
    assert (ids(reviews, title), ids(reviews, f"{title}-2")) == (["b"], ["d"])
    assert reviews.reviewed(title, 9) == []


def test_of_a_long_queue_only_what_is_a_player_s_is_handed_over(resources: Resources, title: str) -> None:
    handed = list[int]()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(resources.dynamodb, name)

        def query(self, **request: Any) -> Any:
            page = resources.dynamodb.query(**request)
            handed.append(len(page["Items"]))
            return page

    client: Any = Counting()
    reviews = DynamoReviews(client, resources.name("reviews"))
    for number in range(9):
        reviews.queue(title, item(f"t{number}", player="bob"), 30)
    reviews.queue(title, item("a", player="ann"), 30)
    assert reviews.forget_player(title, "ann") == 1
    assert sum(handed) == 1


def test_the_queue_expires(resources: Resources, reviews: ReviewStore, title: str) -> None:
    reviews.queue(title, item("a"), 7)
    reviews.queue(title, item("b"), -1)
    (found, _) = resources.items("reviews", pk=f"{title}#reviews")
    assert int(found["expires_at"]["N"]) - time.time() == pytest.approx(7 * 86400, abs=60)
    assert ids(reviews, title) == ["a"]
    reviews.queue(title, item("b", "degraded"), 7)
    assert ids(reviews, title) == ["b", "a"]


def test_a_table_that_does_not_answer_is_said_to(resources: Resources, title: str) -> None:
    reviews = DynamoReviews(resources.dynamodb, "no-such-table")
    for call in (
        lambda: reviews.queue(title, item("a"), 1),
        lambda: reviews.queued(title, 1),
        lambda: reviews.corrections(title, "proposed", 1),
        lambda: reviews.put_correction(title, correction(), None),
        lambda: reviews.preferences(title, "e1"),
        lambda: reviews.forget(title, "a"),
    ):
        with pytest.raises(StoreUnavailable):
            call()
