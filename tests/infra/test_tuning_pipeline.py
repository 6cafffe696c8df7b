"""The tuning pipeline's definition: its steps fit each other, SageMaker's API and the functions that answer it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from npcops.end_tuning import TOLD
from npcops.report_assessment import outputs_of
from npcops.training_events import PREFIX
from npcops.tuning_callbacks import STEPS
from tests.evaluation_samples import an_evaluation
from tests.infra.descriptions import ACCOUNT, LOCAL, REGION, SERVERLESS, Stage, pipeline_text, resources, template
from tests.infra.test_iam import listed, statements

STAGES = {"local": LOCAL, "serverless": SERVERLESS, "own image": {**SERVERLESS, "ProcessingImage": "example/own:1"}}
WRITES = {"s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"}
# What the API knows under these names; a step's arguments are those of its operation.
OPERATIONS = {"Processing": "CreateProcessingJob", "RegisterModel": "CreateModelPackage"}


def definition(parameters: dict[str, str] = SERVERLESS) -> dict[str, Any]:
    """The definition as SageMaker gets it."""
    return dict(Stage(parameters).value(json.loads(pipeline_text())))


def steps(parameters: dict[str, str] = SERVERLESS) -> dict[str, dict[str, Any]]:
    """All steps by name, those of branches included."""

    def walk(some: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for step in some:
            yield step
            for branch in ("IfSteps", "ElseSteps"):
                yield from walk(step["Arguments"].get(branch, []))

    return {step["Name"]: step for step in walk(definition(parameters)["Steps"])}


def gets(node: Any) -> Iterator[str]:
    """Every value of the run that something refers to."""
    if isinstance(node, dict):
        if node.keys() == {"Get"}:
            yield node["Get"]
        for value in node.values():
            yield from gets(value)
    elif isinstance(node, list):
        for value in node:
            yield from gets(value)


def filled(node: Any) -> Any:
    """Arguments with a word in the place of everything that is known when they run."""
    if isinstance(node, list):
        return [filled(value) for value in node]
    if not isinstance(node, dict):
        return node
    return "s3://bucket/word" if node.keys() & {"Get", "Std:Join"} else {key: filled(node[key]) for key in node}


def test_the_template_includes_the_definition() -> None:
    (pipeline,) = resources("AWS::SageMaker::Pipeline").values()
    body = pipeline["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]
    included = {"Name": "AWS::Include", "Parameters": {"Location": "pipelines/tune.json"}}
    assert body == {"Fn::ToJsonString": {"Fn::Transform": included}}
    # The text of a definition is made by the one, before the other expands functions.
    assert template()["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_nothing_of_cloudformation_is_left_in_the_definition(stage: str) -> None:
    text = json.dumps(definition(STAGES[stage]))
    assert not re.search(r'"(Fn::\w+|Ref|Condition)":', text)
    assert len(text) < 1_000_000


def test_it_is_a_definition_of_the_known_version_with_the_known_steps() -> None:
    assert definition()["Version"] == "2020-12-01"
    kinds = {name: step["Type"] for name, step in steps().items()}
    assert kinds == {
        "Preprocess": "Processing",
        "Tune": "Callback",
        "Evaluate": "Callback",
        "Better": "Condition",
        "Register": "RegisterModel",
        "NotBetter": "Fail",
    }


def test_every_value_of_a_run_is_a_parameter_or_what_an_earlier_step_has_told() -> None:
    parameters = {f"Parameters.{one['Name']}" for one in definition()["Parameters"]}
    before: set[str] = set()
    for step in definition()["Steps"]:
        assert set(gets(step)) <= parameters | before, step["Name"]
        assert set(step.get("DependsOn", [])) <= {name.split(".")[1] for name in before} | {"Preprocess"}
        before |= {
            f"Steps.{step['Name']}.OutputParameters['{one['OutputName']}']" for one in step.get("OutputParameters", [])
        }
    assert parameters | before == set(gets(definition())) | {"Steps.Evaluate.OutputParameters['Outcome']"}


@pytest.mark.parametrize("name", [name for name, step in steps().items() if step["Type"] in OPERATIONS])
def test_arguments_are_those_of_the_operation_that_a_step_stands_for(name: str) -> None:
    step, model = steps()[name], botocore.session.get_session().get_service_model("sagemaker")
    given = filled(step["Arguments"])
    if step["Type"] == "Processing":
        given |= {"ProcessingJobName": "pipelines-abc-preprocess", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/processing"}
    shape = model.operation_model(OPERATIONS[step["Type"]]).input_shape
    assert shape is not None
    report = ParamValidator().validate(given, shape)
    assert not report.has_errors(), report.generate_report()


def test_a_callback_asks_with_what_its_functions_need() -> None:
    for word, known in STEPS.items():
        step = steps()[known.name]
        assert step["Arguments"]["Step"] == word
        assert set(known.needed) <= set(step["Arguments"])
        # The message of a callback carries text alone.
        assert all(isinstance(value, str | dict) for value in step["Arguments"].values())
        assert step["SqsQueueUrl"] == "CallbackQueue"


def test_what_is_reported_of_an_evaluation_is_what_the_step_declares() -> None:
    declared = [one["OutputName"] for one in steps()["Evaluate"]["OutputParameters"]]
    assert list(outputs_of(an_evaluation("game"), "s3://reports/report.json")) == declared


def test_a_run_keeps_what_callbacks_tell() -> None:
    told = {one["OutputName"] for step in steps().values() for one in step.get("OutputParameters", [])}
    assert set(TOLD) <= told


def test_only_a_passed_evaluation_registers_a_model_and_a_person_approves_it() -> None:
    better = steps()["Better"]["Arguments"]
    assert [one["RightValue"] for one in better["Conditions"]] == ["passed"]
    assert [step["Name"] for step in better["IfSteps"]] == ["Register"]
    assert [step["Name"] for step in better["ElseSteps"]] == ["NotBetter"]
    assert steps()["Register"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_model_is_registered_with_all_that_approval_and_promotion_ask_for() -> None:
    kept = steps()["Register"]["Arguments"]["CustomerMetadataProperties"]
    needed = {"title", "tuning", "model", "family", "npcs", "deployment", "custom_model", "evaluation", "better"}
    assert needed <= kept.keys()
    assert all(set(value) == {"Get"} for value in kept.values())
    assert len(kept) <= 50


def test_jobs_are_run_by_the_script_that_their_code_has() -> None:
    arguments = steps()["Preprocess"]["Arguments"]
    inside = "/opt/ml/processing"
    assert arguments["AppSpecification"]["ContainerEntrypoint"] == ["/bin/sh", f"{inside}/input/code/run.sh"]
    words = arguments["AppSpecification"]["ContainerArguments"]
    places = {one["InputName"]: one["S3Input"]["LocalPath"] for one in arguments["ProcessingInputs"]}
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "--message": "/opt/ml/output/message",
        "--data": places["data"],
        "--request": places["request"],
        "--output": arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"],
    }
    assert places["code"] == f"{inside}/input/code"


def test_jobs_run_in_sagemakers_image_unless_the_stage_has_its_own() -> None:
    for stage, image in (
        (
            "serverless",
            f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-training:2.6.0-cpu-py312-ubuntu22.04-sagemaker",
        ),
        ("own image", "example/own:1"),
    ):
        assert steps(STAGES[stage])["Preprocess"]["Arguments"]["AppSpecification"]["ImageUri"] == image
    pulled = {
        resource
        for stage in ("serverless", "own image")
        for where, one in statements(Stage(STAGES[stage]))
        if where == "ProcessingRole" and "ecr:BatchGetImage" in one["Action"]
        for resource in listed(one["Resource"])
    }
    registry = f"arn:aws:ecr:{REGION}:"
    assert pulled == {f"{registry}763104351884:repository/pytorch-training", f"{registry}{ACCOUNT}:repository/*"}


def test_defect_15_nothing_that_writes_results_may_write_where_data_are_awaited() -> None:
    writing = {
        (where, resource)
        for name in STAGES.values()
        for where, one in statements(Stage(name))
        if one["Effect"] == "Allow" and WRITES & set(listed(one["Action"]))
        for resource in listed(one["Resource"])
        if resource.startswith("TrainingBucket")
    }
    watched = f"TrainingBucket.Arn/{PREFIX}/*"
    assert writing == {("OfferTraining", watched), ("TuneCorrections", watched)}
    assert "NotificationConfiguration" not in resources("AWS::S3::Bucket")["ModelsBucket"]["Properties"]


def test_defect_15_every_output_of_the_pipeline_is_below_the_folder_of_its_run() -> None:
    outputs = [
        one["S3Output"]["S3Uri"] for one in steps()["Preprocess"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    ]
    outputs += [steps()["Tune"]["Arguments"][name] for name in ("TrainingUri", "ValidationUri", "OutputUri")]
    outputs.append(steps()["Evaluate"]["Arguments"]["HeldoutUri"])
    assert {one["Std:Join"]["On"] for one in outputs} == {"/"}
    assert {one["Std:Join"]["Values"][0]["Get"] for one in outputs} == {"Parameters.OutputUri"}


def test_training_data_are_versioned_and_watched_and_both_buckets_forget() -> None:
    training, models = (resources("AWS::S3::Bucket")[name]["Properties"] for name in ("TrainingBucket", "ModelsBucket"))
    assert training["VersioningConfiguration"] == models["VersioningConfiguration"] == {"Status": "Enabled"}
    assert training["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    for bucket in (training, models):
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["ExpirationInDays"] == {"Ref": "TrainingDays"}
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}


@pytest.mark.parametrize("role", ["PipelineRole", "ProcessingRole"])
def test_roles_of_the_pipeline_are_sagemakers_alone_for_this_account(role: str) -> None:
    (trust,) = resources("AWS::IAM::Role")[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_role_is_passed_to_sagemaker_alone() -> None:
    passing = [
        one
        for where, one in statements(Stage(SERVERLESS))
        if where == "PipelineRole" and one["Action"] == "iam:PassRole"
    ]
    assert [(one["Resource"], one["Condition"]) for one in passing] == [
        ("ProcessingRole.Arn", {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    ]
