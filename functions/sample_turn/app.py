"""TurnSpoken.v1 from a queue: some turns are put before reviewers."""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from npcops import bootstrap_people
from npcops.dialogue import Spoken
from npcops.telemetry import MetricUnit, frames, logger, metrics, observed

sample = bootstrap_people.sample_turn()
# An exception would have the runtime print what went wrong, in words that may quote a player.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def decide(record: SQSRecord) -> None:
    """One event; raising leaves just this message on the queue."""
    try:
        spoken = msgspec.convert(record.json_body["detail"], Spoken)
        logger.append_keys(title=spoken.title, npc=spoken.npc, turn_id=spoken.turn_id)
        rules = sample(spoken)
    except Exception as error:
        logger.error("turn not sampled", error_type=type(error).__name__, frames=frames(error))
        metrics.add_metric("SamplesFailed", MetricUnit.Count, 1)
        raise
    if rules:
        logger.info("turn queued for review", rules=rules)
        metrics.add_metric("TurnsQueued", MetricUnit.Count, 1)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Partial batch response: messages that failed are delivered again, the others are done."""
    return dict(process_partial_response(event=event, record_handler=decide, processor=processor, context=context))
