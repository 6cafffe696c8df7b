"""What calls of Bedrock's control plane have in common: refusals, failures that pass, pages, deployments as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable, TuningRefused
from npcops.tunings import Deployment, Readiness

ABSENT: Final = "ResourceNotFoundException"
CONFLICT: Final = "ConflictException"
INVALID: Final = "ValidationException"
# What no later attempt would mend; everything else may pass.
REFUSALS = frozenset(
    {INVALID, "AccessDeniedException", "ServiceQuotaExceededException", "TooManyTagsException", ABSENT, CONFLICT}
)
READINESS: dict[str, Readiness] = {
    "Creating": "creating",
    "Active": "ready",
    "InService": "ready",
    "Updating": "ready",  # while provisioned units change, the model is served
    "Failed": "failed",
}


@contextmanager
def asking(*expected: str, refusing: bool = False) -> Iterator[None]:
    """Turns failures into StoreUnavailable, and with `refusing` those that are for good into TuningRefused.

    Errors of codes that are `expected` pass through as they are.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in expected:
            raise
        if refusing and code in REFUSALS:
            raise TuningRefused(words(error)) from None
        raise StoreUnavailable(f"Bedrock answered {code}.") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"Bedrock did not answer ({type(error).__name__}).") from None


def words(error: ClientError) -> str:
    """What Bedrock said, in its own words; its code where it said nothing."""
    told = error.response["Error"]
    return f"Bedrock refused: {told.get('Message') or told['Code']}"


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as Bedrock wants them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def present(read: Callable[[], Any]) -> Any:
    """What `read` finds; None if there is nothing."""
    try:
        with asking(ABSENT):
            return read()
    except ClientError:
        return None


def pages(list_page: Callable[..., Any], field: str, **request: Any) -> Iterator[Any]:
    """Every summary of a list."""
    while True:
        with asking():
            page = list_page(**request)
        yield from page.get(field, [])
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def on_demand(found: Any) -> Deployment:
    """A deployment on demand, from its description or from a list."""
    return Deployment(
        arn=found["customModelDeploymentArn"],
        readiness=READINESS.get(found["status"], "creating"),
        kind="on-demand",
        name=found.get("modelDeploymentName") or found.get("customModelDeploymentName", ""),
        custom_model=found["modelArn"],
        created_at=found["createdAt"].isoformat(timespec="milliseconds"),
        failure=found.get("failureMessage") or "",
    )


def provisioned(found: Any) -> Deployment:
    """Provisioned units, from their description or from a list."""
    return Deployment(
        arn=found["provisionedModelArn"],
        readiness=READINESS.get(found["status"], "creating"),
        kind="provisioned",
        name=found["provisionedModelName"],
        custom_model=found["modelArn"],
        created_at=found["creationTime"].isoformat(timespec="milliseconds"),
        failure=found.get("failureMessage") or "",
    )
