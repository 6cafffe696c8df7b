"""Starting state machines by names that are given, so that what starts one twice starts it once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsMachines:
    """`MachineStarter`; machines are named by their ARNs."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def start(self, machine: str, name: str, given: dict[str, Any]) -> str:
        """See MachineStarter. Step Functions remembers names for 90 days after an execution has ended."""
        try:
            started = self._client.start_execution(
                stateMachineArn=machine, name=name, input=msgspec.json.encode(given).decode()
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"A state machine could not be started ({type(error).__name__}).") from None
        return started["executionArn"]

    def running(self, execution: str) -> bool:
        """See MachineStarter."""
        try:
            found = self._client.describe_execution(executionArn=execution)
        except self._client.exceptions.ExecutionDoesNotExist:
            return False
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"An execution could not be looked up ({type(error).__name__}).") from None
        return found["status"] == "RUNNING"
