"""Retirement: throughput that nothing refers to is given back after a while; everything else stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from npcops.errors import StoreUnavailable
from npcops.promotions import Decided, Promoted, SideFigures
from npcops.tunings import Deployment
from tests.model_services import arn_of, deployment_of
from tests.promoting import BY, Models
from tests.resources import Resources

AT_ONCE = {"percents": (100,), "minutes": 0.0}
DAY = 86_400


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    """Versions 1 to 3 were promoted one after another; 4 is a candidate, 5 waits for a decision, 6 was rejected."""
    made = Models(moto_resources)
    for version in (1, 2, 3):
        made.promote(version, **AT_ONCE)
    for version in (4, 5, 6):
        made.register(version)
    made.approve(4)
    made.registry.decide(arn_of(made.title, 6), "Rejected", "No.")
    return made


def left(models: Models) -> set[int]:
    return {int(arn.removeprefix(deployment_of(models.title, 0)[:-1])) for arn in models.deployments.found}


def test_what_nothing_refers_to_is_freed_after_a_while(models: Models) -> None:
    assert models.retire_by().freed == ()
    assert left(models) == {1, 2, 3, 4, 5, 6}
    models.clock.now += DAY + 1
    freed = models.retire_by().freed
    assert set(freed) == {deployment_of(models.title, 1), deployment_of(models.title, 6)}
    assert left(models) == {2, 3, 4, 5}
    assert models.runs.find(models.title, "tuning-1").deployment == ""
    assert models.retire_by().freed == ()


def test_by_what_turns_were_answered_lately_is_kept(models: Models) -> None:
    models.clock.now += DAY + 1
    models.live.figures[models.served(1).model] = SideFigures(turns=1)
    assert models.retire_by().freed == (deployment_of(models.title, 6),)
    assert models.live.asked[-1][1] == (models.moment() - timedelta(hours=24)).isoformat()


def test_what_is_being_shifted_is_kept(models: Models) -> None:
    _, run = models.start(4)
    while run.state != "Wait":
        run.step()
    models.promotions.drop_candidate(models.title, 4)
    models.clock.now += DAY + 1
    models.retire_by()
    assert 4 in left(models)


def test_what_speaks_for_some_beside_a_newer_one_is_kept(models: Models) -> None:
    models.promote(7, npcs=("otto",), **AT_ONCE)
    models.promote(8, npcs=("mira",), **AT_ONCE)
    models.clock.now += DAY + 1
    models.retire_by()
    assert {3, 7, 8} <= left(models)
    assert (models.heard("mira"), models.heard("otto"), models.heard("ines")) == ({8: 200}, {7: 200}, {3: 200})


def test_what_a_title_names_is_kept(models: Models) -> None:
    models.named = models.served(1).model
    models.clock.now += DAY + 1
    models.retire_by()
    assert 1 in left(models)


@pytest.mark.parametrize(
    ("state", "kept"), [("running", True), ("waiting", True), ("failed", False), ("stopped", False)]
)
def test_what_a_run_under_way_has_made_is_kept(models: Models, state: Any, kept: bool) -> None:
    models.runs.change(models.title, "tuning-6", state=state)
    models.clock.now += 30 * DAY
    models.retire_by()
    assert (6 in left(models)) == kept


def test_what_was_just_approved_is_kept_until_its_approval_was_followed(models: Models) -> None:
    """It waits no more, and is no candidate yet: the event may come hours later."""
    models.clock.now += DAY + 1
    models.decide_by(models.title, 5, BY, Decided(approve=True))
    package = models.registry.package(models.title, 5)
    models.registry.found[package.arn] = msgspec.structs.replace(package, changed_at=models.now())
    models.retire_by()
    assert 5 in left(models)
    models.clock.now += DAY + 1
    models.retire_by()
    assert 5 not in left(models)


def test_what_was_just_left_is_kept_for_whoever_left_it_by_mistake(models: Models) -> None:
    models.clock.now += DAY + 1
    models.roll_back()
    models.retire_by()
    assert {2, 3} <= left(models)
    models.clock.now += DAY + 1
    models.retire_by()
    assert 3 not in left(models)


def test_what_nobody_knows_of_is_freed_and_what_is_young_or_being_made_is_not(models: Models) -> None:
    old, young, made = (f"arn:aws:bedrock:eu-central-1:123456789012:custom-model-deployment/{name}" for name in "oym")
    models.deployments.found[old] = Deployment(old, "failed", "on-demand", created_at=models.now())
    models.deployments.found[made] = Deployment(made, "creating", "on-demand", created_at=models.now())
    models.clock.now += DAY + 1
    models.deployments.found[young] = Deployment(young, "ready", "on-demand", created_at=models.now())
    freed = models.retire_by().freed
    assert old in freed
    assert not {young, made} & set(freed)


def test_a_deployment_is_told_by_its_whole_name(models: Models) -> None:
    """Version 1's is the beginning of version 10's, and is freed all the same."""
    models.register(10)
    models.clock.now += DAY + 1
    assert deployment_of(models.title, 10).startswith(deployment_of(models.title, 1))
    models.retire_by()
    assert left(models) == {2, 3, 4, 5, 10}


def test_what_cannot_be_freed_stops_no_other_and_comes_again(models: Models) -> None:
    models.clock.now += DAY + 1
    models.deployments.failures = [StoreUnavailable("Bedrock did not answer.")]
    assert len(models.retire_by().freed) == 1
    assert len(models.retire_by().freed) == 1
    assert left(models) == {2, 3, 4, 5}


def test_of_what_not_everything_is_known_nothing_is_freed(models: Models) -> None:
    def silent(title: str) -> list[Any]:
        raise StoreUnavailable("The model registry did not answer.")

    models.registry.packages = silent
    models.clock.now += DAY + 1
    with pytest.raises(StoreUnavailable):
        models.retire_by()
    assert left(models) == {1, 2, 3, 4, 5, 6}


def test_a_parameter_that_is_not_what_was_decided_is_written_again(models: Models) -> None:
    """As when a function died between the two writes."""
    stale = msgspec.json.encode(Promoted(models.served(1), revision=1)).decode()
    client = models.resources.client("ssm")
    client.put_parameter(Name=f"{models.prefix}/{models.title}", Value=stale, Type="String", Overwrite=True)
    assert models.heard() == {1: 200}
    assert models.title in models.retire_by().mended
    assert models.heard() == {3: 200}
    assert models.retire_by().mended == ()
