"""What a function must be told by its environment, as typed values read once at cold start.

A missing or malformed variable stops the function at start with a sentence that names it. There are no defaults that
name real resources; the defaults that exist are policy (limits, times), not addresses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec


class Stage(msgspec.Struct, frozen=True):
    """Which deployment this is."""

    stage: str


class LoreSettings(msgspec.Struct, frozen=True):
    """Where lore files, work files and the ledger are."""

    lore_bucket: str
    work_bucket: str
    ledger_table: str


class StoreSettings(msgspec.Struct, frozen=True):
    """The vector store. `vector_store_location` is a folder for `sqlite`, a URL for `opensearch`."""

    vector_store: Literal["sqlite", "opensearch"]
    vector_store_location: str
    embedding_dimensions: int
    opensearch_service: Literal["es", "aoss", "none"] = "none"
    aws_region: str | None = None


class EmbeddingSettings(msgspec.Struct, frozen=True):
    """Which model embeds lore and questions."""

    embedding_model: str


class ChatSettings(msgspec.Struct, frozen=True):
    """Which model speaks, where the titles' tuned models are recorded, and how much lore a turn is given.

    A call of the model may be silent for `chat_seconds` and is made at most `chat_attempts` times. `smaller_chat_model`
    answers where that one does not (empty: none does). A turn takes at most `turn_seconds`; a model that has not begun
    after `first_token_seconds` is given up for the next, which is asked beside it after `hedge_seconds` (0: it is not).
    """

    chat_model: str
    tuned_model_parameters: str
    chat_seconds: float
    chat_attempts: int
    smaller_chat_model: str = ""
    turn_seconds: float = 8.0
    first_token_seconds: float = 2.0
    hedge_seconds: float = 0.0
    context_tokens: int = 1200


class SpeakingSettings(msgspec.Struct, frozen=True):
    """The model that speaks where a title names none, for functions that only have to know it."""

    chat_model: str


class PlayerSettings(msgspec.Struct, frozen=True):
    """The table of world states, turns and summaries, and for how many days turns are kept as spoken; 0 for not."""

    players_table: str
    spoken_turn_days: int = 30


class AnswerSettings(msgspec.Struct, frozen=True):
    """The table of answers that may be given again, and for how many seconds; 0 for never."""

    answers_table: str
    reuse_seconds: int = 86_400


class CatalogSettings(msgspec.Struct, frozen=True):
    """The table of versioned cards and prompts, and the label this stage serves."""

    catalog_table: str
    catalog_label: str = "production"


class ReviewSettings(msgspec.Struct, frozen=True):
    """The table of reviews, corrections and comparisons, and how many people review a turn."""

    reviews_table: str
    reviewers_per_turn: int = 1


class SampleSettings(msgspec.Struct, frozen=True):
    """Which parts (0 to 1) of turns are reviewed (see sampling.Shares); `review_groundedness` is the threshold."""

    review_random_share: float
    review_degraded_share: float
    review_measured_share: float
    review_groundedness: float


class EventSettings(msgspec.Struct, frozen=True):
    """The application's event bus."""

    event_bus: str


class ReconcileSettings(msgspec.Struct, frozen=True):
    """The state machine that hydrates one document."""

    hydration_state_machine: str


class EvaluationSettings(msgspec.Struct, frozen=True):
    """The table of evaluations and their verdicts."""

    evaluations_table: str


class EvaluationFileSettings(msgspec.Struct, frozen=True):
    """The bucket of evaluations' plans, results and reports, and of uploaded cases."""

    evaluations_bucket: str


class EvaluationMachineSettings(msgspec.Struct, frozen=True):
    """The state machine that evaluates."""

    evaluation_state_machine: str


class JudgeSettings(msgspec.Struct, frozen=True):
    """Which model answers rubrics (empty: the chat model), and how many cases are played at once."""

    judge_model: str = ""
    evaluation_concurrency: int = 10


class TokenSettings(msgspec.Struct, frozen=True):
    """The issuer whose tokens are accepted. `jwks_url` is where its public keys are."""

    token_issuer: str
    token_audience: str
    jwks_url: str


S = TypeVar("S", bound=msgspec.Struct)


class MissingSetting(Exception):
    """A variable of the function's environment is missing or malformed."""


def read(kind: type[S], environment: Mapping[str, str] | None = None) -> S:
    """Fill `kind` from variables named like its fields in upper case. Raises MissingSetting."""
    values = os.environ if environment is None else environment
    found = {
        field.name: values[field.name.upper()]
        for field in msgspec.structs.fields(kind)
        if values.get(field.name.upper())
    }
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise MissingSetting(
            f"{kind.__name__}: {error} (environment variables are the field names in upper case)"
        ) from None
