"""Structured logs, traces and metrics of the handlers.

Records carry ids and figures only. Text of players, prompts and answers is never handed to these objects.
"""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from npcops.errors import NpcopsError

if TYPE_CHECKING:
    from aws_lambda_powertools import Tracer

__all__ = ["MetricUnit", "frames", "in_this_trace", "logger", "metrics", "observed", "record_failure"]

Handler = Callable[[dict[str, Any], Any], Any]
T = TypeVar("T")

logger = Logger()
metrics = Metrics()


@functools.cache
def _tracer() -> Tracer:
    """The tracer, with every AWS call as a subsegment.

    Made when the first sampled request comes: the X-Ray SDK costs a cold start about 80 ms of CPU, and most requests
    are not sampled.
    """
    from aws_lambda_powertools import Tracer

    return Tracer(patch_modules=("botocore",))


def observed(handler: Handler) -> Handler:
    """Give a handler its log context, its trace segment and its metrics.

    Neither requests nor responses nor exception messages go into traces or logs: they may quote a player.
    """

    @functools.wraps(handler)
    def traced(event: dict[str, Any], context: Any) -> Any:
        if not _sampled():
            return handler(event, context)
        capture = _tracer().capture_lambda_handler
        return capture(handler, capture_response=False, capture_error=False)(event, context)

    counted = metrics.log_metrics(traced, capture_cold_start_metric=True)
    return cast("Handler", logger.inject_lambda_context(counted, clear_state=True))


def in_this_trace(work: Callable[[], T]) -> Callable[[], T]:
    """The same work as part of the present trace, on whichever thread it is done."""
    if not _sampled():
        return work
    from aws_xray_sdk.core import xray_recorder

    entity = xray_recorder.get_trace_entity()

    def traced() -> T:
        xray_recorder.set_trace_entity(entity)
        try:
            return work()
        finally:
            xray_recorder.clear_trace_entities()

    return traced


def _sampled() -> bool:
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


def frames(error: BaseException) -> list[str]:
    """Where an exception came from, without its message."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def record_failure(error: NpcopsError) -> None:
    """Log a failure that is told to the caller: as an error only where it is ours."""
    if error.status >= 500:
        logger.error("request failed", kind=error.kind, detail=str(error))
    else:
        logger.info("request refused", kind=error.kind, status=error.status)
