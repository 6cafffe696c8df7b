"""Stored tokens: which one is used, who may read them, and what is refused."""

from __future__ import annotations

import io
import stat
import time
from pathlib import Path

import pytest

from npc import tokens
from npc.errors import CliError
from tests.unit.cli.pretended_stage import Stage, token


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("NPCOPS_TOKEN", raising=False)
    return tmp_path


def test_a_stored_token_is_readable_by_its_owner_only(home: Path) -> None:
    assert tokens.store("qa", token("studio")) == ["studio"]
    assert stat.S_IMODE((home / "npcops" / "credentials.json").stat().st_mode) == 0o600


def test_tokens_are_kept_by_stage_and_scope() -> None:
    studio, server = token("studio"), token("server")
    tokens.store("qa", studio)
    tokens.store("qa", server)
    assert tokens.stored("qa", ("server", "studio")) == server
    assert tokens.stored("qa", ("studio",)) == studio
    with pytest.raises(CliError, match="run `npc --stage prod login`"):
        tokens.stored("prod", ("studio",))


def test_an_expired_token_is_named_before_it_is_sent() -> None:
    tokens.store("qa", token("studio", exp=int(time.time()) - 10))
    with pytest.raises(CliError, match="has expired"):
        tokens.stored("qa", ("studio",))


@pytest.mark.parametrize("text", ["", "not-a-token", "a.b.c", "a.W10.c"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(CliError):
        tokens.store("qa", text)


def test_a_token_without_our_scopes_is_refused() -> None:
    with pytest.raises(CliError, match="none of the scopes"):
        tokens.store("qa", token("openid"))


def test_login_reads_standard_input(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPCOPS_TOKEN")
    monkeypatch.setattr("sys.stdin", io.StringIO(token("studio") + "\n"))
    assert stage.npc("login", "--json").data["scopes"] == ["studio"]
    assert tokens.scopes(tokens.stored("dev", ("studio",))) == ["studio"]
