"""A call that nobody wants any more is cut off while its model is silent, on real connections to a server."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from npcops.adapters.bedrock import BedrockChat, runtime_client
from npcops.background import Threads
from npcops.errors import ModelUnavailable
from npcops.model_calls import Delta, Message, Prompt
from tests.bedrock_wire import Hanging, event_stream

MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
PROMPT = Prompt("You are Mira.", "", (Message("user", "Is the gate open?"),))
BEGUN = event_stream(
    [("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Aye"}})]
).raw.getvalue()
# Longer than anything here takes, and far less than the client waits for its server.
LONG, READ_TIMEOUT = 20.0, 300.0

Server = Callable[[bytes], Hanging]


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Begins a server to which clients that are made from then on send their requests."""
    context = certified(tmp_path / "localhost.pem") if request.param == "https" else None
    servers: list[Hanging] = []

    def begin(said: bytes) -> Hanging:
        servers.append(Hanging(said, context))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", servers[-1].url)
        return servers[-1]

    if context:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "localhost.pem"))
    yield begin
    for made in servers:
        made.stop()


def certified(path: Path) -> ssl.SSLContext:
    """A server's context, with a certificate that is written to the path with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def chat() -> BedrockChat:
    return BedrockChat(runtime_client(read_timeout=READ_TIMEOUT, attempts=1, limit=2 * READ_TIMEOUT), MODEL)


@pytest.mark.enable_socket
def test_a_silent_model_sees_its_connection_closed_as_soon_as_nobody_listens(server: Server) -> None:
    hanging, model, background = server(BEGUN), chat(), Threads()
    flow = background.flow(lambda: model.stream(PROMPT))
    assert background.wait([flow], LONG) == (flow, Delta("text", "Aye"))
    assert not hanging.closed.is_set()
    flow.cancel()
    assert hanging.closed.wait(LONG)
    assert flow.ended(LONG)
    assert background.wait([flow], 0.01) is None


@pytest.mark.enable_socket
def test_whoever_reads_a_call_that_is_hung_up_is_told(server: Server) -> None:
    hanging, pieces = server(BEGUN), chat().stream(PROMPT)
    assert next(pieces) == Delta("text", "Aye")
    pieces.hang_up()
    assert hanging.closed.wait(LONG)
    with pytest.raises(ModelUnavailable):
        next(pieces)
    pieces.hang_up()
    pieces.close()


@pytest.mark.enable_socket
def test_a_call_that_is_hung_up_before_it_begins_ends_when_it_is_answered(server: Server) -> None:
    hanging, pieces = server(BEGUN), chat().stream(PROMPT)
    pieces.hang_up()
    with pytest.raises(ModelUnavailable):
        list(pieces)
    assert hanging.closed.wait(LONG)
