"""The contract of `MachineStarter`: a machine is started once per name, and whether it runs is known."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from npcops.adapters.machines import StepFunctionsMachines
from npcops.errors import StoreUnavailable
from tests.resources import Resources
from tests.tuning_flow import TUNE

GIVEN = {"token": "26vcYbeWsZ", "arguments": TUNE}


@pytest.fixture
def name() -> str:
    return f"tune-{secrets.token_hex(16)}"


def test_a_machine_gets_what_it_is_given(resources: Resources, name: str) -> None:
    client = resources.client("stepfunctions")
    execution = StepFunctionsMachines(client).start(resources.machine, name, GIVEN)
    assert execution == f"{resources.machine.replace(':stateMachine:', ':execution:')}:{name}"
    assert json.loads(client.describe_execution(executionArn=execution)["input"]) == GIVEN


@pytest.mark.parametrize("again", [GIVEN, {**GIVEN, "status": "Stopping"}])
def test_starting_it_again_by_its_name_starts_nothing(resources: Resources, name: str, again: dict[str, Any]) -> None:
    client = resources.client("stepfunctions")
    machines = StepFunctionsMachines(client)
    first = machines.start(resources.machine, name, GIVEN)
    assert machines.start(resources.machine, name, again) == first
    listed = client.list_executions(stateMachineArn=resources.machine)["executions"]
    assert [one["executionArn"] for one in listed].count(first) == 1


def test_what_was_never_started_does_not_run(resources: Resources, name: str) -> None:
    execution = f"{resources.machine.replace(':stateMachine:', ':execution:')}:{name}"
    assert StepFunctionsMachines(resources.client("stepfunctions")).running(execution) is False


class Away:
    """Step Functions when it does not answer."""

    def __init__(self, client: Any, error: Exception) -> None:
        self.exceptions, self._error = client.exceptions, error

    def start_execution(self, **_: Any) -> Any:
        raise self._error

    def describe_execution(self, **_: Any) -> Any:
        if isinstance(self._error, ClientError):
            raise self._error
        return {"status": "RUNNING"}


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://states"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "StartExecution"),
    ],
)
def test_a_service_that_does_not_answer_is_unavailable(resources: Resources, name: str, error: Exception) -> None:
    away: Any = Away(resources.client("stepfunctions"), error)
    machines = StepFunctionsMachines(away)
    with pytest.raises(StoreUnavailable):
        machines.start(resources.machine, name, GIVEN)
    if isinstance(error, ClientError):
        with pytest.raises(StoreUnavailable):
            machines.running("arn")
    else:
        assert machines.running("arn") is True
