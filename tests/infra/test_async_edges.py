"""Nothing out of sight is lost in silence: every asynchronous edge has a dead-letter queue and an alarm."""

from typing import Any

import pytest

from npcops.studio_metrics import OVERRIDES
from tests.infra.descriptions import SERVERLESS, Stage, functions, resources

ALARMS = {name: body["Properties"] for name, body in resources("AWS::CloudWatch::Alarm").items()}
ASYNCHRONOUS = ("Schedule", "ScheduleV2", "EventBridgeRule", "S3", "SNS")


def queue_of(reference: Any) -> str:
    """The logical id in {Arn: !GetAtt Queue.Arn}; it must be a queue of the template."""
    name = reference["Fn::GetAtt"][0]
    assert name in resources("AWS::SQS::Queue")
    return str(name)


def edges() -> dict[str, str | None]:
    """Every asynchronous edge and its dead-letter queue, None where there is none."""
    found: dict[str, str | None] = {}
    for name, body in resources("AWS::Events::Rule").items():
        for target in body["Properties"]["Targets"]:
            dead = target.get("DeadLetterConfig")
            found[f"{name} -> {target['Id']}"] = queue_of(dead["Arn"]) if dead else None
    machines = {name: body["Properties"] for name, body in resources("AWS::Serverless::StateMachine").items()}
    for name, properties in {**functions(), **machines}.items():
        for label, event in properties.get("Events", {}).items():
            if event["Type"] in ASYNCHRONOUS:
                dead = event["Properties"].get("DeadLetterConfig")
                found[f"{label} -> {name}"] = queue_of(dead["Arn"]) if dead else None
                if name in functions():
                    failed = properties.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
                    found[f"{name} fails"] = queue_of(failed["Destination"]) if failed else None
            if event["Type"] == "SQS":
                queue = resources("AWS::SQS::Queue")[queue_of(event["Properties"]["Queue"])]["Properties"]
                dead = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")
                found[f"{label} -> {name}"] = queue_of(dead) if dead else None
    return found


def watched(namespace: str, metric: str) -> set[str]:
    """What the alarms on a metric look at: logical ids."""
    found = set()
    for alarm in ALARMS.values():
        if (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric):
            value = alarm["Dimensions"][0]["Value"]
            found.add(value.get("Ref") or value["Fn::GetAtt"][0])
    return found


def test_the_edges_are_the_ones_we_know_of() -> None:
    assert set(edges()) == {
        "TurnSpokenRule -> RememberQueue",
        "TurnSpoken -> Remember",
        "TurnSpokenRule -> SampleTurnQueue",
        "TurnSpoken -> SampleTurn",
        "LoreChanged -> HydrateLore",
        "CasesUploaded -> TakeCases",
        "TakeCases fails",
        "TrainingUploaded -> TakeTraining",
        "TakeTraining fails",
        "PipelineEnded -> EndTuning",
        "EndTuning fails",
        "CallbackWaits -> TakeCallback",
        "CallbackBrokenOffRule -> CallbackQueue",
        "Period -> EvaluateLive",
        "EvaluateLive fails",
        "NewPoint -> WatchTrend",
        "WatchTrend fails",
        "Nightly -> ReconcileTitles",
        "ReconcileTitles fails",
        "ModelDecided -> OnModelApproved",
        "OnModelApproved fails",
        "BrokenOff -> ReturnTraffic",
        "ReturnTraffic fails",
        "Hourly -> RetireModels",
        "RetireModels fails",
    }


@pytest.mark.parametrize("edge", sorted(edges()))
def test_defect_12_every_asynchronous_edge_has_a_dead_letter_queue_that_rings(edge: str) -> None:
    queue = edges()[edge]
    assert queue is not None
    assert queue in watched("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    fourteen_days = 14 * 24 * 3600
    assert resources("AWS::SQS::Queue")[queue]["Properties"]["MessageRetentionPeriod"] == fourteen_days


def test_defect_12_failures_of_the_state_machine_and_of_asynchronous_functions_ring() -> None:
    machines = set(resources("AWS::Serverless::StateMachine"))
    assert watched("AWS/States", "ExecutionsFailed") == watched("AWS/States", "ExecutionsTimedOut") == machines
    assert watched("AWS/Lambda", "Errors") == {
        *("Remember", "SampleTurn", "ReconcileTitles", "StreamTurn", "TakeCases", "EvaluateLive", "WatchTrend"),
        *("OnModelApproved", "ReturnTraffic", "RetireModels"),
        *("TakeTraining", "EndTuning", "TakeCallback"),
    }


def test_defect_12_failures_and_slowness_of_the_api_ring() -> None:
    assert ALARMS["ApiFailuresAlarm"]["MetricName"] == "5XXError"
    slow = ALARMS["SlowTurnsAlarm"]
    assert (slow["MetricName"], slow["ExtendedStatistic"]) == ("Duration", "p99")
    assert slow["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Converse"}}]


def test_every_override_of_the_canon_gate_rings() -> None:
    alarm = ALARMS["GateOverridesAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("npcops", OVERRIDES, "Sum")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "npcops"}]


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_goes_to_the_topic(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "Alarms"}]
    assert ALARMS[name]["TreatMissingData"] == "notBreaching"


def test_the_alarm_topic_mails_only_where_an_address_is_given() -> None:
    assert "AlarmSubscription" not in Stage(SERVERLESS).resources()
    assert "AlarmSubscription" in Stage({**SERVERLESS, "AlarmEmail": "ops@studio.example"}).resources()


def test_defect_12_tracing_is_on_everywhere() -> None:
    assert {body["Tracing"] for body in functions().values()} == {"Active"}
    assert resources("AWS::Serverless::Api")["Api"]["Properties"]["TracingEnabled"] is True
    machines = resources("AWS::Serverless::StateMachine").values()
    assert [machine["Properties"]["Tracing"] for machine in machines] == [{"Enabled": True}] * len(machines)


@pytest.mark.parametrize(
    ("name", "event_name"),
    [("Remember", "TurnSpoken"), ("SampleTurn", "TurnSpoken"), ("TakeCallback", "CallbackWaits")],
)
def test_defect_04_one_failed_message_does_not_take_its_batch_along(name: str, event_name: str) -> None:
    event = functions()[name]["Events"][event_name]["Properties"]
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = resources("AWS::SQS::Queue")[queue_of(event["Queue"])]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * functions()[name]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3


def test_a_batch_of_conversations_with_many_gates_fits_the_time_of_its_function() -> None:
    remember = functions()["Remember"]
    batch = remember["Events"]["TurnSpoken"]["Properties"]["BatchSize"]
    # For each message, a summary by each of several gates; the model may take seconds for one.
    assert remember["Timeout"] / batch >= 60


def test_eventbridge_may_write_to_every_queue_it_is_pointed_at() -> None:
    stage = Stage(SERVERLESS)
    allowed = {
        resource
        for body in stage.resources().values()
        if body["Type"] == "AWS::SQS::QueuePolicy"
        for statement in stage.value(body["Properties"]["PolicyDocument"]["Statement"])
        if statement["Principal"] == {"Service": "events.amazonaws.com"} and "Condition" in statement
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    }
    assert allowed == {
        "RememberQueue.Arn",
        "RememberDlq.Arn",
        "SampleTurnQueue.Arn",
        "SampleTurnDlq.Arn",
        "HydrateLoreDlq.Arn",
        "TakeCasesDlq.Arn",
        "OnModelApprovedDlq.Arn",
        "ReturnTrafficDlq.Arn",
        "WatchTrendDlq.Arn",
        "TakeTrainingDlq.Arn",
        "EndTuningDlq.Arn",
        "CallbackQueue.Arn",
        "CallbackDlq.Arn",
    }
