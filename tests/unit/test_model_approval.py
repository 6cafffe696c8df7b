"""Approvals of models: what cannot answer becomes no candidate, and nothing is ever written that is empty."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.characters import PromptTemplate
from npcops.decide_model import version_of
from npcops.errors import Conflict, InvalidRequest, ModelFailed, ModelUnavailable, NotFound, StoreUnavailable
from npcops.promotions import Decided, PromotionRequest, Served
from npcops.tunings import Deployment
from tests.model_services import arn_of, deployment_of
from tests.promoting import BY, Models
from tests.resources import Resources


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    return Models(moto_resources)


def test_an_approved_model_becomes_the_candidate_and_starts_the_release(models: Models) -> None:
    models.register(1, npcs=("mira",))
    followed = models.approve(1)
    assert (followed.outcome, followed.version) == ("candidate", 1)
    assert models.candidate() == models.served(1, ("mira",))
    assert list(models.releases.started.values()) == [(models.title, 1)]
    assert models.chat.models == [models.served(1).model]
    ((kind, detail),) = models.bus.events
    assert (kind, detail["version"], detail["npcs"]) == ("ModelApproved.v1", 1, ["mira"])
    assert detail["release"] == followed.release


def test_the_canary_is_asked_as_one_of_its_own_characters(models: Models) -> None:
    models.register(1, npcs=("otto",))
    models.approve(1)
    (prompt,) = models.chat.prompts
    assert prompt.system.startswith("You are Otto.")
    assert prompt.attribution["npc"] == "otto"
    assert [said.text for said in prompt.messages] == ["Otto?"]


@pytest.mark.parametrize("readiness", ["creating", "failed", "gone"])
def test_defect_06_approval_before_ready_is_refused_and_writes_no_parameter(models: Models, readiness: Any) -> None:
    models.register(1, readiness=readiness)
    followed = models.approve(1)
    assert followed.outcome == "refused"
    assert models.candidate() is None
    assert models.releases.started == {}
    assert models.chat.prompts == []
    package = models.registry.package(models.title, 1)
    assert package.approval == "PendingManualApproval"
    assert package.why == followed.why != ""
    assert models.bus.kinds() == ["ModelRefused.v1"]
    with pytest.raises(Conflict, match="not approved"):
        models.start_by(models.title, 1, BY, PromotionRequest())


def test_defect_06_what_was_refused_can_be_approved_when_it_is_ready(models: Models) -> None:
    models.register(1, readiness="creating")
    assert "Approve it again when it is ready" in models.approve(1).why
    arn = deployment_of(models.title, 1)
    models.deployments.found[arn] = Deployment(arn, "ready", "on-demand")
    assert models.approve(1).outcome == "candidate"
    assert models.bus.kinds() == ["ModelRefused.v1", "ModelApproved.v1"]


def test_defect_06_two_approvals_at_once_leave_the_newest_whatever_comes_first(models: Models) -> None:
    for order in ((1, 2), (4, 3)):
        for version in order:
            models.register(version)
            models.decide_by(models.title, version, BY, Decided(approve=True))
        for version in order:
            models.approve_by(arn_of(models.title, version))
        assert models.candidate() == models.served(max(order))
        for version in order:
            assert models.promotions.candidate(models.title, version) == models.served(version)


def test_defect_06_two_approvals_cross_each_other_in_the_parameter_store(models: Models) -> None:
    """The second is approved entirely between what the first has read and what it writes."""
    for version in (1, 2):
        models.register(version)
        models.decide_by(models.title, version, BY, Decided(approve=True))

    def meanwhile() -> None:
        models.parameters.before = lambda: None
        models.approve_by(arn_of(models.title, 2))

    models.parameters.before = meanwhile
    models.approve_by(arn_of(models.title, 1))
    assert models.candidate() == models.served(2)


def test_the_same_event_several_times_does_everything_once(models: Models) -> None:
    models.register(1)
    models.decide_by(models.title, 1, BY, Decided(approve=True))
    for _ in range(3):
        models.approve_by(arn_of(models.title, 1))
    assert len(models.releases.started) == 1
    assert models.bus.kinds() == ["ModelApproved.v1"]


def test_an_approval_that_breaks_off_is_followed_when_the_event_comes_again(models: Models) -> None:
    models.register(1)
    models.decide_by(models.title, 1, BY, Decided(approve=True))
    arn = arn_of(models.title, 1)
    models.parameters.silent = 1
    models.releases.failures = [StoreUnavailable("The release pipeline was not started.")]
    models.bus.failures = [StoreUnavailable("The bus did not answer.")]
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            models.approve_by(arn)
    assert models.approve_by(arn).outcome == "candidate"
    assert models.candidate() is not None
    assert len(models.releases.started) == 1
    assert models.bus.kinds() == ["ModelApproved.v1"]


def test_defect_03_a_family_that_is_not_the_base_model_s_is_refused(models: Models) -> None:
    """It would be prompted in a form that it was not taught."""
    models.register(1, family="llama")
    followed = models.approve(1)
    assert followed.outcome == "refused"
    assert "family llama" in followed.why
    assert "family nova" in followed.why
    assert models.candidate() is None


def test_defect_03_a_base_that_nobody_knows_is_refused(models: Models) -> None:
    deployment = deployment_of(models.title, 1)
    models.register(1, model=f"someone.unknown-v1@{deployment}")
    assert "models.json" in models.approve(1).why


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({}, "said nothing that can be spoken"),
        ('{"response": null}', "said nothing that can be spoken"),
        (ModelFailed("Model x replied in a shape that Converse does not have."), "a shape that Converse does not have"),
        (ModelUnavailable("Model x is not available."), "Approve it again in a moment"),
    ],
)
def test_defect_03_a_model_that_answers_no_turn_is_refused(models: Models, answer: Any, told: str) -> None:
    models.register(1)
    models.chat.answers = [answer]
    followed = models.approve(1)
    assert followed.outcome == "refused"
    assert told in followed.why
    assert models.candidate() is None


@pytest.mark.parametrize("lacking", ["model", "family", "deployment"])
def test_a_version_that_was_registered_without_what_is_needed_is_refused(models: Models, lacking: str) -> None:
    models.register(1, **{lacking: ""})
    assert lacking in models.approve(1).why


def test_a_model_that_is_called_by_another_deployment_is_refused(models: Models) -> None:
    models.register(1, deployment=deployment_of(models.title, 2))
    assert models.approve(1).outcome == "refused"


def test_a_model_without_anybody_who_speaks_by_it_is_refused(models: Models) -> None:
    models.register(1, npcs=("nobody",))
    assert "None of its NPCs" in models.approve(1).why


def test_what_is_asked_by_a_prompt_that_is_broken_is_refused_and_says_so(models: Models) -> None:
    """It is nobody's outage: the event would come again and again, and the version would be checked for ever."""
    models.register(1)
    models.studio.force("prompts", PromptTemplate("dialogue", "{{ nobody.name }}", variables=("nobody",)))
    followed = models.approve(1)
    assert (followed.outcome, models.candidate()) == ("refused", None)
    assert "It cannot answer a first turn" in followed.why


def test_a_refusal_takes_a_former_candidate_away(models: Models) -> None:
    models.register(1)
    models.register(2)
    models.approve(1)
    models.approve(2)
    arn = deployment_of(models.title, 2)
    models.deployments.found[arn] = Deployment(arn, "failed", "on-demand", failure="Out of capacity.")
    assert "failed (Out of capacity)" in models.approve(2).why
    assert models.candidate() == models.served(1)


def test_an_event_of_another_stage_or_of_what_is_gone_is_nothing(models: Models) -> None:
    assert models.approve_by(arn_of("another", 1)).outcome == "nothing"
    assert models.bus.events == []


def test_who_decided_and_why_stands_in_the_registry(models: Models) -> None:
    models.register(1)
    decided = models.decide_by(models.title, 1, BY, Decided(approve=True, why="Herself."))
    assert decided.why == models.registry.package(models.title, 1).why == f"Herself. ({BY})"
    with pytest.raises(NotFound):
        models.decide_by(models.title, 7, BY, Decided(approve=True))


@pytest.mark.parametrize("text", ["0", "-1", "01", "x", "1.0", "", "1" * 20, "1 "])
def test_a_version_is_a_number(text: str) -> None:
    assert version_of("12") == 12
    with pytest.raises(InvalidRequest):
        version_of(text)


def test_nothing_is_promoted_that_was_not_approved_and_checked(models: Models) -> None:
    def refusal() -> str:
        with pytest.raises(Conflict) as refused:
            models.start_by(models.title, 1, BY, PromotionRequest())
        return str(refused.value)

    with pytest.raises(NotFound):
        models.start_by(models.title, 1, BY, PromotionRequest())
    models.register(1)
    assert "Approve it first" in refusal()
    models.decide_by(models.title, 1, BY, Decided(approve=True))
    assert "still being checked" in refusal()
    models.approve_by(arn_of(models.title, 1))
    models.deployments.found.clear()
    assert "deployment of version 1 is gone" in refusal()
    assert models.machines.runs == {}


@pytest.mark.parametrize("percents", [(10,), (50, 10, 100), (10, 10, 100), (100, 100)])
def test_percents_rise_to_all_players(models: Models, percents: tuple[int, ...]) -> None:
    models.register(1)
    models.approve(1)
    with pytest.raises(InvalidRequest, match="100"):
        models.start_by(models.title, 1, BY, PromotionRequest(percents=percents))


def test_nothing_is_promoted_while_an_alarm_rings(models: Models) -> None:
    models.register(1)
    models.approve(1)
    models.alarms.ringing.add("npcops-dev-authored-lines")
    with pytest.raises(Conflict, match="npcops-dev-authored-lines"):
        models.start(1)


def test_a_list_tells_how_each_version_stands(models: Models) -> None:
    models.promote(1, percents=(100,), minutes=0.0)
    models.register(2, npcs=("mira", "otto"), better="not-shown")
    models.approve(2)
    models.register(3, readiness="creating")
    _, run = models.start(2)
    while run.state != "Wait":
        run.step()
    found = models.listing(models.title)
    rows = [(one.version, one.approval, one.readiness, one.roles, one.percent) for one in found.models]
    assert rows == [
        (3, "PendingManualApproval", "creating", (), 0),
        (2, "Approved", "ready", ("shifting", "candidate"), 10),
        (1, "Approved", "ready", ("current",), 100),  # by all others
    ]
    assert (found.models[1].npcs, found.models[1].figures) == (("mira", "otto"), {"better": "not-shown"})
    assert [move.kind for move in found.moves] == ["begun", "promoted", "begun"]
    assert found.sides is not None
    models.roll_back()
    assert models.listing(models.title).sides is None
    assert models.promotions.candidate(models.title) == Served(models.served(2).model, "nova", 2, ("mira", "otto"))
