"""Which adapter stands behind which port, from the function's environment; bootstrap makes functions of them.

Imports are inside the factories because a cold start should pay only for what its function uses: numpy for the embedded
store, OpenSearch's client, or document parsers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from npcops import settings

if TYPE_CHECKING:
    from npcops.background import Threads
    from npcops.ports import (
        Catalog,
        ChatModel,
        EmbeddingModel,
        EventPublisher,
        LoreBucket,
        LoreLedger,
        VectorStore,
        WorkFiles,
    )
    from npcops.retrieval import Retriever
    from npcops.studio_ports import (
        EvaluationFiles,
        EvaluationStarter,
        EvaluationStore,
        SnapshotStore,
        ToxicityModel,
    )
    from npcops.turn_ports import AnswerStore, Connections, PlayerStore, SpeechSynthesizer


INDEX_PREFIX = "npcops"
# Read time-outs of embedding calls. A turn embeds its question before it asks a model, and all of it must end before
# API Gateway gives up at 29 seconds (tests/infra/test_time_limits.py adds it up); a batch of chunks has nobody waiting.
QUESTION_SECONDS = 2.0
BATCH_SECONDS = 12.0
# The same for the index: a search is up to two requests. Each is sent again if its connection broke or the index was
# busy, which is known at once, but not if it timed out.
SEARCH_SECONDS = 1.5
SEARCH_RETRIES = 1
# Longer than any turn may take (tests/infra/test_time_limits.py): in a trial, a model that is silent until the end is
# slow, which is a result; one that does not answer at all is none.
TRIAL_SECONDS = 26.0
# A summary is written after the player has gone on; function Remember ends after 300 seconds.
SUMMARY_SECONDS = 90.0
REMEMBER_SECONDS = 300.0


def players() -> PlayerStore:
    """World states, turns and summaries."""
    from npcops.adapters import dynamo_players, dynamodb

    return dynamo_players.DynamoPlayers(dynamodb.client(), settings.read(settings.PlayerSettings).players_table)


def trial_players() -> PlayerStore:
    """The same for players who exist only for a trial, apart from all others."""
    from npcops.adapters import dynamo_players, dynamodb
    from npcops.adapters.player_table import trial_partition

    table = settings.read(settings.PlayerSettings).players_table
    return dynamo_players.DynamoPlayers(dynamodb.client(), table, trial_partition)


def catalog() -> Catalog:
    """Cards and prompts."""
    from npcops.adapters import dynamo_catalog, dynamodb

    return dynamo_catalog.DynamoCatalog(dynamodb.client(), settings.read(settings.CatalogSettings).catalog_table)


def fresh_catalog() -> Catalog:
    """The same, always as it is now: for the work of studios, who look at what they have just moved."""
    from npcops.adapters import dynamo_catalog, dynamodb

    table = settings.read(settings.CatalogSettings).catalog_table
    return dynamo_catalog.DynamoCatalog(dynamodb.client(), table, label_seconds=0)


def one_look_at_catalog() -> Catalog:
    """The same for one decision, which takes less than a minute: it has read nothing yet, and reads each label once."""
    from npcops.adapters import dynamo_catalog, dynamodb

    table = settings.read(settings.CatalogSettings).catalog_table
    return dynamo_catalog.DynamoCatalog(dynamodb.client(), table, label_seconds=60)


def answers() -> AnswerStore:
    """Answers that may be given again."""
    from npcops.adapters import dynamo_answers, dynamodb

    return dynamo_answers.DynamoAnswers(dynamodb.client(), settings.read(settings.AnswerSettings).answers_table)


def events() -> EventPublisher:
    """The application's bus."""
    from npcops.adapters import aws_services

    bus = settings.read(settings.EventSettings).event_bus
    return aws_services.EventBridgePublisher(aws_services.events_client(), bus)


def lore_bucket() -> LoreBucket:
    """Lore files."""
    from npcops.adapters import s3_files

    return s3_files.S3LoreBucket(s3_files.client(), settings.read(settings.LoreSettings).lore_bucket)


def work_files() -> WorkFiles:
    """Intermediate files."""
    from npcops.adapters import s3_files

    return s3_files.S3WorkFiles(s3_files.client(), settings.read(settings.LoreSettings).work_bucket)


def ledger() -> LoreLedger:
    """The state of every document."""
    from npcops.adapters import dynamo_ledger, dynamodb

    return dynamo_ledger.DynamoLedger(dynamodb.client(), settings.read(settings.LoreSettings).ledger_table)


def vector_store(answering: bool = False) -> VectorStore:
    """The lore index: embedded, or OpenSearch. When `answering`, somebody waits, and it gives up early."""
    where = settings.read(settings.StoreSettings)
    if where.vector_store == "sqlite":
        from npcops.adapters.sqlite_store import SqliteVectorStore

        return SqliteVectorStore(where.vector_store_location, where.embedding_dimensions)
    from npcops.adapters.opensearch_client import connect
    from npcops.adapters.opensearch_store import OpenSearchVectorStore

    service = None if where.opensearch_service == "none" else where.opensearch_service
    server = (where.vector_store_location, where.aws_region, service)
    client = (
        connect(*server, seconds=SEARCH_SECONDS, retries=SEARCH_RETRIES, again_after_timeout=False)
        if answering
        else connect(*server)
    )
    return OpenSearchVectorStore(client, INDEX_PREFIX, where.embedding_dimensions, serverless=service == "aoss")


def chat(seconds: float | None = None) -> ChatModel:
    """The stage's chat model, for a player who waits; a call may be silent for `seconds` (default the stage's)."""
    from npcops.adapters import bedrock
    from npcops.adapters.bedrock_attempts import Attempts

    wanted = settings.read(settings.ChatSettings)
    # A client that tries again by itself would also do so after a time-out, when the turn has long given up the call.
    client = bedrock.runtime_client(read_timeout=seconds or wanted.chat_seconds, attempts=1)
    return bedrock.BedrockChat(client, wanted.chat_model, Attempts(wanted.chat_attempts))


def patient_chat() -> ChatModel:
    """The stage's chat model, for work that nobody waits for."""
    from npcops.adapters import bedrock

    client = bedrock.runtime_client(read_timeout=SUMMARY_SECONDS, limit=REMEMBER_SECONDS)
    return bedrock.BedrockChat(client, settings.read(settings.ChatSettings).chat_model)


def embeddings(seconds: float = QUESTION_SECONDS) -> EmbeddingModel:
    """The stage's embedding model; one call may take `seconds` and is tried twice."""
    from npcops.adapters import bedrock

    client = bedrock.runtime_client(read_timeout=seconds)
    return bedrock.BedrockEmbeddings(client, settings.read(settings.EmbeddingSettings).embedding_model)


@cache
def retriever() -> Retriever:
    """Search over lore; one a process."""
    from npcops.retrieval import Retriever

    return Retriever(embeddings(), vector_store(answering=True))


def evaluations() -> EvaluationStore:
    """Evaluations, their verdicts, and figures over time."""
    from npcops.adapters import dynamo_evaluations, dynamodb

    table = settings.read(settings.EvaluationSettings).evaluations_table
    return dynamo_evaluations.DynamoEvaluations(dynamodb.client(), table)


def evaluation_files() -> EvaluationFiles:
    """What is too large for that table."""
    from npcops.adapters import s3_evaluations, s3_files

    bucket = settings.read(settings.EvaluationFileSettings).evaluations_bucket
    return s3_evaluations.S3EvaluationFiles(s3_files.client(), bucket)


def evaluation_starter() -> EvaluationStarter:
    """The state machine `evaluate`."""
    from npcops.adapters import aws_services

    machine = settings.read(settings.EvaluationMachineSettings).evaluation_state_machine
    return aws_services.StepFunctionsEvaluations(aws_services.sfn_client(), machine)


def snapshots() -> SnapshotStore:
    """What is known of lore snapshots."""
    from npcops.adapters import dynamo_snapshots, dynamodb

    table = settings.read(settings.CatalogSettings).catalog_table
    return dynamo_snapshots.DynamoSnapshots(dynamodb.client(), table)


def toxicity() -> ToxicityModel:
    """The service that tells how toxic texts are."""
    from npcops.adapters import comprehend

    return comprehend.ComprehendToxicity(comprehend.client())


def synthesizer() -> SpeechSynthesizer:
    """The service that reads aloud."""
    from npcops.adapters import polly

    return polly.PollySynthesizer(polly.client)


@cache
def background() -> Threads:
    """What runs beside turns; one a process."""
    from npcops.background import Threads
    from npcops.telemetry import in_this_trace

    return Threads(carry=in_this_trace)


def connections() -> Connections:
    """The connections of the WebSocket API."""
    from npcops.adapters import connections

    return connections.ApiGatewayConnections(connections.management_client())
