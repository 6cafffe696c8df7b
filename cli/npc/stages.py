"""Finding a stage: the local stack by its state file, deployed ones by their CloudFormation stack."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from npc import tokens
from npc.errors import CliError, NotReachable

LOCAL = "local"
DEFAULT_PLAYER = "traveller"


@dataclass(frozen=True)
class Stage:
    """Where a stage is. `outputs` are its stack's, if they could be had; `stream_url` is empty without a stream."""

    name: str
    api_url: str
    outputs: dict[str, str] = field(default_factory=dict)
    stream_url: str = ""


def find(name: str) -> Stage:
    """The stage called `name`. Raises NotReachable or CliError with what to do."""
    override = os.environ.get("NPCOPS_API_URL")
    if override:
        return Stage(name, override, stream_url=os.environ.get("NPCOPS_STREAM_URL", ""))
    return _local() if name == LOCAL else _deployed(name)


def token(stage: str, wanted: tuple[str, ...], title: str, player: str) -> str:
    """A token for `stage` with the first of the `wanted` scopes that can be had."""
    if stage != LOCAL or os.environ.get("NPCOPS_TOKEN"):
        return tokens.stored(stage, wanted)
    from local import issuer, layout

    subject = player if wanted[0] == "player" else f"{wanted[0]}@local"
    try:
        return issuer.sign(layout.current(), wanted[0], title, subject)
    except FileNotFoundError:
        raise NotReachable("the local stage has never been started: run `npc up`") from None


def local_title() -> str:
    """The title the local stage was seeded with; empty before that."""
    from local import layout, state

    return state.load(layout.current()).title


def _local() -> Stage:
    from local import layout, state

    known = state.load(layout.current())
    if not known.api_url:
        raise NotReachable("the local stage is not deployed: run `npc up`")
    return Stage(LOCAL, known.api_url, dict(known.outputs), known.stream_url)


def _deployed(name: str) -> Stage:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    stack = f"npcops-{name}"
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        raise CliError(f"stack {stack}: {error.response['Error'].get('Message', error)}") from None
    except BotoCoreError as error:
        raise CliError(f"stack {stack} cannot be looked up: {error} (or set NPCOPS_API_URL)") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "ApiUrl" not in outputs:
        raise CliError(f"stack {stack} has no output ApiUrl")
    return Stage(name, outputs["ApiUrl"], outputs, outputs.get("StreamUrl", ""))
