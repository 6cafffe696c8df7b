"""The HTTP side: Converse, ConverseStream, InvokeModel, a health page, and the control plane where there is one."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from local.bedrock import converse, embeddings, eventstream
from local.bedrock.control import ControlPlane
from local.bedrock.converse import ChatModel
from local.bedrock.errors import ServiceError, UnknownOperationError, ValidationError
from local.bedrock.models import Models

_LOG = logging.getLogger(__name__)
# What nginx calls a request whose client went away; nobody reads it.
_CLIENT_CLOSED = 499


def create_app(models: Models, control: ControlPlane | None = None) -> Starlette:
    """The ASGI application; it loads the models, and goes on with customization jobs, in the background."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(models.load())]
        if control is not None:
            tasks.append(asyncio.create_task(control.run()))
        yield
        for task in tasks:
            task.cancel()
        # A trainer is ended before this process is.
        await asyncio.gather(*tasks, return_exceptions=True)

    service = _Service(models, control)
    routes = [
        *(control.routes(_headers) if control is not None else []),
        Route("/health", service.health),
        Route("/model/{model_id:path}/converse", service.converse, methods=["POST"]),
        Route("/model/{model_id:path}/converse-stream", service.converse_stream, methods=["POST"]),
        Route("/model/{model_id:path}/invoke", service.invoke, methods=["POST"]),
        Route("/{path:path}", service.unknown, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    handlers: dict[Any, Callable[..., Any]] = {ServiceError: _error, Exception: _unexpected}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


class _Service:
    def __init__(self, models: Models, control: ControlPlane | None) -> None:
        self._models, self._control = models, control

    async def health(self, _: Request) -> Response:
        """Readiness of each model, and the peak memory of this process in megabytes."""
        state = self._models.state()
        ready = all(value == "ready" for value in state.values())
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
        return JSONResponse({"ready": ready, "models": state, "peak_memory_mb": memory}, 200 if ready else 503)

    async def converse(self, http: Request) -> Response:
        started = time.monotonic()
        request = converse.parse(await _json(http))
        model = await self._chat(http.path_params["model_id"])
        body = await _unless_gone(http, _gather(model, request, started))
        return Response(status_code=_CLIENT_CLOSED) if body is None else JSONResponse(body, headers=_headers())

    async def converse_stream(self, http: Request) -> Response:
        started = time.monotonic()
        request = converse.parse(await _json(http))
        model = await self._chat(http.path_params["model_id"])
        events = model.respond(request)
        # An error that precedes the first event is an HTTP error, not a frame.
        first = await anext(events)
        frames = _frames(first, events, request, started)
        return StreamingResponse(frames, media_type=eventstream.CONTENT_TYPE, headers=_headers())

    async def invoke(self, http: Request) -> Response:
        started = time.monotonic()
        model = await self._models.embedder(http.path_params["model_id"])
        body, tokens = await asyncio.to_thread(embeddings.invoke, model, await _json(http))
        headers = _headers() | {
            "X-Amzn-Bedrock-Input-Token-Count": str(tokens),
            "X-Amzn-Bedrock-Output-Token-Count": "0",
            "X-Amzn-Bedrock-Invocation-Latency": str(_since(started)),
        }
        return JSONResponse(body, headers=headers)

    async def _chat(self, model_id: str) -> ChatModel:
        if self._control is not None and self._control.names(model_id):
            return await self._control.chat(model_id)
        return await self._models.chat(model_id)

    async def unknown(self, _: Request) -> Response:
        raise UnknownOperationError("The operation is not served by the local Bedrock.")


async def _gather(model: converse.ChatModel, request: converse.Request, started: float) -> dict[str, Any]:
    answer = converse.Answer(request.tool)
    finish = converse.Finish("end_turn", 0, 0)
    async for event in model.respond(request):
        if isinstance(event, converse.Finish):
            finish = event
        answer.add(event)
    return answer.body(finish, _since(started))


async def _unless_gone(http: Request, work: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    """The result of the work, or None if the client disconnects first, which stops the work."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(http.receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        gone.cancel()


async def _frames(
    first: converse.Event,
    rest: AsyncGenerator[converse.Event, None],
    request: converse.Request,
    started: float,
) -> AsyncIterator[bytes]:
    yield eventstream.event("messageStart", {"role": "assistant"})
    if request.tool:
        use = {"toolUseId": converse.tool_use_id(), "name": request.tool.name}
        yield eventstream.event("contentBlockStart", {"start": {"toolUse": use}, "contentBlockIndex": 0})
    try:
        async for event in _chain(first, rest):
            for frame in _event_frames(event, started):
                yield frame
    except ServiceError as error:
        name = error.name[0].lower() + error.name[1:]
        modelled = ("internalServerException", "validationException")
        yield eventstream.exception(name if name in modelled else "modelStreamErrorException", error.message)


def _event_frames(event: converse.Event, started: float) -> list[bytes]:
    if isinstance(event, converse.Finish):
        metadata = {"usage": event.usage(), "metrics": {"latencyMs": _since(started)}}
        return [
            eventstream.event("contentBlockStop", {"contentBlockIndex": 0}),
            eventstream.event("messageStop", {"stopReason": event.stop_reason}),
            eventstream.event("metadata", metadata),
        ]
    delta: dict[str, Any] = {"text": event.text} if isinstance(event, converse.Text) else {}
    if isinstance(event, converse.ToolInput):
        delta = {"toolUse": {"input": event.json}}
    return [eventstream.event("contentBlockDelta", {"delta": delta, "contentBlockIndex": 0})]


async def _chain(
    first: converse.Event, rest: AsyncGenerator[converse.Event, None]
) -> AsyncGenerator[converse.Event, None]:
    async with aclosing(rest) as events:
        yield first
        async for event in events:
            yield event


async def _json(http: Request) -> Any:
    try:
        return json.loads(await http.body())
    except ValueError as error:
        raise ValidationError("The request body is not valid JSON.") from error


async def _error(_: Request, error: ServiceError) -> Response:
    headers = _headers() | {"x-amzn-errortype": error.name}
    return JSONResponse({"message": error.message}, error.status, headers)


async def _unexpected(_: Request, error: Exception) -> Response:
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    headers = _headers() | {"x-amzn-errortype": ServiceError.name}
    return JSONResponse({"message": "The service failed; see its log."}, ServiceError.status, headers)


def _headers() -> dict[str, str]:
    return {"x-amzn-requestid": str(uuid.uuid4())}


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
