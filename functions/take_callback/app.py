"""A callback step of the tuning pipeline waits: have its work done."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, frames, logger, metrics, observed

take = bootstrap_tuning.take_callback()
# An exception would fail the whole batch, and with it the steps whose work was begun.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def begin(record: SQSRecord) -> None:
    """One message; raising leaves just this one on the queue."""
    try:
        taken = take(record.body)
    except Exception as error:
        logger.error("callback not taken", error_type=type(error).__name__, frames=frames(error))
        metrics.add_metric("CallbacksFailed", MetricUnit.Count, 1)
        raise
    logger.append_keys(title=taken.title, tuning=taken.tuning)
    logger.info("callback taken", outcome=taken.outcome, step=taken.step, execution=taken.execution)
    metrics.add_metric("CallbacksRefused" if taken.outcome == "refused" else "CallbacksTaken", MetricUnit.Count, 1)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Partial batch response: messages that failed are delivered again, the others are done."""
    return dict(process_partial_response(event=event, record_handler=begin, processor=processor, context=context))
