"""A Bedrock runtime that answers in place of the network, below botocore's own parsing and retries.

Requests pass botocore's parameter checks and serialisation, answers its deserialisation; no socket is opened but by
`Hanging`, which is a server.
"""

from __future__ import annotations

import binascii
import io
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from npcops.adapters.bedrock import runtime_client

Answer = dict[str, Any] | bytes | Exception | AWSResponse
Answering = Callable[[str, str, dict[str, Any]], Answer]


class _Raw(io.BytesIO):
    """What urllib3 hands to botocore, as far as botocore looks."""

    def stream(self, amt: int = 65536, decode_content: bool = True) -> Any:
        while chunk := self.read(amt):
            yield chunk


def http(status: int, body: bytes, **headers: str) -> AWSResponse:
    """An HTTP response; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = HTTPHeaders.from_dict({"x-amzn-RequestId": "request-1", **named})
    return AWSResponse("https://bedrock", status, sent, _Raw(body))


def refusal(code: str, status: int, message: str = "") -> AWSResponse:
    """An API error."""
    body = json.dumps({"message": message}).encode()
    return http(status, body, x_amzn_ErrorType=code, content_type="application/json")


def event_stream(events: Sequence[tuple[str, dict[str, Any]]], error: str | None = None) -> AWSResponse:
    """The frames of ConverseStream; with `error`, an exception of that type comes last."""
    frames = [_frame({":message-type": "event", ":event-type": kind}, body) for kind, body in events]
    if error:
        frames.append(_frame({":message-type": "exception", ":exception-type": error}, {"message": "no"}))
    return http(200, b"".join(frames), content_type="application/vnd.amazon.eventstream")


def _frame(headers: dict[str, str], body: dict[str, Any]) -> bytes:
    head = b""
    for name, value in {**headers, ":content-type": "application/json"}.items():
        head += struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    payload = json.dumps(body).encode()
    prelude = struct.pack("!II", len(head) + len(payload) + 16, len(head))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + head + payload
    return message + struct.pack("!I", binascii.crc32(message))


class Wire:
    """Answers a client's requests with what `answer` makes of their operation, model id and body."""

    def __init__(self, client: Any, answer: Answering) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self._answer = answer
        client.meta.events.register("before-send.bedrock-runtime", self._send)

    def _send(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        model = unquote(request.url.split("/model/")[1].rpartition("/")[0])
        call = (event_name.rpartition(".")[2], model, json.loads(request.body))
        self.calls.append(call)
        answer = self._answer(*call)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, AWSResponse):
            return answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return http(200, body, content_type="application/json")


def converse_answer(*content: dict[str, Any], stop_reason: str = "end_turn", **usage: int) -> dict[str, Any]:
    """A reply of Converse."""
    counted = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110, **usage}
    message = {"role": "assistant", "content": list(content)}
    return {"output": {"message": message}, "stopReason": stop_reason, "usage": counted, "metrics": {"latencyMs": 5}}


def tool_use(tool_input: Any, name: str = "speak") -> dict[str, Any]:
    """A content block in which the model calls a tool."""
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": tool_input}}


def wired(answer: Answer | Answering, attempts: int = 1) -> tuple[Any, Wire]:
    """A client as the product makes it, with what answers it and records its calls."""
    client = runtime_client(attempts=attempts)
    return client, Wire(client, answer if callable(answer) else lambda *_: answer)


class Hanging:
    """A server that answers ConverseStream with some bytes and then says nothing more, for as long as one listens.

    `closed` is set when the other end is gone.
    """

    def __init__(self, said: bytes, context: ssl.SSLContext | None = None) -> None:
        self._said, self._context = said, context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.closed = threading.Event()
        self.url = f"{'https' if context else 'http'}://localhost:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """No further connection is taken."""
        self._server.close()

    def _serve(self) -> None:
        connection: socket.socket = self._server.accept()[0]
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
                b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(self._said), self._said)
            )
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass
            self.closed.set()
