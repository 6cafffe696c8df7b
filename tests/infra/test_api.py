"""The API's description: every operation is validated, authorised and wired, and every refusal a problem document."""

import json
import re
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from npcops import (
    catalog_entries,
    catalogue,
    dialogue,
    entry_diff,
    errors,
    evaluation_state,
    golden,
    labelled,
    labels,
    lore_state,
    memory,
    models_state,
    offer_training,
    people,
    plans,
    promotions,
    saves,
    snapshots,
    start_evaluation,
    try_out,
    tune_corrections,
    tuning_state,
    tunings,
)
from tests.infra.descriptions import api, functions, operations, sample

OPERATIONS = sorted(operations())
SCHEMAS = api()["components"]["schemas"]
GATEWAY = api()["x-amazon-apigateway-gateway-responses"]
# Keywords that API Gateway's models do not know, or accept and then ignore.
UNSUPPORTED = {
    "nullable",
    "example",
    "oneOf",
    "anyOf",
    "discriminator",
    "readOnly",
    "exclusiveMinimum",
    "default",
    "format",
}
# Every field of a body and the type that reads or writes it.
BODIES: dict[str, type[msgspec.Struct]] = {
    "TurnRequest": dialogue.TurnRequest,
    "Turn": dialogue.Turn,
    "World": memory.WorldState,
    "SaveChanged": saves.SaveChanged,
    "SaveList": saves.SaveList,
    "UploadRequest": lore_state.UploadRequest,
    "Upload": lore_state.Upload,
    "Document": lore_state.DocumentState,
    "NewSnapshot": snapshots.NewSnapshot,
    "SnapshotProgress": snapshots.Progress,
    "Snapshot": snapshots.SnapshotState,
    "Rating": people.Rating,
    "Rated": people.Rated,
    "Reviewed": people.Reviewed,
    "ReviewList": people.ReviewList,
    "Correction": people.Correction,
    "CorrectionList": people.CorrectionList,
    "Decision": people.Decision,
    "Decided": people.Decided,
    "Pair": people.Pair,
    "NextPair": people.NextPair,
    "Preference": people.Preference,
    "Preferences": people.Preferences,
    "Agreement": people.Agreement,
    "Agreements": labelled.Agreements,
    "NewJudgements": labelled.NewJudgements,
    "JudgedSoFar": labelled.JudgedSoFar,
    "NewEntry": catalog_entries.NewVersion,
    "StoredEntry": labels.Stored,
    "LabelMove": labels.LabelMove,
    "CopyRequest": catalog_entries.Copy,
    "Move": catalogue.Move,
    "EntryVersion": catalogue.VersionInfo,
    "Differences": entry_diff.EntryDiff,
    "EvaluationRequest": plans.EvaluationRequest,
    "Configuration": plans.Configuration,
    "GoldenCase": golden.GoldenCase,
    "StartedEvaluation": start_evaluation.Started,
    "OfferedUpload": start_evaluation.OfferedUpload,
    "ListedEvaluation": evaluation_state.Listed,
    "Evaluation": evaluation_state.Described,
    "Trend": evaluation_state.Trend,
    "TuningRequest": tunings.TuningRequest,
    "CorrectionsRequest": tune_corrections.CorrectionsRequest,
    "OfferedTraining": offer_training.OfferedTraining,
    "TunedCorrections": tune_corrections.TunedCorrections,
    "Tuning": tunings.Tuning,
    "TuningList": tuning_state.TuningList,
    "DescribedTuning": tuning_state.DescribedTuning,
    "TryRequest": try_out.TryRequest,
    "TriedOut": try_out.TriedOut,
    "ModelList": models_state.ModelList,
    "ListedModel": models_state.ListedModel,
    "DecidedModel": models_state.DecidedModel,
    "PromotionStarted": models_state.PromotionStarted,
    "RolledBack": models_state.RolledBack,
    "Promoted": promotions.Promoted,
    "ModelMove": promotions.ModelMove,
    "ModelDecision": promotions.Decided,
    "PromotionRequest": promotions.PromotionRequest,
    "RollbackRequest": promotions.RollbackRequest,
}


def keys(node: Any) -> set[str]:
    """Every keyword of a schema; the names of properties are none."""
    if isinstance(node, list):
        return set().union(*map(keys, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    below = (list(value.values()) if name == "properties" else value for name, value in node.items())
    return set(node).union(*map(keys, below)) if node else set()


def request_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that a JSON body must fit."""
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return SCHEMAS[reference.rsplit("/", 1)[-1]] | {"components": {"schemas": SCHEMAS}}


@pytest.mark.parametrize("at", OPERATIONS, ids=" ".join)
def test_requests_are_validated_before_any_function_runs(at: tuple[str, str]) -> None:
    operation = operations()[at]
    chosen = operation.get("x-amazon-apigateway-request-validator", api()["x-amazon-apigateway-request-validator"])
    validator = api()["x-amazon-apigateway-request-validators"][chosen]
    assert validator == {"validateRequestParameters": True, "validateRequestBody": True}
    in_path = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
    assert in_path == {name.rstrip("+") for name in re.findall(r"\{([^}]+)\}", at[1])}
    assert operation.get("requestBody", {"required": True})["required"] is True


def test_routes_of_the_description_and_of_the_functions_agree() -> None:
    described = {
        at: re.search(r"\$\{(\w+)\.Arn\}", body["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])[1]
        for at, body in operations().items()
    }
    permitted = {
        (event["Properties"]["Method"], event["Properties"]["Path"]): name
        for name, body in functions().items()
        for event in body.get("Events", {}).values()
        if event["Type"] == "Api"
    }
    assert described == permitted
    assert {
        event["Properties"]["RestApiId"]["Ref"]
        for b in functions().values()
        for event in b.get("Events", {}).values()
        if event["Type"] == "Api"
    } == {"Api"}


@pytest.mark.parametrize("at", OPERATIONS, ids=" ".join)
def test_defect_07_refusals_and_failures_have_their_own_status_and_form(at: tuple[str, str]) -> None:
    responses = operations()[at]["responses"]
    assert {"400", "401", "403", "429", "500", "503", "504"} <= responses.keys()
    for status, response in responses.items():
        form = "application/problem+json" if status >= "400" else "application/json"
        assert list(response["content"]) == [form]
        assert "$ref" not in response  # API Gateway does not follow references to responses


def test_the_authoriser_is_asked_with_a_well_formed_token_and_its_answer_is_kept() -> None:
    scheme = api()["components"]["securitySchemes"]["token"]
    authoriser = scheme["x-amazon-apigateway-authorizer"]
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization")
    assert authoriser["identitySource"] == "method.request.header.Authorization"
    assert authoriser["authorizerResultTtlInSeconds"] == 300
    assert "${AuthorizeRequest.Arn}" in authoriser["authorizerUri"]["Fn::Sub"]
    pattern = authoriser["identityValidationExpression"]
    assert re.match(pattern, sample("authorize_request")["authorizationToken"])
    assert not [
        bad for bad in ("", "Bearer ", "Bearer x", "Basic eyJ.eyJ.c2ln", "Bearer a.b.c d") if re.match(pattern, bad)
    ]


@pytest.mark.parametrize("kind", sorted(GATEWAY))
def test_a_refusal_by_the_gateway_is_a_problem_document(kind: str) -> None:
    response = GATEWAY[kind]
    assert response["responseParameters"] == {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
    template = response["responseTemplates"]["application/json"]
    body = json.loads(template.replace("$context.error.messageString", '"why"').replace("$context.requestId", "id"))
    jsonschema.validate(body, SCHEMAS["Problem"] | {"required": ["type", "title", "detail", "instance"]})
    assert body.get("status") == response.get("statusCode")
    assert body["type"].startswith("/problems/")
    assert "$" not in json.dumps(body)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("BAD_REQUEST_BODY", errors.InvalidRequest),
        ("BAD_REQUEST_PARAMETERS", errors.InvalidRequest),
        ("UNAUTHORIZED", errors.Unauthenticated),
        ("ACCESS_DENIED", errors.Forbidden),
        ("MISSING_AUTHENTICATION_TOKEN", errors.NotFound),
        ("REQUEST_TOO_LARGE", errors.TooLarge),
    ],
)
def test_the_gateway_speaks_of_problems_as_the_functions_do(kind: str, error: type[errors.NpcopsError]) -> None:
    template = GATEWAY[kind]["responseTemplates"]["application/json"]
    assert f'"type":"/problems/{error.kind}"' in template
    assert f'"title":"{error.title}"' in template
    assert GATEWAY[kind]["statusCode"] == error.status


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schemas_use_what_api_gateway_understands(name: str) -> None:
    assert name.isalnum()
    assert not UNSUPPORTED & keys(SCHEMAS[name])


@pytest.mark.parametrize("name", sorted(BODIES))
def test_schemas_and_types_have_the_same_fields(name: str) -> None:
    fields = msgspec.structs.fields(BODIES[name])
    assert set(SCHEMAS[name]["properties"]) == {field.encode_name for field in fields}
    if SCHEMAS[name].get("additionalProperties") is False:
        assert set(SCHEMAS[name].get("required", [])) == {field.encode_name for field in fields if field.required}


def test_the_change_of_a_save_has_the_fields_of_all_its_kinds() -> None:
    """API Gateway knows no alternatives: that a kind has its own fields is checked by the function."""
    properties, kinds = SCHEMAS["SaveChange"]["properties"], get_args(saves.SaveChange)
    fields = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    assert set(properties) == fields | {"action"}
    assert properties["action"]["enum"] == [kind.__struct_config__.tag for kind in kinds]


@pytest.mark.parametrize("at", [at for at in OPERATIONS if request_schema(operations()[at])], ids=" ".join)
def test_sample_bodies_pass_and_strangers_do_not(at: tuple[str, str]) -> None:
    operation = operations()[at]
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation["operationId"])
    body, schema = json.loads(sample(f"api/{name}")["body"]), request_schema(operation)
    assert schema is not None
    jsonschema.Draft4Validator(schema).validate(body)
    assert not jsonschema.Draft4Validator(schema).is_valid({**body, "surprise": 1})
    assert not jsonschema.Draft4Validator(schema).is_valid([])


@pytest.mark.parametrize(
    "body",
    [{}, {"message": ""}, {"message": "x" * 2001}, {"message": "hi", "mode": "loud"}, {"message": "hi", "save": "a b"}],
)
def test_defect_07_a_bad_turn_never_reaches_the_function(body: dict[str, str]) -> None:
    assert not jsonschema.Draft4Validator(SCHEMAS["TurnRequest"]).is_valid(body)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, dialogue.TurnRequest)
