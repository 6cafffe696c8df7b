"""The contracts of `LiveFigures` and `DriftStore`."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from npcops.adapters.dynamo_drifts import DynamoDrifts
from npcops.adapters.dynamo_live import DynamoLiveFigures
from npcops.drifts import NpcDrift
from npcops.errors import Conflict, StoreUnavailable
from npcops.promotions import SideFigures
from npcops.tuning_ports import DriftStore, LiveFigures
from npcops.turn_ids import new_turn_id
from tests.resources import Lagging, Resources

AT = "2026-11-20T12:03:20.000+00:00"
TURN = SideFigures(turns=1, failed=1, ms=1200, slow=1, cost_usd=0.000012)
ARN = "amazon.nova-lite-v1:0@arn:aws:bedrock:eu-central-1:123456789012:custom-model-deployment/abc123"


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture
def live(resources: Resources) -> LiveFigures:
    return DynamoLiveFigures(Lagging(resources.dynamodb), resources.name("models"))


@pytest.fixture
def drifts(resources: Resources) -> DriftStore:
    return DynamoDrifts(Lagging(resources.dynamodb), resources.name("models"))


def test_turns_are_summed_by_model_and_by_npc_and_day(live: LiveFigures, title: str) -> None:
    for npc, model in (("mira", ARN), ("mira", "stage"), ("tib", ARN)):
        live.count(title, npc, model, AT, TURN, new_turn_id())
    both = SideFigures(turns=2, failed=2, ms=2400, slow=2, cost_usd=pytest.approx(0.000024))
    assert live.window(title, ARN, AT) == both
    assert live.window(title, "stage", AT).turns == 1
    assert live.days(title, "mira", "2026-11-20", "2026-11-20") == {"2026-11-20": both}
    assert live.window(title, "another", AT) == SideFigures()
    assert live.days(title, "nobody", "2026-11-20", "2026-11-20") == {}


def test_a_turn_is_counted_once_for_each_kind_of_figure(live: LiveFigures, title: str) -> None:
    turn_id = new_turn_id()
    for _ in range(3):
        live.count(title, "mira", ARN, AT, TURN, turn_id)
        live.count(title, "mira", ARN, AT, SideFigures(measured=1, groundedness=0.25), turn_id)
    live.count(title, "mira", ARN, AT, SideFigures(rated=1, score=4), turn_id)
    live.count(title, "mira", ARN, AT, SideFigures(rated=1, score=1), turn_id)
    (sums,) = live.days(title, "mira", "2026-11-20", "2026-11-20").values()
    assert sums == SideFigures(1, 1, 1200, 1, pytest.approx(0.000012), 1, pytest.approx(0.25), 1, 4)
    assert live.window(title, ARN, AT) == sums


def test_what_was_counted_before_does_not_hide_what_was_not(live: LiveFigures, title: str) -> None:
    turn_id = new_turn_id()
    live.count(title, "mira", ARN, AT, TURN, turn_id)
    live.count(title, "mira", ARN, AT, SideFigures(turns=1, measured=1, groundedness=0.5), turn_id)
    assert (live.window(title, ARN, AT).turns, live.window(title, ARN, AT).measured) == (1, 1)


class Contended:
    """A client whose next transactions meet others, as DynamoDB tells it: nothing of them is done."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self.times = client, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self.times:
            self.times -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "None"}]
            told: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(told, "TransactWriteItems")
        return self._client.transact_write_items(**request)


def test_a_turn_that_meets_another_is_counted_all_the_same(resources: Resources, title: str) -> None:
    client: Any = Contended(resources.dynamodb, 3)
    live, turn_id = DynamoLiveFigures(client, resources.name("models")), new_turn_id()
    live.count(title, "mira", ARN, AT, TURN, turn_id)
    assert live.window(title, ARN, AT).turns == 1
    client.times = 99
    with pytest.raises(StoreUnavailable):
        live.count(title, "mira", ARN, AT, TURN, new_turn_id())
    assert live.window(title, ARN, AT).turns == 1


@pytest.mark.parametrize(
    ("since", "turns"),
    [
        ("2026-11-20T12:00:00+00:00", 3),
        ("2026-11-20T12:04:59+00:00", 3),
        ("2026-11-20T12:05:00+00:00", 2),
        ("2026-11-20T13:05:00+01:00", 2),
        ("2026-11-21T00:00:00+00:00", 1),
        ("2026-11-21T00:10:00+00:00", 0),
    ],
)
def test_a_window_begins_with_the_five_minutes_of_its_time(
    live: LiveFigures, title: str, since: str, turns: int
) -> None:
    for at in ("2026-11-20T12:04:59.999+00:00", "2026-11-20T12:05:00+00:00", "2026-11-21T00:03:00+00:00"):
        live.count(title, "mira", ARN, at, TURN, new_turn_id())
    assert live.window(title, ARN, since).turns == turns


def test_days_are_those_of_utc_and_both_ends_belong_to_them(live: LiveFigures, title: str) -> None:
    for at in ("2026-11-19T23:59:00Z", "2026-11-20T00:00:00Z", "2026-11-22T00:30:00+01:00", "2026-11-22T00:30:00Z"):
        live.count(title, "mira", ARN, at, TURN, new_turn_id())
    found = live.days(title, "mira", "2026-11-20", "2026-11-21")
    assert {day: sums.turns for day, sums in found.items()} == {"2026-11-20": 1, "2026-11-21": 1}


def test_no_title_npc_or_model_counts_for_one_whose_name_it_begins_with(live: LiveFigures, title: str) -> None:
    live.count(title, "mira", ARN, AT, TURN, new_turn_id())
    for other_title, npc, model in (
        (f"{title}-2", "mira", ARN),
        (title, "mir", ARN[:-1]),
        (title, "mira-2", f"{ARN}4"),
    ):
        assert live.window(other_title, model, AT) == SideFigures()
        assert live.days(other_title, npc, "2026-11-20", "2026-11-20") == {}


def test_sums_and_markers_expire_when_nobody_needs_them_any_more(
    live: LiveFigures, resources: Resources, title: str
) -> None:
    at = datetime.now(UTC)
    live.count(title, "mira", ARN, at.isoformat(), TURN, new_turn_id())
    live.count(title, "mira", ARN, at.isoformat(), SideFigures(rated=1, score=3), new_turn_id())
    days: dict[str, set[int]] = {}
    for item in resources.items("models", pk=f"{title}#live"):
        kind = "#".join(item["sk"]["S"].split("#")[: 2 if item["sk"]["S"].startswith("counted") else 1])
        days.setdefault(kind, set()).add(round((int(item["expires_at"]["N"]) - time.time()) / 86400))
    assert days == {"window": {3}, "day": {400}, "counted#turns": {30}, "counted#rated": {400}}


def test_a_table_that_is_away_is_told(resources: Resources, title: str) -> None:
    away = DynamoLiveFigures(resources.dynamodb, "no-such-table")
    with pytest.raises(StoreUnavailable):
        away.count(title, "mira", ARN, AT, TURN, new_turn_id())
    with pytest.raises(StoreUnavailable):
        away.window(title, ARN, AT)


def test_only_who_knows_the_newest_revision_changes_what_is_known_of_drift(drifts: DriftStore, title: str) -> None:
    assert drifts.find(title, "mira") == NpcDrift()
    first = drifts.put(title, "mira", NpcDrift(told={"pass_rate": "e1"}))
    assert drifts.find(title, "mira") == first == NpcDrift({"pass_rate": "e1"}, "", 1)
    for stale in (NpcDrift(), NpcDrift(revision=2)):
        with pytest.raises(Conflict):
            drifts.put(title, "mira", stale)
    second = drifts.put(title, "mira", NpcDrift({"pass_rate": "e2"}, "t1", 1))
    assert drifts.find(title, "mira") == second
    assert drifts.find(title, "mir") == drifts.find(f"{title}-2", "mira") == NpcDrift()


def test_a_year_of_days_is_read(live: LiveFigures, title: str) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(0, 365, 7):
        live.count(title, "mira", ARN, (first + timedelta(days=number)).isoformat(), TURN, new_turn_id())
    assert sum(one.turns for one in live.days(title, "mira", "2026-01-01", "2026-12-31").values()) == 53
