"""PromotedModels: one decision at a time, told to turns by a parameter that always becomes what was decided."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from npcops.adapters.promoted_models import DecidedPromotions, StagePromotions
from npcops.errors import Conflict, StoreUnavailable, TooLarge
from npcops.promotions import ModelMove, Promoted, Served, Shift
from tests.resources import Lagging, Resources

AT = "2026-11-20T12:00:00.000+00:00"
ONE, TWO = Served("base@one", "nova", 1), Served("base@two", "nova", 2, ("mira",))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture
def stage() -> str:
    """Parameters of a stage of its own."""
    return f"stage-{secrets.token_hex(4)}"


def store(resources: Resources, stage: str, client: Any = None, parameters: Any = None) -> StagePromotions:
    return StagePromotions(
        client or resources.dynamodb,
        resources.name("models"),
        lambda: parameters or resources.client("ssm"),
        f"/npcops/{stage}/models/",
        f"/npcops/{stage}/candidates",
    )


def parameter(resources: Resources, stage: str, title: str, kind: str = "models") -> str | None:
    client = resources.client("ssm")
    try:
        return str(client.get_parameter(Name=f"/npcops/{stage}/{kind}/{title}")["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None


def told(resources: Resources, stage: str, title: str) -> Promoted:
    return msgspec.json.decode(parameter(resources, stage, title) or "{}", type=Promoted)


def move(number: int, kind: Any = "promoted") -> ModelMove:
    return ModelMove(
        f"p{number}", kind, number, number - 1, "lead", f"2026-11-20T12:00:0{number}.000+00:00", "Why not?"
    )


class Fails:
    """A client one of whose calls fails as often as told; what else is asked goes through."""

    def __init__(self, client: Any, call: str, times: int) -> None:
        self._client, self._call, self._times = client, call, times

    def __getattr__(self, name: str) -> Any:
        if name == self._call and self._times:
            self._times -= 1
            return self._fail
        return getattr(self._client, name)

    def _fail(self, **request: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="ssm")


def test_nothing_was_promoted_of_a_new_title(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    assert promotions.get(title) == Promoted()
    assert (promotions.candidate(title), promotions.candidate(title, 1)) == (None, None)
    assert promotions.moves(title, 10) == []
    assert title not in promotions.titles()
    assert promotions.mend(title) is False
    assert parameter(resources, stage, title) is None


def test_what_is_decided_is_told_before_put_returns(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    first = promotions.put(title, Promoted(ONE), move(1))
    assert (first.revision, first.current) == (1, ONE)
    assert promotions.get(title) == told(resources, stage, title) == first
    shifted = msgspec.structs.replace(first, shift=Shift(TWO, 10, "p2", AT), previous=None)
    second = promotions.put(title, shifted)
    assert promotions.get(title) == told(resources, stage, title) == second
    assert second.revision == 2
    assert title in promotions.titles()


def test_whoever_has_not_seen_the_last_decision_decides_nothing(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    first = promotions.put(title, Promoted(ONE), move(1))
    for stale in (Promoted(TWO), msgspec.structs.replace(first, revision=7, current=TWO)):
        with pytest.raises(Conflict):
            promotions.put(title, stale, move(2))
    assert promotions.get(title) == first
    assert [found.id for found in promotions.moves(title, 10)] == ["p1"]


def test_of_many_at_once_one_decides(resources: Resources, stage: str, title: str) -> None:
    first = store(resources, stage).put(title, Promoted(ONE))
    won, lost = list[int](), list[int]()

    def decide(number: int) -> None:
        promotions = store(resources, stage)
        served = Served(f"base@{number}", "nova", number)
        try:
            promotions.put(title, msgspec.structs.replace(first, current=served), move(number))
            won.append(number)
        except (Conflict, StoreUnavailable):
            lost.append(number)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert promoted_version(store(resources, stage).get(title)) == won[0]
    assert told(resources, stage, title) == store(resources, stage).get(title)
    assert [found.version for found in store(resources, stage).moves(title, 10)] == won


def test_a_candidate_that_stays_is_not_announced_again(resources: Resources, stage: str, title: str) -> None:
    """Tools that watch the parameter would begin a release: of a version that was dropped, or is not one yet."""
    promotions = store(resources, stage)
    promotions.put_candidate(title, TWO)
    promotions.drop_candidate(title, 3)
    promotions.put_candidate(title, ONE)
    promotions.drop_candidate(title, 1)
    found = resources.client("ssm").get_parameter(Name=f"/npcops/{stage}/candidates/{title}")["Parameter"]
    assert found["Version"] == 2
    assert msgspec.json.decode(found["Value"], type=Served) == TWO


@pytest.mark.parametrize(("reason", "told"), [("TransactionConflict", Conflict), ("ThrottlingError", StoreUnavailable)])
def test_whoever_writes_at_the_same_moment_is_somebody_else_who_changes_it(
    resources: Resources, stage: str, title: str, reason: str, told: type[Exception]
) -> None:
    """A rollback looks again then, and a step of a promotion is done again."""

    class Busy:
        def transact_write_items(self, **request: Any) -> Any:
            found: Any = {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": reason}, {"Code": "None"}],
            }
            raise ClientError(found, "TransactWriteItems")

    with pytest.raises(told):
        store(resources, stage, Busy()).put(title, Promoted(ONE))
    assert store(resources, stage).get(title) == Promoted()


def promoted_version(promoted: Promoted) -> int:
    return promoted.current.version if promoted.current else 0


def test_writers_that_cross_leave_what_was_decided_last(resources: Resources, stage: str, title: str) -> None:
    """Between what the first has decided and what it tells, another one decides and tells."""

    class Crossed:
        def __init__(self, client: Any) -> None:
            self._client, self.crossed = client, False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def put_parameter(self, **request: Any) -> Any:
            if not self.crossed:
                self.crossed = True
                other = store(resources, stage)
                other.put(title, msgspec.structs.replace(other.get(title), current=TWO), move(2))
            return self._client.put_parameter(**request)

    crossed = Crossed(resources.client("ssm"))
    returned = store(resources, stage, parameters=crossed).put(title, Promoted(ONE), move(1))
    assert crossed.crossed
    assert returned.current == ONE
    assert told(resources, stage, title) == store(resources, stage).get(title)
    assert told(resources, stage, title).current == TWO


def test_a_crash_between_the_two_writes_is_mended_by_whoever_comes_next(
    resources: Resources, stage: str, title: str
) -> None:
    promotions = store(resources, stage)
    promotions.put(title, Promoted(ONE), move(1))
    silent = Fails(resources.client("ssm"), "put_parameter", times=1)
    with pytest.raises(StoreUnavailable):
        store(resources, stage, parameters=silent).put(title, Promoted(TWO, ONE, None, 1), move(2))
    assert told(resources, stage, title).current == ONE
    assert promotions.get(title).current == TWO
    assert promotions.mend(title) is True
    assert told(resources, stage, title) == promotions.get(title)
    assert promotions.mend(title) is False


def test_a_parameter_that_somebody_deleted_is_written_again(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    promotions.put(title, Promoted(ONE), move(1))
    resources.client("ssm").delete_parameter(Name=f"/npcops/{stage}/models/{title}")
    assert promotions.mend(title) is True
    assert told(resources, stage, title).current == ONE


def test_decisions_are_read_consistently(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage, client=Lagging(resources.dynamodb))
    promotions.put(title, Promoted(ONE), move(1))
    promotions.put_candidate(title, TWO)
    assert promotions.get(title).current == ONE
    assert promotions.candidate(title) == promotions.candidate(title, 2) == TWO
    assert [found.id for found in promotions.moves(title, 5)] == ["p1"]
    assert title in promotions.titles()


def test_the_history_is_newest_first(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    for number in range(1, 6):
        kind = "begun" if number % 2 else "returned"
        promotions.put(title, msgspec.structs.replace(promotions.get(title), current=ONE), move(number, kind))
    assert promotions.moves(title, 3) == [move(5, "begun"), move(4, "returned"), move(3, "begun")]


def test_the_newest_version_is_the_candidate_whatever_comes_first(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    for version in (2, 10, 9):
        promotions.put_candidate(title, Served(f"base@{version}", "nova", version))
    newest = promotions.candidate(title)
    assert newest is not None
    assert newest.version == 10
    assert msgspec.json.decode(parameter(resources, stage, title, "candidates") or "", type=Served) == newest
    promotions.drop_candidate(title, 10)
    assert '"base@9"' in (parameter(resources, stage, title, "candidates") or "")
    promotions.drop_candidate(title, 2)
    promotions.drop_candidate(title, 9)
    promotions.drop_candidate(title, 9)
    assert parameter(resources, stage, title, "candidates") is None
    assert promotions.candidate(title) is None


def test_titles_do_not_see_each_other(resources: Resources, stage: str, title: str) -> None:
    promotions = store(resources, stage)
    other = f"{title}-2"
    promotions.put(title, Promoted(ONE), move(1))
    promotions.put_candidate(title, TWO)
    assert promotions.get(other) == Promoted()
    assert promotions.candidate(other) is None
    assert promotions.moves(other, 10) == []
    assert parameter(resources, stage, other) is None


def test_what_no_parameter_can_hold_is_refused_and_nothing_is_changed(
    resources: Resources, stage: str, title: str
) -> None:
    promotions = store(resources, stage)
    first = promotions.put(title, Promoted(ONE), move(1))
    crowd = Served("base@crowd", "nova", 2, tuple(f"{'somebody-' * 9}{number}" for number in range(100)))
    with pytest.raises(TooLarge):
        promotions.put(title, msgspec.structs.replace(first, current=crowd), move(2))
    assert promotions.get(title) == told(resources, stage, title) == first


def test_many_npcs_fit_where_a_small_parameter_would_not_do(resources: Resources, stage: str, title: str) -> None:
    crowd = Served("base@crowd", "nova", 2, tuple(f"somebody-of-the-crowd-{number}" for number in range(100)))
    store(resources, stage).put(title, Promoted(crowd, crowd), move(1))
    assert told(resources, stage, title).previous == crowd


def test_who_only_reads_has_the_same(resources: Resources, stage: str, title: str) -> None:
    decided = store(resources, stage).put(title, Promoted(ONE), move(1))
    reading = DecidedPromotions(resources.dynamodb, resources.name("models"))
    assert reading.get(title) == decided


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("get_item", lambda promotions, title: promotions.get(title)),
        ("get_item", lambda promotions, title: promotions.mend(title)),
        ("query", lambda promotions, title: promotions.titles()),
        ("query", lambda promotions, title: promotions.candidate(title)),
        ("put_item", lambda promotions, title: promotions.put_candidate(title, ONE)),
        ("transact_write_items", lambda promotions, title: promotions.put(title, Promoted(ONE), move(1))),
    ],
)
def test_a_table_that_is_silent_is_unavailable(
    resources: Resources, stage: str, title: str, call: str, asked: Callable[[StagePromotions, str], object]
) -> None:
    promotions = store(resources, stage, client=Fails(resources.dynamodb, call, times=10))
    with pytest.raises(StoreUnavailable):
        asked(promotions, title)
    assert parameter(resources, stage, title) is None
    assert parameter(resources, stage, title, "candidates") is None
