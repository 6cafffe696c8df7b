"""What the watch over drift gets from the template: its schedule, its events, and the rights that it needs."""

import copy
import json
from typing import Any

import jsonschema
import msgspec
import pytest
from moto.events.models import EventPattern

from npcops.drifts import DETECTED, MEASURED, Drift, drift_id, is_drift
from tests.infra.descriptions import LOCAL, SERVERLESS, Stage, functions, resources, sample, template

LIVE = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#live"]}}


def statements(name: str) -> list[dict[str, Any]]:
    """What a function itself may do."""
    policies = functions()[name]["Policies"]
    found = [policies] if isinstance(policies, dict) else policies
    return [statement for policy in found for statement in policy.get("Statement", [])]


def matches(event: dict[str, Any]) -> bool:
    pattern = functions()["WatchTrend"]["Events"]["NewPoint"]["Properties"]["Pattern"]
    whole: Any = event
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(whole))


@pytest.mark.parametrize(("stage", "state"), [(SERVERLESS, "ENABLED"), (LOCAL | {"DriftSchedule": "off"}, "DISABLED")])
def test_titles_are_evaluated_every_week_unless_that_is_off(stage: dict[str, str], state: str) -> None:
    schedule = Stage(stage).value(functions()["EvaluateLive"]["Events"]["Period"]["Properties"])
    assert schedule["State"] == state
    assert (
        schedule["ScheduleExpression"]
        == {
            "ENABLED": template()["Parameters"]["DriftSchedule"]["Default"],
            "DISABLED": "rate(7 days)",
        }[state]
    )
    assert "${Stage}" in functions()["EvaluateLive"]["Events"]["Period"]["Properties"]["Name"]["Fn::Sub"]


def test_a_schedule_that_is_retried_tells_the_same_time() -> None:
    given = json.loads(functions()["EvaluateLive"]["Events"]["Period"]["Properties"]["Input"])
    assert given == {"at": "<aws.scheduler.scheduled-time>"}
    assert given.keys() == sample("evaluate_live").keys()


def test_conclusions_and_live_figures_are_watched_and_nothing_else() -> None:
    assert matches(sample("evaluation_concluded.v1"))
    assert matches(sample("live_measured.v1"))
    assert matches(sample("watch_trend"))
    foreign = copy.deepcopy(sample("watch_trend")) | {"source": "elsewhere"}
    assert not matches(foreign)
    for name in ("turn_spoken.v1", "drift_detected.v1", "lore_hydrated.v1"):
        assert not matches(sample(name))
    bus = functions()["WatchTrend"]["Events"]["NewPoint"]["Properties"]["EventBusName"]
    assert bus == {"Ref": "EventBus"}


def test_the_sample_is_of_a_scheduled_evaluation() -> None:
    detail = sample("watch_trend")["detail"]
    assert is_drift(detail["title"], detail["evaluation"])
    jsonschema.validate(detail, sample("schemas/evaluation_concluded.v1"))


def test_what_is_told_of_drift_is_what_the_schema_says() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(Drift)}
    assert fields == set(sample("schemas/drift_detected.v1")["required"])
    drift = msgspec.convert(sample("drift_detected.v1")["detail"], Drift)
    assert drift.id == drift_id(drift.title, drift.npc, drift.metric, drift.at)
    assert sample("drift_detected.v1")["detail-type"] == DETECTED
    assert sample("live_measured.v1")["detail-type"] == MEASURED


def test_a_drift_rings() -> None:
    alarm = resources("AWS::CloudWatch::Alarm")["DriftAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("npcops", "DriftDetected", "Sum")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "npcops"}]


@pytest.mark.parametrize("name", ["SampleTurn", "RateTurn"])
def test_who_counts_turns_writes_figures_and_nothing_else_of_models(name: str) -> None:
    (counting,) = [one for one in statements(name) if one["Resource"] == {"Fn::GetAtt": ["ModelsTable", "Arn"]}]
    assert counting["Action"] == ["dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert counting["Condition"] == LIVE


def test_who_sums_up_reads_figures_and_the_names_of_titles_alone() -> None:
    (reading,) = [
        one for one in statements("EvaluateLive") if one["Resource"] == {"Fn::GetAtt": ["ModelsTable", "Arn"]}
    ]
    assert reading["Action"] == "dynamodb:Query"
    assert reading["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#live", "#promoted"]}}


def test_who_watches_reaches_no_words() -> None:
    reached = {json.dumps(one["Resource"]) for name in ("EvaluateLive", "WatchTrend") for one in statements(name)}
    assert not any(table in resource for resource in reached for table in ("PlayersTable", "ReviewsTable"))


def test_figures_expire() -> None:
    table = resources("AWS::DynamoDB::Table")["ModelsTable"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
