"""What the local stack remembers, and the settings its servers are started with."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest

from local import issuer, services, state
from local.layout import Layout, current
from local.processes import Record


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "stack")


def test_state_is_read_back_as_it_was_written(layout: Layout) -> None:
    known = state.StackState(ports={"cloud": 4600}, processes={"cloud": Record(7, 1.5, ("a", "b"))}, deployed="f")
    state.save(layout, known)
    assert state.load(layout) == known


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ports": 3}'])
def test_a_damaged_state_file_is_a_fresh_start(layout: Layout, content: str) -> None:
    layout.prepare()
    layout.state_file.write_text(content)
    assert state.load(layout) == state.StackState()


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NPCOPS_LOCAL_STATE", str(tmp_path / "other"))
    assert current().folder == tmp_path / "other"


def test_the_cloud_listens_on_loopback_and_sees_nothing_of_the_caller(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "PYTHONDONTWRITEBYTECODE", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    environment = services.cloud_environment(layout, state.StackState(ports=dict(services.PREFERRED_PORTS)))
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:4640"
    assert environment["AWS_ENDPOINT_URL_POLLY"] == "http://127.0.0.1:4660"
    assert environment["AWS_ENDPOINT_URL_COMPREHEND"] == "http://127.0.0.1:4680"
    assert environment["AWS_ACCESS_KEY_ID"] == services.ACCOUNT
    assert "the caller's" not in environment.values()


def test_all_state_of_the_cloud_is_below_the_stack_folder(layout: Layout) -> None:
    environment = services.cloud_environment(layout, state.StackState(ports=dict(services.PREFERRED_PORTS)))
    for name in ("STATE_DIR", "S3_DATA_DIR", "NPCOPS_JWKS_FILE"):
        assert Path(environment[name]).is_relative_to(layout.folder)


def test_tokens_are_verified_by_the_published_key_set(layout: Layout) -> None:
    issuer.ensure_key(layout)
    token = issuer.sign(layout, "server", "saltmarrow", "server@local", ttl_seconds=60)
    keys = jwt.PyJWKSet.from_json(layout.jwks_file.read_text())
    claims = jwt.decode(token, keys["local"].key, algorithms=["ES256"], audience=issuer.AUDIENCE, issuer=issuer.ISSUER)
    assert (claims["scope"], claims["title"], claims["sub"]) == ("server", "saltmarrow", "server@local")
    assert claims["exp"] - claims["iat"] == 60


def test_the_key_is_made_once_and_readable_by_its_owner_only(layout: Layout) -> None:
    issuer.ensure_key(layout)
    before = layout.key_file.read_bytes()
    issuer.ensure_key(layout)
    assert layout.key_file.read_bytes() == before
    assert stat.S_IMODE(layout.key_file.stat().st_mode) == 0o600
    assert "d" not in jwt.PyJWKSet.from_json(layout.jwks_file.read_text())["local"]._jwk_data
