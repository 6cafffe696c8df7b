"""The one exception tree: every failure npcops reports on purpose is a subclass of `NpcopsError`.

`kind` is the stable, URL-safe name that clients may switch on (the `type` of an RFC 9457 problem document),
`status` the HTTP status the API answers with, and the message a sentence that its reader can act on. No message
contains player text, prompts or answers: messages are logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class NpcopsError(Exception):
    """Base of all expected failures."""

    kind: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    @property
    def members(self) -> dict[str, Any]:
        """What its problem document has besides the usual, for programs."""
        return {}


class InvalidRequest(NpcopsError):
    """The request is malformed; sending it again unchanged cannot succeed."""

    kind = "invalid-request"
    status = 400
    title = "The request is not valid"


class Unauthenticated(NpcopsError):
    """The token is missing, malformed, expired or not signed by the configured issuer."""

    kind = "unauthenticated"
    status = 401
    title = "A valid token is needed"


class Forbidden(NpcopsError):
    """The token is valid but its scope, title or subject does not allow this."""

    kind = "forbidden"
    status = 403
    title = "This token may not do that"


class NotFound(NpcopsError):
    """What the request names does not exist in this title."""

    kind = "not-found"
    status = 404
    title = "Not found"


class Conflict(NpcopsError):
    """The request is valid but the present state does not allow it."""

    kind = "conflict"
    status = 409
    title = "Not possible in the present state"


class NoTunedModel(Conflict):
    """Mode `tuned` was asked for and the title has no promoted model."""

    kind = "no-tuned-model"
    title = "No tuned model is promoted for this title"


class GateClosed(Conflict):
    """The canon gate: what is to go into production was not evaluated, or did not pass.

    `failing` tells of every NPC and suite what is missing (npcops.canon_gate.Unmet).
    """

    kind = "gate-closed"
    title = "The canon gate is closed"

    def __init__(self, detail: str, failing: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.failing = tuple(failing)

    @property
    def npcs(self) -> tuple[str, ...]:
        """For whose sake it is closed."""
        return tuple(dict.fromkeys(unmet["npc"] for unmet in self.failing))

    @property
    def members(self) -> dict[str, Any]:
        """See NpcopsError."""
        return {"npcs": self.npcs, "failing": self.failing}


class TuningRefused(Conflict):
    """Bedrock does not do what tuning asks for, and would not do it later either: data, rights or quotas are wrong."""

    kind = "tuning-refused"
    title = "The model cannot be tuned so"


class TooLarge(NpcopsError):
    """Something exceeds a stated limit."""

    kind = "too-large"
    status = 413
    title = "Too large"


class ModelFailed(NpcopsError):
    """A model call failed for good: rejected input, wrong model id, or a reply that cannot be read."""

    kind = "model-failed"
    status = 502
    title = "The model could not answer"


class ModelUnavailable(NpcopsError):
    """A model call was throttled, timed out or met a service fault after its configured retries."""

    kind = "model-unavailable"
    status = 503
    title = "The model is not available right now"


class GuardrailIntervened(ModelFailed):
    """The provider's guardrail withheld the model's reply."""

    kind = "guardrail-intervened"


class VoiceUnavailable(NpcopsError):
    """No speech can be made: the NPC has no voice, or the speech service does not answer or does not know the voice."""

    kind = "voice-unavailable"
    status = 503
    title = "Voice is not available here"


class Disconnected(NpcopsError):
    """Whoever listened to a turn has gone."""

    kind = "disconnected"
    status = 410
    title = "The connection is closed"

    def __init__(self, detail: str, cause: str | None = None) -> None:
        """`cause` is the code of a failure because of which nothing arrives, where the client has not simply gone."""
        super().__init__(detail)
        self.cause = cause


class StoreUnavailable(NpcopsError):
    """A data store (vector store, table, bucket) did not answer after its configured retries."""

    kind = "store-unavailable"
    status = 503
    title = "A data store is not available right now"


class ChunksMissing(StoreUnavailable):
    """The index does not hold, or does not show, chunks that are to be made live."""

    kind = "chunks-missing"


class UnreadableDocument(NpcopsError):
    """A lore file cannot be turned into text. The message tells its writer what to change."""

    kind = "unreadable-document"
    status = 422
    title = "This lore file cannot be read"


class InvalidTemplate(NpcopsError):
    """A prompt template is broken, or uses a variable that it does not declare."""

    kind = "invalid-template"
    status = 422
    title = "This prompt template is not valid"


class Superseded(NpcopsError):
    """A newer hydration of the same document has taken over; this one must stop and change nothing."""

    kind = "superseded"
    status = 409
    title = "A newer version of this document is being indexed"
