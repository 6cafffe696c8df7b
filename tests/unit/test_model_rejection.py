"""Rejections and withdrawn approvals: what nobody wants is paid for no more, and comes to no player."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.errors import Conflict, ModelUnavailable
from npcops.promotions import Decided
from tests.model_services import arn_of, deployment_of
from tests.promoting import BY, Models
from tests.resources import Resources


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    return Models(moto_resources)


def test_rejection_frees_the_deployment_and_keeps_the_model(models: Models) -> None:
    models.register(1)
    models.approve(1)
    assert models.approve(1, approve=False).outcome == "freed"
    assert models.deployments.found == {}
    assert models.candidate() is None
    assert models.registry.package(models.title, 1).approval == "Rejected"


def test_rejection_while_it_is_still_being_created_is_no_failure(models: Models) -> None:
    models.register(1, readiness="creating")
    assert models.approve(1, approve=False).outcome == "freed"
    assert list(models.deployments.found) == [deployment_of(models.title, 1)]


def test_what_players_have_is_neither_rejected_nor_freed(models: Models) -> None:
    models.promote(1, percents=(100,), minutes=0.0)
    with pytest.raises(Conflict, match="Roll back first"):
        models.decide_by(models.title, 1, BY, Decided(approve=False))
    models.registry.decide(arn_of(models.title, 1), "Rejected", "In the console.")
    assert models.approve_by(arn_of(models.title, 1)).outcome == "used"
    assert list(models.deployments.found) == [deployment_of(models.title, 1)]


def test_what_was_rejected_comes_back_by_no_rollback(models: Models) -> None:
    for version in (1, 2):
        models.promote(version, percents=(100,), minutes=0.0)
    assert models.approve(1, approve=False).outcome == "freed"
    assert list(models.deployments.found) == [deployment_of(models.title, 2)]
    assert models.roll_back().to == 0
    assert models.heard() == {0: 200}
    assert models.consistent()


def test_of_several_that_were_before_only_the_rejected_one_is_forgotten(models: Models) -> None:
    models.promote(1, ("otto",), percents=(100,), minutes=0.0)
    models.promote(2, ("mira",), percents=(100,), minutes=0.0)
    models.promote(3, percents=(100,), minutes=0.0)
    models.approve(2, approve=False)
    assert models.roll_back().to == 1
    assert (models.heard("mira"), models.heard("otto")) == ({0: 200}, {1: 200})


def test_the_run_of_a_rejected_version_has_no_deployment_any_more(models: Models) -> None:
    """Whoever looks at all that is paid for need not look at it for ever."""
    models.register(1)
    models.approve(1, approve=False)
    assert models.runs.everywhere() == []
    models.register(2, readiness="creating")
    models.approve(2, approve=False)
    assert [run.version for run in models.runs.everywhere()] == [2]


def test_an_approval_that_is_withdrawn_elsewhere_counts_no_more(models: Models) -> None:
    """In the console of the registry, for example."""
    models.register(1)
    models.approve(1)
    _, run = models.start(1)
    while run.state != "WatchShift":
        run.step()
    models.registry.decide(arn_of(models.title, 1), "PendingManualApproval", "We are not sure.")
    assert models.approve_by(arn_of(models.title, 1)).outcome == "waits"
    assert models.candidate() is None
    assert list(models.deployments.found) == [deployment_of(models.title, 1)]
    assert run.finish().state == "PromotionReturned"
    assert models.bus.events[-1][1]["reasons"] == ["Version 1 is not approved any more."]


def test_an_approval_that_is_withdrawn_during_the_check_counts_no_more(models: Models) -> None:
    models.register(1)
    models.decide_by(models.title, 1, BY, Decided(approve=True))

    def answers(prompt: object) -> dict[str, str]:
        models.registry.decide(arn_of(models.title, 1), "PendingManualApproval", "We are not sure.")
        return {"say": "Well met."}

    models.chat.answers = [answers]
    assert models.approve_by(arn_of(models.title, 1)).outcome == "waits"
    assert models.candidate() is None
    assert models.releases.started == {}


def test_an_approval_right_after_a_withdrawal_is_not_lost(models: Models) -> None:
    """Its event was followed entirely before what followed the withdrawal took the candidate away."""
    models.register(1)
    models.approve(1)
    models.registry.decide(arn_of(models.title, 1), "PendingManualApproval", "We are not sure.")
    promotions: Any = models.promotions
    drop = promotions.drop_candidate

    def meanwhile(title: str, version: int) -> None:
        promotions.drop_candidate = drop
        models.approve(1)
        drop(title, version)

    promotions.drop_candidate = meanwhile
    models.approve_by(arn_of(models.title, 1))
    assert models.candidate() == models.served(1)


def test_a_late_event_takes_nothing_away_from_players(models: Models) -> None:
    models.promote(1, percents=(100,), minutes=0.0)
    models.chat.answers = [ModelUnavailable("Model x is throttled.")]
    assert models.approve_by(arn_of(models.title, 1)).outcome == "used"
    assert models.promotions.candidate(models.title, 1) == models.served(1)


def test_a_rejection_during_the_check_wins(models: Models) -> None:
    models.register(1)
    models.decide_by(models.title, 1, BY, Decided(approve=True))

    def answers(prompt: object) -> dict[str, str]:
        models.registry.decide(arn_of(models.title, 1), "Rejected", "No.")
        return {"say": "Well met."}

    models.chat.answers = [answers]
    assert models.approve_by(arn_of(models.title, 1)).outcome == "freed"
    assert models.candidate() is None
    assert models.releases.started == {}
