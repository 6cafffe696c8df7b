"""Which adapter stands behind which port for what people think of turns; see wiring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npcops import settings

if TYPE_CHECKING:
    from npcops.ports import ChatModel
    from npcops.studio_ports import JudgementStore, ReviewStore, SpokenTurns

# A judgement that somebody waits for; what does not fit into function PutJudgements is left for the next call.
JUDGE_SECONDS = 10.0


def spoken() -> SpokenTurns:
    """Turns as they were spoken."""
    from npcops.adapters import dynamo_spoken, dynamodb

    return dynamo_spoken.DynamoSpoken(dynamodb.client(), settings.read(settings.PlayerSettings).players_table)


def spoken_and_days() -> tuple[SpokenTurns | None, int]:
    """Where turns are kept as they were spoken, and for how many days; None where they are not."""
    days = settings.read(settings.PlayerSettings).spoken_turn_days
    return (spoken() if days else None), days


def reviews() -> ReviewStore:
    """The review queue, corrections and blind comparisons."""
    from npcops.adapters import dynamo_reviews, dynamodb

    return dynamo_reviews.DynamoReviews(dynamodb.client(), settings.read(settings.ReviewSettings).reviews_table)


def judgements() -> JudgementStore:
    """What people and judges made of answers."""
    from npcops.adapters import dynamo_judgements, dynamodb

    return dynamo_judgements.DynamoJudgements(dynamodb.client(), settings.read(settings.ReviewSettings).reviews_table)


def judging_chat(model: str) -> ChatModel:
    """A judge, for somebody who waits: a call is made once."""
    from npcops.adapters import bedrock

    return bedrock.BedrockChat(bedrock.runtime_client(read_timeout=JUDGE_SECONDS, attempts=1), model)
