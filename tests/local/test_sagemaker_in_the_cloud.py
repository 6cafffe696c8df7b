"""The local SageMaker beside the real embedded cloud: a stack brings its pipeline, and rules hear its events."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import issuer, processes, services, venvs
from local.layout import ROOT, Layout
from local.services import CLOUD, SAGEMAKER, ChatModel
from local.state import StackState
from tests.infra import descriptions
from tests.local.cloud_double import until

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Clients of an embedded cloud with a SageMaker beside it, both in a folder of their own."""
    if not venvs.binary("cloud", "python").exists():
        pytest.skip("the embedded cloud is not installed; run: python -m local.venvs cloud")
    layout, state = Layout(tmp_path_factory.mktemp("stack")), StackState()
    layout.prepare()
    issuer.ensure_key(layout)
    for name in services.PREFERRED_PORTS:
        state.ports[name] = processes.any_free_port()
    commands = services.servers(layout, state, ChatModel("none", "none"))
    try:
        for name in (SAGEMAKER, CLOUD):
            command, environment = commands[name]
            state.processes[name] = processes.start(command, services.log_file(layout, name), environment, ROOT)
        for name in (SAGEMAKER, CLOUD):
            services.wait_ready(layout, state, name)
        yield lambda service: connect(service, services.url(state, SAGEMAKER if service == "sagemaker" else CLOUD))
    finally:
        services.stop_all(state)


def connect(service: str, url: str) -> Any:
    session: Any = boto3.session.Session()
    keys = {"aws_access_key_id": services.ACCOUNT, "aws_secret_access_key": "local"}
    return session.client(service, endpoint_url=url, region_name=services.REGION, **keys)


def definition(message: str) -> dict[str, Any]:
    """As it is written for CloudFormation: with functions of its own inside."""
    return {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [
            {
                "Name": "Ask",
                "Type": "Callback",
                "SqsQueueUrl": {"Ref": "Callbacks"},
                "Arguments": {"Message": message, "Queue": {"Fn::GetAtt": ["Callbacks", "Arn"]}},
                "OutputParameters": [],
            }
        ],
    }


def real_template(snippet: str) -> str:
    """What template.yaml says of the pipeline, with stand-ins for what it refers to."""
    written = copy.deepcopy(descriptions.template())
    parameters = ("Stage", "ProcessingImage", "ProcessingInstanceType")
    pipeline = written["Resources"]["TuningPipeline"]
    body = pipeline["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]["Fn::ToJsonString"]
    body["Fn::Transform"]["Parameters"]["Location"] = snippet
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
    resources = {"TuningPipeline": pipeline, "CallbackQueue": {"Type": "AWS::SQS::Queue"}}
    return json.dumps(
        {
            "Transform": ["AWS::LanguageExtensions"],
            "Parameters": {name: written["Parameters"][name] for name in parameters},
            "Conditions": {"OwnProcessingImage": written["Conditions"]["OwnProcessingImage"]},
            "Resources": {**resources, "PipelineRole": role, "ProcessingRole": role},
        }
    )


def template(snippet: str) -> str:
    included = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": snippet}}}
    pattern = {"source": ["aws.sagemaker"], "detail-type": [{"prefix": "SageMaker Model Building Pipeline Execution"}]}
    resources = {
        "Callbacks": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-callbacks"}},
        },
        "Heard": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-heard"}}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": pattern,
                "Targets": [{"Id": "heard", "Arn": {"Fn::GetAtt": ["Heard", "Arn"]}}],
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        },
        "Pipeline": {
            "Type": "AWS::SageMaker::Pipeline",
            "Properties": {
                "PipelineName": {"Fn::Sub": "${AWS::StackName}-tune"},
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "PipelineDefinition": {"PipelineDefinitionBody": {"Fn::ToJsonString": included}},
            },
        },
    }
    outputs = {"Pipeline": {"Value": {"Ref": "Pipeline"}}}
    return json.dumps({"Transform": ["AWS::LanguageExtensions"], "Resources": resources, "Outputs": outputs})


def deploy(client: Client, stack: str, content: Any, written: Callable[[str], str] = template, **given: str) -> str:
    """Create or update the stack with that definition, as `sam deploy` would; returns the stack's status."""
    storage, stacks = client("s3"), client("cloudformation")
    storage.create_bucket(Bucket="artifacts")
    body = json.dumps(content).encode()
    key = f"{stack}/{hashlib.sha256(body).hexdigest()}"
    storage.put_object(Bucket="artifacts", Key=key, Body=body)
    asked = {
        "StackName": stack,
        "TemplateBody": written(f"s3://artifacts/{key}"),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        stacks.describe_stacks(StackName=stack)
        stacks.update_stack(**asked)
    except ClientError:
        stacks.create_stack(**asked)

    def status() -> str:
        return str(stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    until(lambda: not status().endswith("_IN_PROGRESS"))
    return status()


def received(client: Client, queue: str) -> dict[str, Any]:
    """The next message of a queue."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    message = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))[0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return dict(json.loads(message["Body"]))


def test_a_stack_brings_its_pipeline_and_rules_hear_its_events(client: Client) -> None:
    sagemaker = client("sagemaker")
    assert deploy(client, "one", definition("first")) == "CREATE_COMPLETE"
    execution = sagemaker.start_pipeline_execution(PipelineName="one-tune")["PipelineExecutionArn"]
    message = received(client, "one-callbacks")
    assert message["arguments"] == {"Message": "first", "Queue": "arn:aws:sqs:us-east-1:210987654321:one-callbacks"}
    sagemaker.send_pipeline_execution_step_success(CallbackToken=message["token"])
    told = [received(client, "one-heard") for _ in range(4)]
    assert {event["source"] for event in told} == {"aws.sagemaker"}
    statuses = [event["detail"].get("currentPipelineExecutionStatus") for event in told]
    assert [status for status in statuses if status] == ["Executing", "Succeeded"]
    assert told[0]["detail"]["pipelineExecutionArn"] == execution


def test_a_changed_definition_is_a_changed_pipeline(client: Client) -> None:
    assert deploy(client, "two", definition("first")) == "CREATE_COMPLETE"
    assert deploy(client, "two", definition("second")) == "UPDATE_COMPLETE"
    client("sagemaker").start_pipeline_execution(PipelineName="two-tune")
    assert received(client, "two-callbacks")["arguments"]["Message"] == "second"


def test_a_definition_that_is_refused_changes_nothing(client: Client) -> None:
    deploy(client, "three", definition("first"))
    before = client("sagemaker").describe_pipeline(PipelineName="three-tune")["PipelineDefinition"]
    wrong = definition("second")
    wrong["Steps"][0]["Type"] = "Training"
    assert deploy(client, "three", wrong) == "UPDATE_ROLLBACK_COMPLETE"
    assert client("sagemaker").describe_pipeline(PipelineName="three-tune")["PipelineDefinition"] == before


def test_a_stack_takes_its_pipeline_with_it(client: Client) -> None:
    sagemaker = client("sagemaker")
    deploy(client, "four", definition("first"))
    client("cloudformation").delete_stack(StackName="four")

    def gone() -> bool:
        try:
            sagemaker.describe_pipeline(PipelineName="four-tune")
        except sagemaker.exceptions.ResourceNotFound:
            return True
        return False

    until(gone)


def test_the_pipeline_of_the_product_is_taken_as_it_is_written(client: Client) -> None:
    content = json.loads((ROOT / "pipelines" / "tune.json").read_text())
    assert deploy(client, "five", content, real_template, Stage="local") == "CREATE_COMPLETE"
    described = client("sagemaker").describe_pipeline(PipelineName="npcops-local-tune")
    steps = json.loads(described["PipelineDefinition"])["Steps"]
    assert [step["Name"] for step in steps] == ["Preprocess", "Tune", "Evaluate", "Better"]
    assert steps[1]["SqsQueueUrl"].startswith("http://127.0.0.1:")


def test_others_cannot_speak_as_aws(client: Client) -> None:
    answer = client("events").put_events(Entries=[{"Source": "aws.sagemaker", "DetailType": "Forged", "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 1
