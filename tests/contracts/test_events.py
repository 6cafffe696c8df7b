"""The contracts of the small ports: the event bus, the starter of hydrations, and the promoted tuned models."""

from __future__ import annotations

import json
import secrets
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from npcops.adapters.aws_services import EventBridgePublisher, ParameterTunedModels, StepFunctionsStarter
from npcops.errors import StoreUnavailable
from npcops.hydration import Change
from npcops.hydration_events import changed_document
from npcops.promotions import Promoted, Served, Shift
from tests.resources import Resources


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


class Broken:
    """A client whose calls all fail in one way."""

    def __init__(self, error: Exception | None = None, answer: dict[str, Any] | None = None) -> None:
        self._error, self._answer = error, answer

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            if self._error:
                raise self._error
            return self._answer

        return call


FAILURES = [
    EndpointConnectionError(endpoint_url="https://events"),
    ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "PutEvents"),
]


def test_an_event_goes_over_the_bus_with_its_type_and_an_id(resources: Resources, title: str) -> None:
    publisher = EventBridgePublisher(resources.client("events"), resources.name("bus"))
    resources.published()
    for _ in range(2):
        publisher.publish("LoreFailed.v1", {"title": title, "document": "König + Gräfin.md", "reason": "Empty."})
    events = resources.published()
    assert [(event["source"], event["detail-type"]) for event in events] == [("npcops", "LoreFailed.v1")] * 2
    details = [event["detail"] for event in events]
    assert [detail["document"] for detail in details] == ["König + Gräfin.md"] * 2
    assert details[0]["id"] != details[1]["id"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_bus_that_does_not_answer_is_unavailable(failure: Exception) -> None:
    with pytest.raises(StoreUnavailable, match="LoreFailed"):
        EventBridgePublisher(Broken(failure), "bus").publish("LoreFailed.v1", {"reason": "secret"})


def test_an_event_that_the_bus_refuses_is_not_lost_silently() -> None:
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    with pytest.raises(StoreUnavailable, match="InternalFailure"):
        EventBridgePublisher(Broken(answer=answer), "bus").publish("LoreFailed.v1", {})


def test_a_hydration_is_started_with_an_event_that_names_the_document(resources: Resources, title: str) -> None:
    starter = StepFunctionsStarter(resources.client("stepfunctions"), resources.machine)
    for _ in range(2):
        starter.start(title, "act 1/König + Gräfin.md")
    machines = resources.client("stepfunctions")
    found = machines.list_executions(stateMachineArn=resources.machine)["executions"]
    inputs = [json.loads(machines.describe_execution(executionArn=run["executionArn"])["input"]) for run in found]
    ours = [event for event in inputs if f"lore/{title}/" in event["detail"]["object"]["key"]]
    assert [changed_document(event) for event in ours] == [Change(title, "act 1/König + Gräfin.md", "")] * 2


@pytest.mark.parametrize("failure", FAILURES)
def test_a_machine_that_does_not_answer_is_unavailable(failure: Exception) -> None:
    with pytest.raises(StoreUnavailable):
        StepFunctionsStarter(Broken(failure), "arn").start("game", "a.md")


def test_a_title_without_a_promoted_model_has_none(resources: Resources, title: str) -> None:
    models = ParameterTunedModels(lambda: resources.client("ssm"), "/npcops/test/models", 15)
    assert models.promoted(title) == Promoted()


def test_the_promoted_model_is_read_again_after_a_while(resources: Resources, title: str) -> None:
    now = 0.0
    models = ParameterTunedModels(lambda: resources.client("ssm"), "/npcops/test/models/", 15, clock=lambda: now)
    name = f"/npcops/test/models/{title}"
    served = Served("base@arn", "nova", 3, ("mira",), (Served("base@other", "nova", 2),))
    decided = Promoted(served, None, Shift(served, 10, "p1", "2026-11-20T12:00:00.000+00:00"), 4, "p0")
    assert models.promoted(title).current is None
    value = msgspec.json.encode(decided).decode()
    resources.client("ssm").put_parameter(Name=name, Type="String", Value=value)
    assert models.promoted(title).current is None
    now = 16.0
    found = models.promoted(title)
    assert msgspec.convert(msgspec.to_builtins(found), Promoted) == decided
    assert models.promoted(f"{title}-2").current is None
    resources.client("ssm").delete_parameter(Name=name)
    assert models.promoted(title).current == served
    now = 32.0
    assert models.promoted(title).current is None


def test_while_the_parameter_store_does_not_answer_players_keep_their_model_for_less_than_a_minute(
    resources: Resources, title: str
) -> None:
    """It allows few reads a second: without this, every turn would ask again, and players change models to and fro."""
    now, asked, silent = 0.0, 0, False
    real = resources.client("ssm")

    class Sometimes:
        exceptions = real.exceptions

        def get_parameter(self, **request: Any) -> Any:
            nonlocal asked
            asked += 1
            if silent:
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter")
            return real.get_parameter(**request)

    client: Any = Sometimes()
    models = ParameterTunedModels(lambda: client, "/npcops/test/models", 15, clock=lambda: now)
    real.put_parameter(Name=f"/npcops/test/models/{title}", Type="String", Value='{"model": "tuned-1"}')
    known, silent = models.promoted(title), True
    for _ in range(3):
        now = 16.0
        assert models.promoted(title) == known
    assert asked == 2
    now = 32.0
    assert models.promoted(title) == known
    now = 60.0
    with pytest.raises(StoreUnavailable):
        models.promoted(title)
    silent = False
    assert models.promoted(title) == known


def test_a_parameter_that_names_a_model_alone_is_still_read(resources: Resources, title: str) -> None:
    name = f"/npcops/test/models/{title}"
    resources.client("ssm").put_parameter(Name=name, Type="String", Value='{"model": "tuned-1"}')
    found = ParameterTunedModels(lambda: resources.client("ssm"), "/npcops/test/models").promoted(title)
    assert found == Promoted(Served("tuned-1", "", 0))


@pytest.mark.parametrize(
    "value", ["no json", "{}", '"tuned-1"', "[]", '{"model": ""}', '{"current": 3, "revision": 1}']
)
def test_a_parameter_that_cannot_be_read_is_no_model(resources: Resources, title: str, value: str) -> None:
    resources.client("ssm").put_parameter(Name=f"/npcops/test/models/{title}", Type="String", Value=value)
    with pytest.raises(StoreUnavailable, match=title):
        ParameterTunedModels(lambda: resources.client("ssm"), "/npcops/test/models").promoted(title)
