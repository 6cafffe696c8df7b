"""Models over the API: decided on, promoted past the gate, rolled back, and what machine and events hand on."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest

from npcops import bootstrap_models
from npcops.promotions import ModelPackage, PromotionPlan, Served
from npcops.tunings import Deployment
from tests.calls import answered, call, refused, sample
from tests.fakes import ScriptedChat
from tests.gating import suite
from tests.handlers.conftest import Load
from tests.model_services import Deployments, Registry, arn_of, deployment_of
from tests.promoting import BASE, FAMILY
from tests.publishing import publish
from tests.resources import Resources


class Services:
    """The registry and Bedrock's deployments of one title, which moto has not."""

    def __init__(self, title: str) -> None:
        self.title, self.registry, self.deployments = title, Registry(), Deployments()

    def register(self, version: int, readiness: Any = "ready") -> None:
        arn = deployment_of(self.title, version)
        told = {"model": f"{BASE}@{arn}", "family": FAMILY, "deployment": arn, "better": "yes"}
        package = ModelPackage(arn_of(self.title, version), self.title, version, "PendingManualApproval", "", "", told)
        self.registry.found[package.arn] = package
        self.deployments.found[arn] = Deployment(arn, readiness, "on-demand", created_at="2026-01-01T00:00:00+00:00")

    def served(self, version: int) -> Served:
        return Served(f"{BASE}@{deployment_of(self.title, version)}", FAMILY, version)

    def approved(self, version: int) -> dict[str, Any]:
        """The event of the registry."""
        event: dict[str, Any] = copy.deepcopy(sample("on_model_approved"))
        event["detail"]["ModelPackageArn"] = arn_of(self.title, version)
        return event


@pytest.fixture
def services(stage: Resources, title: str, mira: str, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch) -> Services:
    made = Services(title)
    monkeypatch.setattr(bootstrap_models, "registry", lambda: made.registry)
    monkeypatch.setattr(bootstrap_models, "custom_models", lambda: made.deployments)
    monkeypatch.setattr(bootstrap_models, "patient_chat", lambda: chat)
    for name, value in {
        "CANDIDATE_PARAMETERS": "/npcops/test/candidates",
        "PROMOTE_MODEL_MACHINE": stage.machine,
        "SHIFT_PERCENTS": "10, 50,100",
        "SHIFT_MINUTES": "0.5",
        "SHIFT_ALARMS": "",
        "RETIRE_HOURS": "24",
    }.items():
        monkeypatch.setenv(name, value)
    return made


def decide(load: Load, title: str, version: str, approve: bool) -> Any:
    return load("decide_model")(
        call("decide_model", title, body={"approve": approve, "why": "Why not?"}, version=version)
    )


def promote(load: Load, title: str, **body: Any) -> Any:
    return load("start_promotion")(call("start_promotion", title, body=body, version="1"))


def models(load: Load, title: str) -> Any:
    return answered(load("list_models")(call("list_models", title)))


def plan(load: Load, title: str) -> dict[str, Any]:
    """What the machine was given."""
    import boto3

    promotion = answered(promote(load, title), 202)["promotion"]
    client = boto3.client("stepfunctions")
    machine = client.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    found = client.describe_execution(executionArn=f"{machine.replace(':stateMachine:', ':execution:')}:{promotion}")
    return dict(json.loads(found["input"]))


def test_from_a_decision_to_all_players_and_back(
    load: Load, services: Services, title: str, stage: Resources, chat: ScriptedChat
) -> None:
    services.register(1)
    decided = answered(decide(load, title, "1", approve=True), 202)
    assert (decided["version"], decided["approval"]) == (1, "Approved")
    assert load("on_model_approved")(services.approved(1))["outcome"] == "candidate"
    given = plan(load, title)
    assert msgspec.convert(given, PromotionPlan).percents == (10, 50, 100)
    for step in range(3):
        assert load("shift_traffic")({"plan": given, "step": step})["action"] == "watch"
        found = models(load, title)
        assert found["promoted"]["shift"]["percent"] == given["percents"][step]
        watched = load("watch_shift")({"plan": given, "step": step})
        assert (watched["action"], watched["reasons"]) == ("go-on", ())
    assert load("settle_promotion")({"plan": given})["action"] == "settled"
    listed = models(load, title)
    assert [(one["version"], one["roles"], one["percent"]) for one in listed["models"]] == [
        (1, ["current", "candidate"], 100)
    ]
    turn = answered(load("converse")(call("converse", title, body={"message": "Hello?"}, npc="mira")))
    assert turn["model"] == chat.models[-1] == services.served(1).model
    rolled = answered(load("roll_back_model")(call("roll_back_model", title, body={"version": 1})))
    assert (rolled["version"], rolled["to"]) == (1, 0)
    kinds = [event["detail-type"] for event in stage.published() if event["detail-type"].startswith("Model")]
    assert kinds == ["ModelApproved.v1", "ModelPromoted.v1", "ModelRolledBack.v1"]


def test_the_samples_of_events_are_schemas_of_what_is_published(
    load: Load, services: Services, title: str, stage: Resources
) -> None:
    import jsonschema

    services.register(1, readiness="creating")
    answered(decide(load, title, "1", approve=True), 202)
    followed = load("on_model_approved")(services.approved(1))
    assert followed["outcome"] == "refused"
    (event,) = stage.published()
    jsonschema.validate(event["detail"], sample("schemas/model_refused.v1"))
    assert models(load, title)["models"][0]["why"] == followed["why"]


def test_a_promotion_that_broke_off_takes_players_back(load: Load, services: Services, title: str) -> None:
    services.register(1)
    answered(decide(load, title, "1", approve=True), 202)
    load("on_model_approved")(services.approved(1))
    given = plan(load, title)
    load("shift_traffic")({"plan": given, "step": 0})
    broken = sample("promotion_broken_off")
    broken["detail"]["input"] = json.dumps(given)
    assert load("return_traffic")(broken)["action"] == "returned"
    found = models(load, title)
    assert found["promoted"]["shift"] is None
    assert found["moves"][0]["why"] == "The promotion could not go on (ABORTED)."
    assert load("return_traffic")(broken)["action"] == "returned"
    assert len(models(load, title)["moves"]) == 2


def test_an_override_of_the_gate_is_counted(
    load: Load, services: Services, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from npcops import bootstrap

    catalog = bootstrap.catalog()
    card, _ = bootstrap.catalog().npc(title, "mira", "production")
    publish(catalog, title, "suites", "canon", suite("canon", "mira"))
    publish(catalog, title, "npcs", "mira", msgspec.structs.replace(card, suites=("canon",)))
    services.register(1)
    answered(decide(load, title, "1", approve=True), 202)
    load("on_model_approved")(services.approved(1))
    problem = refused(promote(load, title), 409, "gate-closed")
    assert problem["npcs"] == ["mira"]
    assert '"GateRefusals":[1.0]' in capsys.readouterr().out.replace(" ", "")
    started = answered(promote(load, title, override="The demo is at noon."), 202)
    assert started["gate"] == "overridden"
    assert '"GateOverrides":[1.0]' in capsys.readouterr().out.replace(" ", "")


@pytest.mark.parametrize("operation", ["list_models", "decide_model", "start_promotion", "roll_back_model"])
@pytest.mark.parametrize("scopes", ["player", "server"])
def test_models_are_for_the_studio(load: Load, services: Services, title: str, operation: str, scopes: str) -> None:
    refused(load(operation)(call(operation, title, scopes=scopes)), 403, "forbidden")


def test_what_is_not_there_or_not_possible_is_a_problem(load: Load, services: Services, title: str) -> None:
    refused(decide(load, title, "7", approve=True), 404, "not-found")
    refused(decide(load, title, "seven", approve=True), 400, "invalid-request")
    refused(promote(load, title), 404, "not-found")
    services.register(1)
    refused(promote(load, title), 409, "conflict")
    refused(promote(load, title, percents=[50]), 400, "invalid-request")
    refused(load("roll_back_model")(call("roll_back_model", title, body={})), 409, "conflict")
    assert models(load, title)["promoted"]["current"] is None


def test_throughput_is_retired_by_the_clock(load: Load, services: Services, title: str) -> None:
    services.register(1)
    services.registry.decide(arn_of(title, 1), "Rejected", "No.")
    assert load("retire_models")({})["freed"] == (deployment_of(title, 1),)
