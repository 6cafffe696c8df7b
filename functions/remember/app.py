"""TurnSpoken.v1 from a queue: older turns are folded into summaries and facts."""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from npcops import bootstrap
from npcops.dialogue import Spoken
from npcops.errors import NotFound
from npcops.telemetry import MetricUnit, frames, logger, metrics, observed

remember = bootstrap.remember()
# An exception would have the runtime print what went wrong, in words that may quote a player.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def fold(record: SQSRecord) -> None:
    """One event; raising leaves just this message on the queue."""
    try:
        _fold(record)
    except Exception as error:
        logger.error("turns not folded", error_type=type(error).__name__, frames=frames(error))
        metrics.add_metric("FoldsFailed", MetricUnit.Count, 1)
        raise


def _fold(record: SQSRecord) -> None:
    spoken = msgspec.convert(record.json_body["detail"], Spoken)
    logger.append_keys(title=spoken.title, npc=spoken.npc, turn_id=spoken.turn_id)
    folded = remember(spoken.title, spoken.player, spoken.npc, spoken.save)
    for witness in sorted({*spoken.present} - {spoken.npc}):
        try:
            folded += remember(spoken.title, spoken.player, witness, spoken.save)
        except NotFound:  # Games may name bystanders who have no card; nobody will ever ask them.
            logger.info("a witness without a card", witness=witness)
    metrics.add_metric("TurnsFolded", MetricUnit.Count, folded)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Partial batch response: messages that failed are delivered again, the others are done."""
    return dict(process_partial_response(event=event, record_handler=fold, processor=processor, context=context))
