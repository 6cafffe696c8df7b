"""The HTTP side: SynthesizeSpeech, DescribeVoices and a health page."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.polly.asked import Speech
from local.polly.encoding import CONTENT_TYPES, encode
from local.polly.errors import PollyError
from local.polly.marks import marks
from local.polly.speaker import INSTALL, Speaker
from local.polly.voices import VOICES

_LOG = logging.getLogger(__name__)


def create_app(speaker: Speaker | None = None) -> Starlette:
    """The ASGI application."""
    service = _Service(speaker or Speaker())
    routes = [
        Route("/health", service.health),
        Route("/v1/speech", service.synthesize, methods=["POST"]),
        Route("/v1/voices", service.voices),
        Route("/{path:path}", service.unknown, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    handlers: dict[Any, Callable[..., Any]] = {PollyError: _error, Exception: _unexpected}
    return Starlette(routes=routes, exception_handlers=handlers)


class _Service:
    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    async def health(self, _: Request) -> Response:
        """Always well: without espeak-ng it is the requests to speak that say what is missing."""
        return JSONResponse({"voice": "ready" if self._speaker.installed() else INSTALL})

    async def synthesize(self, http: Request) -> Response:
        try:
            speech = Speech.of(json.loads(await http.body()))
        except ValueError:
            raise PollyError("ValidationException", "The request body is not valid JSON.") from None
        spoken = await self._speaker.speak(speech.text, speech.voice)
        if speech.output == "json":
            found = marks(speech.text, spoken.events, spoken.ms, speech.mark_types)
            body = b"".join(json.dumps(mark, ensure_ascii=False).encode() + b"\n" for mark in found)
        else:
            body = await asyncio.to_thread(encode, spoken.samples, spoken.rate, speech.rate, speech.output)
        headers = _headers() | {"x-amzn-RequestCharacters": str(len(speech.text))}
        return Response(body, media_type=CONTENT_TYPES[speech.output], headers=headers)

    async def voices(self, http: Request) -> Response:
        engine, language = http.query_params.get("Engine"), http.query_params.get("LanguageCode")
        found = [
            voice.described()
            for voice in VOICES.values()
            if engine in (None, *voice.engines) and language in (None, voice.language)
        ]
        return JSONResponse({"Voices": found}, headers=_headers())

    async def unknown(self, _: Request) -> Response:
        raise PollyError("UnknownOperationException", "The operation is not served by the local Polly.", 404)


async def _error(_: Request, error: PollyError) -> Response:
    return JSONResponse({"message": error.message}, error.status, _headers() | {"x-amzn-errortype": error.name})


async def _unexpected(_: Request, error: Exception) -> Response:
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    failure = PollyError("ServiceFailureException", "The service failed; see its log.", 500)
    return JSONResponse({"message": failure.message}, failure.status, {"x-amzn-errortype": failure.name})


def _headers() -> dict[str, str]:
    return {"x-amzn-requestid": str(uuid.uuid4())}
