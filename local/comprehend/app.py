"""The HTTP side: DetectToxicContent, DetectPiiEntities and a health page."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.comprehend.asked import document_of, segments_of
from local.comprehend.detector import Detector
from local.comprehend.errors import FAILED, ComprehendError
from local.comprehend.personal import entities_of

TARGETS = "Comprehend_20171127."
CONTENT_TYPE = "application/x-amz-json-1.1"
_LOG = logging.getLogger(__name__)


def create_app(detector: Detector) -> Starlette:
    """The ASGI application."""
    service = _Service(detector)
    routes = [Route("/health", service.health), Route("/", service.call, methods=["POST"])]
    handlers: dict[Any, Callable[..., Any]] = {ComprehendError: _error, Exception: _unexpected}
    return Starlette(routes=routes, exception_handlers=handlers)


class _Service:
    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    async def health(self, _: Request) -> Response:
        """Always well: without the texts to learn from it is the requests that say what is missing."""
        return JSONResponse({"toxicity": self._detector.state()})

    async def call(self, http: Request) -> Response:
        operation = http.headers.get("x-amz-target", "").removeprefix(TARGETS)
        if operation not in ("DetectToxicContent", "DetectPiiEntities"):
            raise ComprehendError("UnknownOperationException", "The operation is not served by the local Comprehend.")
        try:
            body = json.loads(await http.body())
        except ValueError:
            raise ComprehendError("SerializationException", "The request body is not valid JSON.") from None
        if operation == "DetectPiiEntities":
            return _answer({"Entities": entities_of(document_of(body))})
        scores = await self._detector.toxicity(segments_of(body))
        # What kind of toxicity it is cannot be told: the texts that were learned from are labelled toxic or not.
        return _answer({"ResultList": [{"Labels": [], "Toxicity": score} for score in scores]})


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"x-amzn-requestid": str(uuid.uuid4()), "content-type": CONTENT_TYPE}
    return JSONResponse(body, status, headers)


async def _error(_: Request, error: ComprehendError) -> Response:
    return _answer({"__type": error.name, "Message": error.message}, error.status)


async def _unexpected(_: Request, error: Exception) -> Response:
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    return _answer({"__type": "InternalServerException", "Message": "The service failed; see its log."}, FAILED)
