"""Task PollAssessment: how the evaluation of a tuned model stands."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

poll = bootstrap_tuning.poll_assessment()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = poll(message)
    logger.info("assessment polled", state=found.state, outcome=found.outcome, wanted=found.wanted)
    metrics.add_metric("AssessmentPolls", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
