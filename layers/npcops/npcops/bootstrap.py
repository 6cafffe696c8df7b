"""The one wiring place: what each function is made of. Which adapter stands behind which port is in wiring.

Each function's module calls its own factory once at cold start, and pays only for what it uses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from npcops import settings
from npcops.wiring import (
    BATCH_SECONDS,
    answers,
    background,
    catalog,
    chat,
    connections,
    embeddings,
    events,
    ledger,
    lore_bucket,
    patient_chat,
    players,
    retriever,
    synthesizer,
    vector_store,
    work_files,
)
from npcops.wiring_people import reviews, spoken_and_days

if TYPE_CHECKING:
    from npcops.adapters.tokens import TokenVerifier
    from npcops.commit_hydration import CommitHydration, FailHydration
    from npcops.converse import Converse
    from npcops.embed_and_index import EmbedAndIndex
    from npcops.plan_hydration import PlanHydration
    from npcops.reconcile_lore import ReconcileLore
    from npcops.remember import Remember
    from npcops.reuse import Reuse
    from npcops.saves import Saves
    from npcops.speech import ReadAloud
    from npcops.stream_turn import StreamTurn

__all__ = ["catalog", "connections", "ledger", "lore_bucket", "players", "retriever", "reviews"]


@cache
def read_aloud() -> ReadAloud:
    """Voices of turns; one a process, made when a turn first wants one."""
    from npcops.speech import ReadAloud

    label = settings.read(settings.CatalogSettings).catalog_label
    return ReadAloud(synthesizer(), background(), catalog(), label)


def reuse() -> Reuse:
    """Answers that may be given again."""
    from npcops.reuse import Reuse

    return Reuse(answers(), settings.read(settings.AnswerSettings).reuse_seconds)


def converse() -> Converse:
    """Functions Converse and StreamTurn. The retriever is built when a turn first needs it: mode `base` never pays."""
    from npcops.adapters import aws_services
    from npcops.afterwards import Afterwards
    from npcops.answering import Answering
    from npcops.breaker import Breakers
    from npcops.casting import Casting
    from npcops.converse import Converse, StagePace
    from npcops.ladder import Ladder
    from npcops.scene import SceneReader

    wanted = settings.read(settings.ChatSettings)
    settings.read(settings.StoreSettings), settings.read(settings.EmbeddingSettings)
    beside, stored, kept = background(), players(), reuse()
    tuned = aws_services.ParameterTunedModels(aws_services.ssm_client, wanted.tuned_model_parameters)
    return Converse(
        catalog=catalog(),
        label=settings.read(settings.CatalogSettings).catalog_label,
        scenes=SceneReader(stored, retriever, beside, wanted.context_tokens),
        casting=Casting(wanted.chat_model, wanted.smaller_chat_model, tuned, beside),
        answering=Answering(kept, Ladder(chat(), beside, Breakers(beside.now)), beside),
        afterwards=Afterwards(stored, kept, events(), beside, *spoken_and_days()),
        background=beside,
        pace=StagePace(wanted.turn_seconds, wanted.first_token_seconds, wanted.hedge_seconds or None),
    )


def stream_turn() -> StreamTurn:
    """Function StreamTurn: what Converse says, told while it is said."""
    from npcops.adapters import dynamo_turns, dynamodb
    from npcops.stream_turn import StreamTurn

    table = settings.read(settings.PlayerSettings).players_table
    return StreamTurn(converse(), dynamo_turns.DynamoTurns(dynamodb.client(), table), read_aloud, background())


def remember() -> Remember:
    """Function Remember."""
    from npcops.remember import Remember

    label = settings.read(settings.CatalogSettings).catalog_label
    model = settings.read(settings.ChatSettings).chat_model
    return Remember(catalog(), label, players(), patient_chat(), embeddings(BATCH_SECONDS), model)


def saves() -> Saves:
    """Functions SavePlayer and ListSaves."""
    from npcops.saves import Saves

    return Saves(players())


def plan_hydration() -> PlanHydration:
    """Function PlanHydration."""
    from npcops.plan_hydration import PlanHydration

    return PlanHydration(lore_bucket(), work_files(), ledger(), vector_store(), events())


def embed_and_index() -> EmbedAndIndex:
    """Function EmbedAndIndex."""
    from npcops.embed_and_index import EmbedAndIndex

    return EmbedAndIndex(work_files(), ledger(), vector_store(), embeddings(BATCH_SECONDS))


def commit_hydration() -> CommitHydration:
    """Function CommitHydration."""
    from npcops.commit_hydration import CommitHydration

    return CommitHydration(work_files(), ledger(), vector_store(), events())


def fail_hydration() -> FailHydration:
    """Function FailHydration."""
    from npcops.commit_hydration import FailHydration

    return FailHydration(ledger(), events())


def reconcile_lore() -> ReconcileLore:
    """Functions ReconcileLore and ReconcileTitles."""
    from npcops.adapters import aws_services
    from npcops.reconcile_lore import ReconcileLore

    machine = settings.read(settings.ReconcileSettings).hydration_state_machine
    starter = aws_services.StepFunctionsStarter(aws_services.sfn_client(), machine)
    return ReconcileLore(lore_bucket(), ledger(), vector_store(), starter)


def token_verifier() -> TokenVerifier:
    """Functions AuthorizeRequest and AuthorizeConnection."""
    from npcops.adapters.tokens import TokenVerifier

    wanted = settings.read(settings.TokenSettings)
    return TokenVerifier(wanted.token_issuer, wanted.token_audience, wanted.jwks_url)
