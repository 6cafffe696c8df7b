"""Small adapters on EventBridge, Step Functions and the parameter store."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable
from npcops.lore_paths import lore_key
from npcops.promotions import Promoted, Served

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# What a turn calls besides its models has to be small next to them: a turn is answered within 28 seconds.
QUICK = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
# Executions are started by the hundred, faster than a new account may: its refusals pass within seconds.
STARTS = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 6})
# For so long a parameter that cannot be read again still holds; with the time until it is asked for, under a minute.
STALE_SECONDS = 40.0


@cache
def events_client() -> EventBridgeClient:
    """One client a process."""
    return boto3.client("events", config=QUICK)


@cache
def sfn_client() -> SFNClient:
    """One client a process."""
    return boto3.client("stepfunctions", config=STARTS)


@cache
def ssm_client() -> SSMClient:
    """One client a process."""
    return boto3.client("ssm", config=QUICK)


class EventBridgePublisher:
    """`EventPublisher` on one event bus; the source of all events is `npcops`."""

    def __init__(self, client: EventBridgeClient, bus: str) -> None:
        self._client, self._bus = client, bus

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """See EventPublisher. `detail.id` identifies the event to consumers that must act once."""
        body = msgspec.json.encode({"id": uuid.uuid4().hex, **detail}).decode()
        entry: Any = {"Source": "npcops", "DetailType": detail_type, "Detail": body, "EventBusName": self._bus}
        try:
            answer = self._client.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"The event bus did not take {detail_type} ({type(error).__name__}).") from None
        if answer["FailedEntryCount"]:
            raise StoreUnavailable(f"The event bus refused {detail_type} ({answer['Entries'][0].get('ErrorCode')}).")


class StepFunctionsStarter:
    """`HydrationStarter` on the state machine `hydrate_lore`."""

    def __init__(self, client: SFNClient, state_machine: str) -> None:
        self._client, self._state_machine = client, state_machine

    def start(self, title: str, path: str) -> None:
        """See HydrationStarter. The input has the shape of the bucket's own events, without a sequencer."""
        event = {"source": "npcops.reconcile", "detail": {"object": {"key": lore_key(title, path)}}}
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine,
                name=f"reconcile-{uuid.uuid4().hex}",
                input=msgspec.json.encode(event).decode(),
            )
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"A hydration could not be started ({type(error).__name__}).") from None


class StepFunctionsEvaluations:
    """`EvaluationStarter` on the state machine `evaluate`. An execution has the name of its evaluation and attempt."""

    def __init__(self, client: SFNClient, state_machine: str) -> None:
        self._client, self._state_machine = client, state_machine

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        """See EvaluationStarter."""
        wanted = {"title": title, "evaluation": evaluation, "attempt": attempt}
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine,
                name=_execution_name(evaluation, attempt),
                input=msgspec.json.encode(wanted).decode(),
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"An evaluation could not be started ({type(error).__name__}).") from None

    def running(self, evaluation: str, attempt: int) -> bool:
        """See EvaluationStarter."""
        machine = self._state_machine.replace(":stateMachine:", ":execution:")
        try:
            found = self._client.describe_execution(executionArn=f"{machine}:{_execution_name(evaluation, attempt)}")
        except self._client.exceptions.ExecutionDoesNotExist:
            return False
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"An evaluation could not be looked up ({type(error).__name__}).") from None
        return found["status"] == "RUNNING"


def _execution_name(evaluation: str, attempt: int) -> str:
    return f"{evaluation}-{attempt}"


class _Known(NamedTuple):
    """What a parameter held when it was read last, and when it was last asked for."""

    promoted: Promoted
    read: float
    asked: float


class ParameterTunedModels:
    """`TunedModels` on one parameter per title, read again after `seconds`.

    While the store does not answer, what was known holds a little longer: less than a minute after it was read, so that
    a rollback is heard within one. The client is made when it is first needed: most turns ask for no tuned model.
    """

    def __init__(
        self,
        client: Callable[[], SSMClient],
        prefix: str,
        seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._prefix = client, prefix.rstrip("/")
        self._seconds, self._clock = seconds, clock
        self._known: dict[str, _Known] = {}

    def promoted(self, title: str) -> Promoted:
        """See TunedModels."""
        known, now = self._known.get(title), self._clock()
        if known and now - known.asked < self._seconds:
            return known.promoted
        client = self._client()
        try:
            promoted = _promoted(client.get_parameter(Name=f"{self._prefix}/{title}")["Parameter"]["Value"])
        except client.exceptions.ParameterNotFound:
            promoted = Promoted()
        except (ClientError, BotoCoreError) as error:
            if known and now - known.read < STALE_SECONDS:
                self._known[title] = _Known(known.promoted, known.read, now)
                return known.promoted
            raise StoreUnavailable(f"The parameter store did not answer ({type(error).__name__}).") from None
        except (msgspec.DecodeError, ValueError):
            raise StoreUnavailable(f"The parameter of {title}'s tuned model is not readable.") from None
        self._known[title] = _Known(promoted, now, now)
        return promoted


class _Parameter(Promoted, frozen=True):
    """The value as it is, and as it was when it named a model alone."""

    model: str = ""


def _promoted(value: str) -> Promoted:
    """Raises DecodeError and ValueError for what is neither."""
    found = msgspec.json.decode(value, type=_Parameter)
    if found.model and not found.revision:
        return Promoted(current=Served(found.model, family="", version=0))
    if not found.revision:
        raise ValueError("The parameter names no model and has no revision.")
    return found
