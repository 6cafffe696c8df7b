"""The scheduled evaluation: once a title and day, of what players have, with what live turns showed meanwhile."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.adapters.dynamo_live import DynamoLiveFigures
from npcops.adapters.s3_evaluations import S3EvaluationFiles
from npcops.drifts import MEASURED, drift_evaluation
from npcops.errors import StoreUnavailable
from npcops.evaluate_live import EvaluateLive, LiveEvaluated
from npcops.evaluations import LivePoint
from npcops.plans import Configuration, EvaluationRequest
from npcops.promotions import SideFigures
from npcops.start_evaluation import StartEvaluation
from npcops.turn_ids import new_turn_id
from tests.conversation import MIRA, OTTO
from tests.drifting import Heard
from tests.publishing import publish
from tests.resources import Resources

AT = datetime(2026, 11, 16, 4, 40, tzinfo=UTC)
MEASURED_ONCE = SideFigures(turns=1, ms=900, measured=1, groundedness=0.5)


class Starter:
    """The state machine, which starts a name once."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    @property
    def started(self) -> set[tuple[str, str, int]]:
        return set(self.asked)

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        self.asked.append((title, evaluation, attempt))

    def running(self, evaluation: str, attempt: int) -> bool:
        return False


class Titles:
    """Some titles, and the schedule."""

    def __init__(self, resources: Resources) -> None:
        self.catalog: Any = DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=0)
        self.store = DynamoEvaluations(resources.dynamodb, resources.name("evaluations"))
        self.live = DynamoLiveFigures(resources.dynamodb, resources.name("models"))
        files = S3EvaluationFiles(resources.s3, resources.name("evaluations"))
        self.starter, self.heard = Starter(), Heard()
        self.start = StartEvaluation(self.store, files, self.starter)
        self.titles: list[str] = []

    def title(self, *cards: Any, suites: tuple[str, ...] = ("basics",), label: str = "production") -> str:
        name = f"game-{secrets.token_hex(4)}"
        self.titles.append(name)
        for card in cards:
            publish(self.catalog, name, "npcs", card.id, msgspec.structs.replace(card, suites=suites), label)
        return name

    def __call__(self, at: datetime = AT, *titles: str) -> LiveEvaluated:
        evaluate = EvaluateLive(
            lambda: self.titles, self.catalog, self.store, self.live, self.start, self.heard, "production"
        )
        return evaluate(at, titles)

    def spoke(self, title: str, day: str, npc: str = "mira", figures: SideFigures = MEASURED_ONCE) -> None:
        self.live.count(title, npc, "stage-model", f"{day}T12:00:00+00:00", figures, new_turn_id())

    def points(self, title: str, npc: str = "mira") -> list[LivePoint]:
        return self.store.live_points(title, npc, 10)


@pytest.fixture
def ours(moto_resources: Resources) -> Titles:
    return Titles(moto_resources)


def test_each_title_is_evaluated_as_players_have_it_and_compared_with_nothing(ours: Titles) -> None:
    titles = [ours.title(MIRA, OTTO), ours.title(MIRA)]
    assert ours() == LiveEvaluated(titles=2, evaluations=2, points=0)
    assert ours.starter.started == {(title, drift_evaluation(title, "2026-11-16"), 1) for title in titles}
    known = ours.store.find(titles[0], drift_evaluation(titles[0], "2026-11-16"))
    assert (known.requested_by, known.state) == ("drift", "queued")
    assert known.request == EvaluationRequest(candidate=Configuration("production"), baseline=None, note="drift")


def test_a_schedule_that_is_retried_or_delivered_twice_starts_nothing_twice(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours.spoke(title, "2026-11-12")
    for at in (AT, AT, AT + timedelta(hours=3)):
        assert ours(at).evaluations == 1
    assert len(ours.starter.started) == 1
    assert len(ours.store.newest(title, 10)) == len(ours.points(title)) == 1
    assert len({detail["id"] for detail in ours.heard.told(MEASURED)}) == 1


def test_the_next_period_is_another_evaluation(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours()
    ours(AT + timedelta(days=7))
    first, second = ours.store.newest(title, 10)[::-1]
    assert (first.id, second.id) == tuple(drift_evaluation(title, day) for day in ("2026-11-16", "2026-11-23"))


def test_the_day_is_that_of_utc(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours(datetime(2026, 11, 16, 1, 0, tzinfo=timezone(timedelta(hours=3))))
    assert ours.store.newest(title, 1)[0].id == drift_evaluation(title, "2026-11-15")


def test_npcs_without_suites_are_not_evaluated_and_those_not_in_production_not_looked_at(ours: Titles) -> None:
    bare, draft, empty = ours.title(MIRA, suites=()), ours.title(MIRA, label="draft"), ours.title()
    for title in (bare, draft, empty):
        ours.spoke(title, "2026-11-12")
    assert ours() == LiveEvaluated(titles=3, evaluations=0, points=1)
    assert [detail["title"] for detail in ours.heard.told(MEASURED)] == [bare]


def test_a_card_that_cannot_be_read_hides_nothing_of_the_others(ours: Titles) -> None:
    """One of an older release, by which nobody can speak."""
    title = ours.title(MIRA)
    publish(ours.catalog, title, "npcs", "old", {"id": "old", "name": 3, "persona": []})
    ours.spoke(title, "2026-11-12")
    assert ours() == LiveEvaluated(titles=1, evaluations=1, points=1)


def test_what_live_turns_showed_is_kept_without_words(ours: Titles) -> None:
    title = ours.title(MIRA, OTTO)
    for day in ("2026-11-08", "2026-11-09", "2026-11-12", "2026-11-15", "2026-11-16"):
        ours.spoke(title, day)
    ours.spoke(title, "2026-11-15", figures=SideFigures(turns=1, failed=1, ms=100))
    for score in (5, 2):
        ours.spoke(title, "2026-11-14", figures=SideFigures(rated=1, score=score))
    ours()
    assert ours.points(title) == [
        LivePoint(
            npc="mira",
            period="2026-11-16",
            first="2026-11-09",
            last="2026-11-15",
            turns=4,
            failed=1,
            measured=3,
            rated=2,
            groundedness=0.5,
            rating=3.5,
        )
    ]
    assert ours.points(title, "otto") == []
    (told,) = ours.heard.told(MEASURED)
    assert told == {"id": f"{title} 2026-11-16", "title": title, "npcs": ["mira"], "period": "2026-11-16"}


def test_a_point_goes_on_where_the_one_before_ended(ours: Titles) -> None:
    title = ours.title(MIRA)
    for day in range(9, 24):
        ours.spoke(title, f"2026-11-{day:02d}")
    for day in (16, 17, 20):
        ours(datetime(2026, 11, day, 5, tzinfo=UTC))
    assert [(point.first, point.last, point.turns) for point in ours.points(title)] == [
        ("2026-11-09", "2026-11-15", 7),
        ("2026-11-16", "2026-11-16", 1),
        ("2026-11-17", "2026-11-19", 3),
    ]


def test_a_point_covers_a_month_at_most(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours.spoke(title, "2026-11-15")
    ours()
    ours.spoke(title, "2027-02-28")
    ours(datetime(2027, 3, 1, 5, tzinfo=UTC))
    assert [(point.first, point.last) for point in ours.points(title)][1:] == [("2027-01-29", "2027-02-28")]


def test_without_ratings_or_measured_turns_there_is_no_mean(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours.spoke(title, "2026-11-15", figures=SideFigures(turns=1))
    ours()
    (point,) = ours.points(title)
    assert (point.turns, point.groundedness, point.rating) == (1, None, None)


def test_some_titles_can_be_asked_for(ours: Titles) -> None:
    wanted, other = ours.title(MIRA), ours.title(MIRA)
    assert ours(AT, wanted).titles == 1
    assert {title for title, _, _ in ours.starter.started} == {wanted}
    assert ours.store.newest(other, 1) == []


def test_a_title_that_cannot_be_evaluated_now_keeps_no_other_from_it(ours: Titles) -> None:
    titles = sorted(ours.title(MIRA) for _ in range(3))
    catalog = ours.catalog

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return getattr(catalog, name)

        def names(self, title: str, kind: str) -> list[dict[str, Any]]:
            if title == titles[1]:
                raise StoreUnavailable("Away.")
            return list(catalog.names(title, kind))

    ours.catalog = Failing()
    with pytest.raises(StoreUnavailable, match=f"1 titles could not be evaluated, such as {titles[1]}"):
        ours()
    assert {title for title, _, _ in ours.starter.started} == {titles[0], titles[2]}
    ours.catalog = catalog
    ours()
    assert {title for title, _, _ in ours.starter.started} == set(titles)


def test_a_bus_that_is_away_delays_the_evaluation_and_loses_no_point(ours: Titles) -> None:
    title = ours.title(MIRA)
    ours.spoke(title, "2026-11-12")
    ours.heard.failing = StoreUnavailable("Away.")
    with pytest.raises(StoreUnavailable):
        ours()
    assert (len(ours.points(title)), ours.starter.asked) == (1, [])
    ours.heard.failing = None
    ours()
    assert len(ours.heard.told(MEASURED)) == len(ours.starter.started) == 1
