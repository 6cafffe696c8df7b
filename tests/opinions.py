"""Turns as they were spoken, and what people think of them, for tests."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_live import DynamoLiveFigures
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_reviews import DynamoReviews
from npcops.adapters.dynamo_spoken import DynamoSpoken
from npcops.corrections import Corrections
from npcops.dialogue import Citation, ShownPassage, SpokenTurn, Turn, Usage
from npcops.identity import Identity
from npcops.people import Correction, Given, Pair, Rated, Rating, Reviewed, ReviewItem
from npcops.rate_turn import RateTurn
from npcops.reviews import Reviews
from npcops.tuning_ports import LiveFigures
from npcops.turn_ids import new_turn_id
from tests.resources import Resources

AT = "2026-11-20T12:00:00.000+00:00"


def spoken(turn_id: str = "", message: str = "Who rules?", say: str = "The king rules.", **changes: Any) -> SpokenTurn:
    """A turn of Mira's; `changes` of the turn itself are given as `turn__name`."""
    turn = Turn(
        turn_id=turn_id or new_turn_id(),
        npc="mira",
        mode="rag",
        say=say,
        emotion="neutral",
        actions=(),
        citations=(Citation("c1", "king.md", "The king"),),
        memory=(),
        degraded=None,
        reused=False,
        model="stage-model",
        prompt_version="p1",
        usage=Usage(100, 10),
    )
    of_turn = {name.removeprefix("turn__"): value for name, value in changes.items() if name.startswith("turn__")}
    others = {name: value for name, value in changes.items() if not name.startswith("turn__")}
    made = SpokenTurn(
        turn=msgspec.structs.replace(turn, **of_turn),
        message=message,
        save="main",
        card_version="v1",
        language="en",
        seen_at=AT,
        passages=(ShownPassage("c1", "king.md", "The king", "The king rules the marsh."),),
    )
    return msgspec.structs.replace(made, **others)


class Opinions:
    """A title whose turns are judged, on real adapters. Time goes on by a second with each look at the clock."""

    def __init__(self, resources: Resources, title: str, raters: int = 1) -> None:
        table = resources.name("players")
        self.title, self.seconds = title, 0
        self.players, self.turns = DynamoPlayers(resources.dynamodb, table), DynamoSpoken(resources.dynamodb, table)
        self.store = DynamoReviews(resources.dynamodb, resources.name("reviews"))
        self.live: LiveFigures = DynamoLiveFigures(resources.dynamodb, resources.name("models"))
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
        self.reviews = Reviews(self.turns, self.store, raters, self.now)
        self.corrections = Corrections(self.store, self.catalog, self.now)

    def now(self) -> str:
        self.seconds += 1
        return f"2026-11-20T12:{self.seconds // 60:02}:{self.seconds % 60:02}.000+00:00"

    def spoken(self, player: str = "ann", **changes: Any) -> str:
        """A turn that is kept; its id."""
        made = spoken(**changes)
        self.turns.keep(self.title, player, made, 30)
        return made.turn.turn_id

    def rate(
        self, turn_id: str, score: int = 4, by: str = "ann", *scopes: str, player: str = "", **rating: Any
    ) -> Rated:
        rater = Identity(self.title, by, frozenset(scopes or ("player",)))
        rate = RateTurn(self.turns, self.store, self.live, 30, self.now)
        return rate(self.title, player or by, turn_id, rater, Rating(score, **rating))

    def review(self, turn_id: str, by: str = "ada", score: int = 3, **rating: Any) -> Reviewed:
        return self.reviews.review(
            self.title, Identity(self.title, by, frozenset(("studio",))), turn_id, Rating(score, **rating)
        )

    def waiting(self, by: str = "ada", limit: int = 20, npc: str = "") -> list[str]:
        """The ids of the turns that wait for a reviewer."""
        return [review.item.turn_id for review in self.reviews.waiting(self.title, by, limit, npc).reviews]

    def proposed(self) -> list[Correction]:
        return self.store.corrections(self.title, "proposed", 99)


class Overtaken(DynamoReviews):
    """A review store before whose queueing an erasure of the player comes and goes."""

    def __init__(self, ours: Opinions) -> None:
        super().__init__(ours.store._client, ours.store._table)
        self._ours = ours

    def queue(self, title: str, item: ReviewItem, days: int) -> None:
        """As DynamoReviews, too late."""
        time.sleep(0.005)
        self._ours.players.erase(title, item.player)
        self.forget_player(title, item.player)
        super().queue(title, item, days)


def given(score: int = 4, by: str = "ada", scope: str = "studio", at: str = AT, **rating: Any) -> Given:
    return Given(Rating(score, **rating), by, scope, at)


def item(turn_id: str, *rules: Any, **changes: Any) -> ReviewItem:
    made = ReviewItem(turn_id, "ann", "mira", rules or ("random",), AT, "stage-model", "p1")
    return msgspec.structs.replace(made, **changes)


def correction(number: int = 1, **changes: Any) -> Correction:
    at = f"2026-11-20T12:00:{number:02}.000+00:00"
    made = Correction(f"c{number}", "mira", "Who rules?", "The miller.", "The king.", "ada", at)
    return msgspec.structs.replace(made, **changes)


def pair(case: str = "kings/mira-1", evaluation: str = "e1") -> Pair:
    return Pair(evaluation, case, "mira", ("Who rules?",), "The king.", "The miller.", 3)
