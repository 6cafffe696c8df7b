"""The sample events: ours match their schemas, and every rule of the template matches its sample and nothing else."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest
from moto.events.models import EventPattern

from npcops import model_events
from npcops.canon_gate import OVERRIDDEN, overridden, overridden_model
from npcops.catalogue import Move
from npcops.conclude_evaluation import CONCLUDED, Concluded
from npcops.dialogue import Spoken
from npcops.errors import GateClosed
from npcops.hydration_events import changed_document
from npcops.promotions import ModelMove, Served
from tests.infra.descriptions import ROOT, SERVERLESS, Stage, functions, operations, resources, sample

OURS = (
    "turn_spoken.v1",
    "lore_hydrated.v1",
    "lore_failed.v1",
    "lore_deleted.v1",
    "canon_gate_overridden.v1",
    "evaluation_concluded.v1",
    "model_approved.v1",
    "model_refused.v1",
    "model_promoted.v1",
    "model_returned.v1",
    "model_rolled_back.v1",
    "drift_detected.v1",
    "live_measured.v1",
)
ALL = sorted(path.relative_to(ROOT / "events") for path in (ROOT / "events").rglob("*.json"))


def schema(name: str) -> dict[str, Any]:
    return dict(sample(f"schemas/{name}"))


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    whole: Any = event
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(whole))


def lore_pattern() -> dict[str, Any]:
    """The pattern of the bucket's rule, its bucket being the one of the samples."""
    rule = resources("AWS::Serverless::StateMachine")["HydrateLore"]["Properties"]["Events"]["LoreChanged"]
    pattern = dict(Stage(SERVERLESS).value(rule["Properties"]["Pattern"]))
    assert pattern["detail"]["bucket"]["name"] == ["LoreBucket"]
    pattern["detail"]["bucket"]["name"] = [sample("s3_object_created")["detail"]["bucket"]["name"]]
    return pattern


@pytest.mark.parametrize("name", OURS)
def test_a_sample_of_ours_fits_its_schema_and_carries_its_type(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    event = sample(name)
    jsonschema.validate(event["detail"], schema(name))
    assert event["source"] == "npcops"
    assert event["detail-type"] == schema(name)["title"]
    assert name == "".join(f"_{c.lower()}" if c.isupper() else c for c in event["detail-type"]).lstrip("_")


@pytest.mark.parametrize("name", OURS)
def test_a_schema_refuses_what_lacks_a_field_and_what_has_one_too_many(name: str) -> None:
    detail = sample(name)["detail"]
    for broken in ({**detail, "message": "text of a player"}, {k: v for k, v in detail.items() if k != "title"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema(name))


def test_what_converse_announces_is_what_the_schema_says() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(Spoken)} | {"id"}
    assert fields == set(schema("turn_spoken.v1")["required"]) == set(schema("turn_spoken.v1")["properties"])
    assert msgspec.convert(sample("turn_spoken.v1")["detail"], Spoken).npc


def test_what_an_override_announces_is_what_the_schema_says() -> None:
    move = Move("production", "5f2c8a1e9b7d4c30", "", "writer", "2026-11-20T12:00:00+00:00", "The demo is at noon.")
    closed = GateClosed("Closed.", [{"npc": "mira"}])
    detail = overridden("saltmarrow", "prompts", "dialogue", move, closed) | {"id": "1"}
    jsonschema.validate(detail, schema("canon_gate_overridden.v1"))
    assert sample("canon_gate_overridden.v1")["detail-type"] == OVERRIDDEN


def test_what_is_announced_of_models_is_what_the_schemas_say() -> None:
    served = Served("base@arn", "nova", 3, ("mira",))
    at, title = "2026-11-20T12:00:00+00:00", "saltmarrow"
    promoted = ModelMove("p1", "promoted", 3, 0, "lead", at)
    back = ModelMove("r1", "rolled-back", 0, 3, "lead", at, "It forgets.")
    announced = {
        model_events.APPROVED: model_events.approved(title, served, "", "a1", at),
        model_events.REFUSED: model_events.refused(title, 3, "Not ready.", "a1", at),
        model_events.PROMOTED: model_events.promoted(title, promoted),
        model_events.RETURNED: model_events.returned(title, promoted, 10, ["It was slow."]),
        model_events.ROLLED_BACK: model_events.rolled_back(title, back),
    }
    for kind, detail in announced.items():
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")
        jsonschema.validate(detail, schema(name))
    closed = GateClosed("Closed.", [{"npc": "mira"}])
    over = ModelMove("p1", "begun", 3, 0, "lead", at, "The demo is at noon.", "overridden")
    detail = overridden_model(title, "production", over, closed) | {"id": "1"}
    jsonschema.validate(detail, schema("canon_gate_overridden.v1"))


@pytest.mark.parametrize("approval", ["Approved", "Rejected", "PendingManualApproval"])
def test_the_rule_of_decisions_matches_those_of_this_stage(approval: str) -> None:
    """QA and PROD never together: the whole prefix of the stage is asked for. Approvals can be withdrawn as well."""
    rule = functions()["OnModelApproved"]["Events"]["ModelDecided"]["Properties"]["Pattern"]
    pattern, event = dict(Stage({**SERVERLESS, "Stage": "dev"}).value(rule)), sample("on_model_approved")
    event["detail"]["ModelApprovalStatus"] = approval
    assert matches(pattern, event)
    for group in ("npcops-prod-saltmarrow", "npcops-device-x", "xnpcops-dev-saltmarrow"):
        event["detail"]["ModelPackageGroupName"] = group
        assert not matches(pattern, event)


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_the_rule_of_promotions_that_broke_off_matches_these_alone(status: str) -> None:
    rule = functions()["ReturnTraffic"]["Events"]["BrokenOff"]["Properties"]["Pattern"]
    pattern, event = dict(Stage(SERVERLESS).value(rule)), sample("promotion_broken_off")
    assert pattern["detail"]["stateMachineArn"] == ["PromoteModel"]
    pattern["detail"]["stateMachineArn"] = [event["detail"]["stateMachineArn"]]
    event["detail"]["status"] = status
    assert matches(pattern, event) == (status not in ("RUNNING", "SUCCEEDED"))
    event["detail"]["stateMachineArn"] += "-2"
    assert not matches(pattern, event)


def test_what_a_conclusion_announces_is_what_the_schema_says() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(Concluded)} | {"id", "title", "npcs"}
    assert fields == set(schema("evaluation_concluded.v1")["properties"])
    assert sample("evaluation_concluded.v1")["detail-type"] == CONCLUDED


def test_the_queued_sample_carries_the_event_of_the_bus() -> None:
    (record,) = sample("sqs_turn_spoken")["Records"]
    assert json.loads(record["body"]) == sample("turn_spoken.v1")


@pytest.mark.parametrize("name", ["s3_object_created", "s3_object_deleted"])
def test_the_lore_rule_matches_changes_of_lore(name: str) -> None:
    assert matches(lore_pattern(), sample(name))


def test_the_rule_of_cases_matches_uploads_of_cases_alone() -> None:
    rule = functions()["TakeCases"]["Events"]["CasesUploaded"]["Properties"]["Pattern"]
    pattern = dict(Stage(SERVERLESS).value(rule))
    assert pattern["detail"]["bucket"]["name"] == ["EvaluationsBucket"]
    pattern["detail"]["bucket"]["name"] = [sample("take_cases")["detail"]["bucket"]["name"]]
    assert matches(pattern, sample("take_cases"))
    result = copy.deepcopy(sample("take_cases"))
    result["detail"]["object"]["key"] = "evaluations/saltmarrow/019a9c4f2d803f1b2c4d5e/plan.json"
    assert not matches(pattern, result)
    assert not matches(pattern, sample("s3_object_created"))


def tuning_pattern(function: str, event: str) -> dict[str, Any]:
    """The pattern of a rule of tuning, bucket and region being those of the samples."""
    rule = functions()[function]["Events"][event]["Properties"]["Pattern"]
    pattern = dict(Stage(SERVERLESS).value(rule))
    if "bucket" in pattern["detail"]:
        assert pattern["detail"]["bucket"]["name"] == ["TrainingBucket"]
        pattern["detail"]["bucket"]["name"] = [sample("take_training")["detail"]["bucket"]["name"]]
    return pattern


def test_defect_15_the_rule_of_training_data_matches_uploads_of_it_alone() -> None:
    pattern, upload = tuning_pattern("TakeTraining", "TrainingUploaded"), sample("take_training")
    assert matches(pattern, upload)
    for key in ("runs/saltmarrow/019a9c4f2d803f1b2c4d5e/data/train.jsonl", "code/0011/run.sh", "x/training/a/b.jsonl"):
        written = copy.deepcopy(upload)
        written["detail"]["object"]["key"] = key
        assert not matches(pattern, written)
    elsewhere = copy.deepcopy(upload)
    elsewhere["detail"]["bucket"]["name"] = "npcops-dev-modelsbucket-1x2y3z"
    assert not matches(pattern, elsewhere)
    assert not matches(pattern, {**upload, "detail-type": "Object Deleted"})
    assert not matches(pattern, sample("take_cases"))


@pytest.mark.parametrize("status", ["Executing", "Stopping", "Succeeded", "Failed", "Stopped"])
def test_the_rule_of_ended_runs_matches_the_ends_of_this_stage_s_pipeline(status: str) -> None:
    pattern, event = tuning_pattern("EndTuning", "PipelineEnded"), sample("end_tuning")
    event["detail"]["currentPipelineExecutionStatus"] = status
    assert matches(pattern, event) == (status in ("Succeeded", "Failed", "Stopped"))
    event["detail"]["pipelineArn"] = event["detail"]["pipelineArn"].replace("npcops-dev-", "npcops-qa-")
    assert not matches(pattern, event)


@pytest.mark.parametrize("machine", ["TuneModel", "AssessModel"])
@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_the_rule_of_work_that_broke_off_matches_it_alone(machine: str, status: str) -> None:
    rule = resources("AWS::Events::Rule")["CallbackBrokenOffRule"]["Properties"]["EventPattern"]
    pattern, event = dict(Stage(SERVERLESS).value(rule)), sample("callback_broken_off")
    event["detail"] |= {"status": status, "stateMachineArn": machine}
    assert matches(pattern, event) == (status not in ("RUNNING", "SUCCEEDED"))
    event["detail"]["stateMachineArn"] = "Evaluate"
    assert not matches(pattern, event)


def _other_bucket(event: dict[str, Any]) -> None:
    event["detail"]["bucket"]["name"] = "npcops-dev-workbucket-1x2y3z"


def _other_prefix(event: dict[str, Any]) -> None:
    event["detail"]["object"]["key"] = "models/output/lore/x.md"


def _other_type(event: dict[str, Any]) -> None:
    event["detail-type"] = "Object Tags Added"


def _other_source(event: dict[str, Any]) -> None:
    event["source"] = "npcops"


@pytest.mark.parametrize("change", [_other_bucket, _other_prefix, _other_type, _other_source])
def test_defect_15_the_lore_rule_matches_nothing_else(change: Callable[[dict[str, Any]], None]) -> None:
    event = copy.deepcopy(sample("s3_object_created"))
    change(event)
    assert not matches(lore_pattern(), event)


def test_the_rule_of_turns_matches_turns_only() -> None:
    pattern = Stage(SERVERLESS).value(resources("AWS::Events::Rule")["TurnSpokenRule"]["Properties"]["EventPattern"])
    assert [name for name in OURS if matches(pattern, sample(name))] == ["turn_spoken.v1"]


@pytest.mark.parametrize(
    "name", ["s3_object_created", "s3_object_deleted", "s3_notification_put", "hydration_reconciled"]
)
def test_defect_08_every_kind_of_change_names_the_same_document(name: str) -> None:
    change = changed_document(sample(name))
    assert (change.title, change.path) == ("saltmarrow", "places/Grey+Gull inn.md")
    assert bool(change.sequencer) == name.startswith("s3_")


@pytest.mark.parametrize("place", [path for path in ALL if path.parts[0] == "api"], ids=str)
def test_an_api_sample_is_a_call_of_its_operation(place: Any) -> None:
    event = sample(str(place.with_suffix("")))
    operation = operations()[(event["httpMethod"].lower(), event["resource"])]
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation["operationId"])
    assert name == place.stem
    assert event["requestContext"]["authorizer"].keys() >= {"title", "subject", "scopes"}
    known = {parameter["name"] for parameter in operation.get("parameters", [])}
    assert set(event["pathParameters"] or {}) | set(event["queryStringParameters"] or {}) <= known


def test_every_operation_has_a_sample() -> None:
    assert len([path for path in ALL if path.parts[0] == "api"]) == len(operations())
