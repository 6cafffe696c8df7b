"""The contract of `TuningStore`: runs begin once, change together, and are listed newest first."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from npcops.adapters.dynamo_tunings import DynamoTunings
from npcops.errors import Conflict, NotFound
from npcops.tuning_ports import TuningStore
from npcops.tunings import Tuning, TuningRequest
from npcops.turn_ids import new_turn_id
from tests.resources import Lagging, Resources

DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc"


@pytest.fixture
def store(resources: Resources) -> TuningStore:
    return DynamoTunings(resources.dynamodb, resources.name("models"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(6)}"


def a_tuning(title: str, **fields: object) -> Tuning:
    begun = Tuning(title, new_turn_id(), "ann", "2026-11-20T12:00:00.000+00:00", TuningRequest(dataset="spring"))
    return msgspec.structs.replace(begun, **fields)


def test_a_run_is_found_as_it_was_kept(store: TuningStore, title: str) -> None:
    request = TuningRequest(dataset="d", npcs=("mira",), hyperparameters={"epochCount": "3"}, note="Grüße, 船!")
    tuning = a_tuning(title, request=request, training_loss=0.5)
    store.begin(tuning)
    assert store.find(title, tuning.id) == tuning


def test_a_run_begins_once(store: TuningStore, title: str) -> None:
    tuning = a_tuning(title)
    store.begin(tuning)
    store.change(title, tuning.id, state="running")
    with pytest.raises(Conflict):
        store.begin(tuning)
    assert store.find(title, tuning.id).state == "running"


def test_one_run_begins_for_the_same_data(store: TuningStore, title: str) -> None:
    def begin(_: int) -> str:
        return store.begin_for(a_tuning(title), "digest").id

    with ThreadPoolExecutor(6) as pool:
        (found,) = set(pool.map(begin, range(12)))
    assert [tuning.id for tuning in store.newest(title, 10)] == [found]
    assert store.begin_for(a_tuning(title), "other digest").id != found


def test_data_of_one_title_begin_nothing_in_another(store: TuningStore, title: str) -> None:
    ours, theirs = a_tuning(title), a_tuning(f"{title}-2")
    assert store.begin_for(ours, "digest") == ours
    assert store.begin_for(theirs, "digest") == theirs


def test_no_change_is_lost_to_another(store: TuningStore, title: str) -> None:
    tuning = a_tuning(title)
    store.begin(tuning)
    fields = {"job": "j", "custom_model": "c", "model": "m", "evaluation": "e", "outcome": "passed", "failure": "f"}
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda item: store.change(title, tuning.id, **dict([item])), fields.items()))
    found = store.find(title, tuning.id)
    assert {name: getattr(found, name) for name in fields} == fields
    assert found.revision == len(fields)


def test_a_change_to_what_it_is_already_is_none(store: TuningStore, title: str) -> None:
    tuning = a_tuning(title)
    store.begin(tuning)
    store.change(title, tuning.id, job="j")
    assert store.change(title, tuning.id, job="j").revision == 1


def test_data_are_claimed_by_the_first_who_comes(store: TuningStore, title: str) -> None:
    tuning = a_tuning(title)
    store.begin(tuning)

    def claim(version: int) -> str:
        return store.claim(title, tuning.id, "key", f"v{version}").object_version

    with ThreadPoolExecutor(6) as pool:
        (version,) = set(pool.map(claim, range(6)))
    found = store.find(title, tuning.id)
    assert (found.state, found.key, found.object_version) == ("running", "key", version)


@pytest.mark.parametrize("state", ["running", "registered", "failed", "stopped"])
def test_only_a_run_that_waits_takes_data(store: TuningStore, title: str, state: str) -> None:
    tuning = a_tuning(title, state=state)
    store.begin(tuning)
    assert store.claim(title, tuning.id, "key", "v1") == tuning


def test_what_is_not_there_is_not_found(store: TuningStore, title: str) -> None:
    tuning = a_tuning(title)
    store.begin(tuning)
    looks: tuple[Callable[[], Tuning], ...] = (
        lambda: store.find(f"{title}-2", tuning.id),
        lambda: store.find(title, tuning.id[:-1]),
        lambda: store.change(title, "none", job="j"),
        lambda: store.claim(title, "none", "key", "v1"),
    )
    for look in looks:
        with pytest.raises(NotFound):
            look()


def test_runs_are_listed_by_pages_newest_first(store: TuningStore, title: str) -> None:
    begun = [a_tuning(title, id=f"{number:022x}") for number in range(25)]
    for tuning in begun:
        store.begin(tuning)
    store.begin(a_tuning(f"{title}-2"))
    store.begin_for(a_tuning(title, id=f"{99:022x}"), "digest")
    newest = [f"{99:022x}", *(f"{number:022x}" for number in reversed(range(25)))]
    assert [tuning.id for tuning in store.newest(title, 10)] == newest[:10]
    assert [tuning.id for tuning in store.newest(title, 10, newest[9])] == newest[10:20]
    assert [tuning.id for tuning in store.newest(title, 10, newest[19])] == newest[20:]
    assert store.newest(title, 10, newest[-1]) == []


def test_runs_with_a_deployment_are_found_over_all_titles(store: TuningStore, title: str) -> None:
    def deployed() -> set[tuple[str, str]]:
        return {(one.title, one.deployment) for one in store.everywhere() if one.title.startswith(title)}

    runs = [a_tuning(title), a_tuning(f"{title}-2"), a_tuning(title)]
    for tuning in runs:
        store.begin(tuning)
    assert deployed() == set()
    store.change(title, runs[0].id, deployment=DEPLOYMENT)
    store.change(f"{title}-2", runs[1].id, deployment=f"{DEPLOYMENT}2", model="m")
    store.change(title, runs[0].id, outcome="passed")
    assert deployed() == {(title, DEPLOYMENT), (f"{title}-2", f"{DEPLOYMENT}2")}
    store.change(title, runs[0].id, deployment=f"{DEPLOYMENT}3")
    store.change(f"{title}-2", runs[1].id, deployment="")
    assert deployed() == {(title, f"{DEPLOYMENT}3")}


def test_what_was_just_written_is_read(moto_resources: Resources, title: str) -> None:
    store = DynamoTunings(Lagging(moto_resources.dynamodb), moto_resources.name("models"))
    tuning = a_tuning(title)
    store.begin_for(tuning, "digest")
    store.change(title, tuning.id, deployment=DEPLOYMENT)
    assert store.find(title, tuning.id).deployment == DEPLOYMENT
    assert store.begin_for(a_tuning(title), "digest").id == tuning.id
    assert [one.id for one in store.newest(title, 5)] == [tuning.id]
    assert tuning.id in {one.id for one in store.everywhere()}
