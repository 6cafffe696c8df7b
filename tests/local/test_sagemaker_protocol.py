"""The local SageMaker as botocore sees it: pipelines, executions, callbacks, errors and events."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_double import until
from tests.local.pipelined import QUEUE, ROLE, Bench, callback, condition, fail, register, written

GET_WORD = {"Get": "Steps.Ask.OutputParameters['Word']"}


def test_a_pipeline_is_made_described_and_changed(bench: Bench) -> None:
    client, text = bench.client, written(callback("Ask"))
    arn = client.create_pipeline(PipelineName="tune", RoleArn=ROLE, PipelineDefinition=text)["PipelineArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:210987654321:pipeline/tune"
    client.update_pipeline(PipelineName="tune", PipelineDefinition=written(callback("Other")))
    described = client.describe_pipeline(PipelineName="tune")
    assert json.loads(described["PipelineDefinition"])["Steps"][0]["Name"] == "Other"
    assert (described["PipelineArn"], described["PipelineStatus"], described["RoleArn"]) == (arn, "Active", ROLE)
    client.delete_pipeline(PipelineName="tune")
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.describe_pipeline(PipelineName="tune")


def test_a_name_is_taken_once_but_the_same_request_may_come_again(bench: Bench) -> None:
    asked = {"PipelineName": "tune", "RoleArn": ROLE, "PipelineDefinition": written(callback("Ask"))}
    token = uuid.uuid4().hex
    first = bench.client.create_pipeline(**asked, ClientRequestToken=token)
    assert bench.client.create_pipeline(**asked, ClientRequestToken=token)["PipelineArn"] == first["PipelineArn"]
    with pytest.raises(ClientError, match="Pipeline names must be unique within"):
        bench.client.create_pipeline(**asked)


def test_a_callback_is_sent_and_its_answer_goes_on(bench: Bench) -> None:
    arn = bench.run(
        callback("Ask", "Word", Title={"Get": "Parameters.Title"}, Where={"Get": "Execution.PipelineExecutionArn"}),
        callback("Then", Heard=GET_WORD),
        parameters=[{"Name": "Title", "Type": "String"}],
        Title="saltmarrow",
    )
    message = bench.message()
    assert message["queue"] == QUEUE
    assert message["arguments"] == {"Title": "saltmarrow", "Where": arn}
    assert (message["pipelineExecutionArn"], message["status"]) == (arn, "Executing")
    assert len(message["token"]) == 10
    answer = bench.client.send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=[{"Name": "Word", "Value": "salt"}]
    )
    assert answer["PipelineExecutionArn"] == arn
    second = bench.message(2)
    assert second["arguments"] == {"Heard": "salt"}
    bench.client.send_pipeline_execution_step_success(CallbackToken=second["token"])
    assert bench.ended(arn) == "Succeeded"
    told = bench.steps(arn)["Ask"]["Metadata"]["Callback"]
    assert told["OutputParameters"] == [{"Name": "Word", "Value": "salt"}]
    assert (told["CallbackToken"], told["SqsQueueUrl"]) == (message["token"], QUEUE)


def test_a_failed_callback_fails_the_execution(bench: Bench) -> None:
    arn = bench.run(callback("Ask"), callback("Then", depends=["Ask"]))
    bench.client.send_pipeline_execution_step_failure(
        CallbackToken=bench.message()["token"], FailureReason="No rights."
    )
    assert bench.ended(arn) == "Failed"
    steps = bench.steps(arn)
    assert list(steps) == ["Ask"]
    assert (steps["Ask"]["StepStatus"], steps["Ask"]["FailureReason"]) == ("Failed", "No rights.")
    described = bench.client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."


def test_a_token_is_answered_once(bench: Bench) -> None:
    client = bench.client
    bench.run(callback("Ask"))
    token, own = bench.message()["token"], uuid.uuid4().hex
    client.send_pipeline_execution_step_success(CallbackToken=token, ClientRequestToken=own)
    client.send_pipeline_execution_step_success(CallbackToken=token, ClientRequestToken=own)
    with pytest.raises(client.exceptions.ConflictException):
        client.send_pipeline_execution_step_failure(CallbackToken=token, FailureReason="late")
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.send_pipeline_execution_step_success(CallbackToken="0123456789")
    with pytest.raises(ClientError, match="ValidationException"):
        client.send_pipeline_execution_step_success(CallbackToken="with-dash!")


def test_an_undeclared_output_is_refused(bench: Bench) -> None:
    bench.run(callback("Ask", "Word"))
    token = bench.message()["token"]
    with pytest.raises(ClientError, match="no output parameters Other"):
        bench.client.send_pipeline_execution_step_success(
            CallbackToken=token, OutputParameters=[{"Name": "Other", "Value": "x"}]
        )
    bench.client.send_pipeline_execution_step_success(CallbackToken=token)


def test_starting_twice_with_one_token_starts_once(bench: Bench) -> None:
    client, token = bench.client, uuid.uuid4().hex
    client.create_pipeline(PipelineName="tune", RoleArn=ROLE, PipelineDefinition=written(callback("Ask")))
    asked = {"PipelineName": "tune", "ClientRequestToken": token, "PipelineExecutionDisplayName": "run-1"}
    first = client.start_pipeline_execution(**asked)["PipelineExecutionArn"]
    assert client.start_pipeline_execution(**asked)["PipelineExecutionArn"] == first
    other = client.start_pipeline_execution(PipelineName="tune")["PipelineExecutionArn"]
    assert other != first
    assert client.describe_pipeline_execution(PipelineExecutionArn=first)["PipelineExecutionDisplayName"] == "run-1"
    until(lambda: len(bench.cloud.messages) == 2)
    assert {message["pipelineExecutionArn"] for message in bench.cloud.messages} == {first, other}


def test_parameters_are_those_of_the_definition(bench: Bench) -> None:
    parameters = [{"Name": "Title", "Type": "String"}, {"Name": "Times", "Type": "Integer", "DefaultValue": 3}]
    step = callback("Ask", Title={"Get": "Parameters.Title"}, Times={"Get": "Parameters.Times"})
    with pytest.raises(ClientError, match="parameters Title have no default"):
        bench.run(step, parameters=parameters)
    with pytest.raises(ClientError, match="no parameters Other"):
        bench.run(step, parameters=parameters, Title="x", Other="y")
    with pytest.raises(ClientError, match="Times is no Integer"):
        bench.run(step, parameters=parameters, Title="x", Times="many")
    bench.run(step, parameters=parameters, Title="x")
    assert bench.message()["arguments"] == {"Title": "x", "Times": 3}


def test_a_condition_chooses_a_branch(bench: Bench) -> None:
    choice = condition("Better", GET_WORD, [register("Register")], [fail("NotBetter")])
    arn = bench.run(callback("Ask", "Word"), choice)
    bench.client.send_pipeline_execution_step_success(
        CallbackToken=bench.message()["token"], OutputParameters=[{"Name": "Word", "Value": "yes"}]
    )
    assert bench.ended(arn) == "Succeeded"
    steps = bench.steps(arn)
    assert list(steps) == ["Ask", "Better", "Register"]
    assert steps["Better"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    described = bench.client.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["MetadataProperties"]["GeneratedBy"] == arn


def test_the_other_branch_fails_with_its_message(bench: Bench) -> None:
    words = {"Std:Join": {"On": " ", "Values": ["It said", GET_WORD]}}
    arn = bench.run(
        callback("Ask", "Word"), condition("Better", GET_WORD, [register("Register")], [fail("Not", words)])
    )
    bench.client.send_pipeline_execution_step_success(
        CallbackToken=bench.message()["token"], OutputParameters=[{"Name": "Word", "Value": "no"}]
    )
    assert bench.ended(arn) == "Failed"
    steps = bench.steps(arn)
    assert list(steps) == ["Ask", "Better", "Not"]
    assert steps["Not"]["FailureReason"] == "It said no"
    assert steps["Not"]["Metadata"] == {"Fail": {"ErrorMessage": "It said no"}}


def test_an_output_that_was_not_given_fails_the_step_that_needs_it(bench: Bench) -> None:
    arn = bench.run(callback("Ask", "Word"), callback("Then", Heard=GET_WORD))
    bench.client.send_pipeline_execution_step_success(CallbackToken=bench.message()["token"])
    assert bench.ended(arn) == "Failed"
    assert "step Ask gave no OutputParameters.Word" in bench.steps(arn)["Then"]["FailureReason"]


def test_stopping_asks_the_callback_and_waits_for_its_answer(bench: Bench) -> None:
    arn = bench.run(callback("Ask", Title="x"), callback("Then", depends=["Ask"]))
    token = bench.message()["token"]
    bench.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    told = bench.message(2)
    assert (told["status"], told["token"], told["arguments"]) == ("Stopping", token, {"Title": "x"})
    bench.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert bench.status(arn) == "Stopping"
    bench.client.send_pipeline_execution_step_failure(CallbackToken=token, FailureReason="stopped")
    assert bench.ended(arn) == "Stopped"
    assert list(bench.steps(arn)) == ["Ask"]
    assert len(bench.cloud.messages) == 2
    with pytest.raises(bench.client.exceptions.ConflictException):
        bench.client.stop_pipeline_execution(PipelineExecutionArn=arn)


def test_callbacks_that_wait_are_told_again_when_asked(bench: Bench) -> None:
    bench.run(callback("Ask", Title="x"), callback("Other"))
    until(lambda: len(bench.cloud.messages) == 2)
    first, second = bench.cloud.messages
    bench.client.send_pipeline_execution_step_success(CallbackToken=second["token"])
    assert httpx.post(f"{bench.client.meta.endpoint_url}/_npcops/remind").json() == {"waiting": 1}
    assert bench.message(3) == first


def test_ends_are_told_again_when_asked(bench: Bench) -> None:
    arn = bench.run(callback("Ask", Title="x"))
    token = bench.message()["token"]
    bench.client.send_pipeline_execution_step_success(CallbackToken=token)
    assert bench.ended(arn) == "Succeeded"

    until(lambda: bench.cloud.statuses("Execution Status Change") == ["Executing", "Succeeded"])
    assert httpx.post(f"{bench.client.meta.endpoint_url}/_npcops/remind").json() == {"waiting": 0}
    until(lambda: bench.cloud.statuses("Execution Status Change") == ["Executing", "Succeeded", "Succeeded"])


def test_events_tell_every_status_in_order(bench: Bench) -> None:
    arn = bench.run(callback("Ask"))
    bench.client.send_pipeline_execution_step_success(CallbackToken=bench.message()["token"])
    until(lambda: len(bench.cloud.events) == 4)
    assert bench.cloud.statuses("Execution Status Change") == ["Executing", "Succeeded"]
    assert bench.cloud.statuses("Step Status Change") == ["Executing", "Succeeded"]
    last = bench.cloud.events[-1]
    detail = json.loads(last["Detail"])
    assert last["Source"] == "aws.sagemaker"
    assert last["Resources"] == [arn.rpartition("/execution/")[0], arn]
    assert detail["previousPipelineExecutionStatus"] == "Executing"
    assert detail["pipelineExecutionArn"] == arn
    assert "executionEndTime" in detail
    assert bench.cloud.headers[0]["x-npcops-service"] == "sagemaker"


def test_steps_come_in_pages_the_newest_first(bench: Bench) -> None:
    names = [f"Step{number}" for number in range(12)]
    arn = bench.run(*(callback(name) for name in names))
    first = bench.client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    assert [step["StepName"] for step in first["PipelineExecutionSteps"]] == names[:1:-1]
    rest = bench.client.list_pipeline_execution_steps(PipelineExecutionArn=arn, NextToken=first["NextToken"])
    assert [step["StepName"] for step in rest["PipelineExecutionSteps"]] == names[1::-1]
    assert "NextToken" not in rest
    with pytest.raises(ClientError, match="NextToken"):
        bench.client.list_pipeline_execution_steps(PipelineExecutionArn=arn, NextToken="nonsense")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{"Name": "Train", "Type": "Training", "Arguments": {}}], "steps of type 'Training' are not served here"),
        ([callback("Ask", Word={"Get": "Steps.Gone.OutputParameters['Word']"})], "a step Gone, which is not there"),
        ([callback("Ask", Word={"Get": "Parameters.Gone"})], "a parameter Gone, which is not there"),
        ([callback("Ask", Word={"Std:JsonGet": {}})], "The function Std:JsonGet is not served here"),
        ([callback("Ask", depends=["Then"]), callback("Then", depends=["Ask"])], "wait for each other"),
    ],
)
def test_what_is_not_known_is_refused_when_the_pipeline_is_made(bench: Bench, steps: list[Any], told: str) -> None:
    with pytest.raises(ClientError, match="ValidationException") as error:
        bench.run(*steps)
    assert told in error.value.response["Error"]["Message"]


def test_unknown_operations_and_malformed_requests_have_their_names(bench: Bench) -> None:
    client = bench.client
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_models()
    url = client.meta.endpoint_url
    broken = httpx.post(url, content=b"{", headers={"x-amz-target": "SageMaker.DescribePipeline"})
    assert (broken.status_code, broken.json()["__type"]) == (400, "SerializationException")
    empty = httpx.post(url, content=b"{}", headers={"x-amz-target": "SageMaker.DescribePipeline"})
    assert (empty.status_code, empty.json()["__type"]) == (400, "ValidationException")
    assert httpx.get(f"{url}/health").json() == {"pipelines": [], "executing": 0, "undelivered": 0}


def test_what_is_asked_is_held_to_the_service_model(bench: Bench) -> None:
    with pytest.raises(ClientError, match="Member must satisfy regular expression"):
        bench.client.create_pipeline(PipelineName="no_underscores", RoleArn=ROLE, PipelineDefinition="{}")
    with pytest.raises(bench.client.exceptions.ResourceNotFound):
        bench.client.start_pipeline_execution(PipelineName="missing")
