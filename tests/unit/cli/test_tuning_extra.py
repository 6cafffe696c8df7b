"""What tuning on this machine takes is installed only where somebody allows it."""

from __future__ import annotations

import io

import pytest

from local import venvs
from local.tuning import extra
from npc import tuning_extra
from npc.errors import CliError
from npc.session import Session


class Terminal(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def extras(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was installed, on a machine that lacks the extra."""
    done: list[str] = []
    monkeypatch.setattr(extra, "installed", lambda: bool(done))
    monkeypatch.setattr(extra, "install", lambda: done.append("extra"))
    return done


LOCAL = Session(stage_name="local")


def test_deployed_stages_need_no_extra(extras: list[str]) -> None:
    tuning_extra.ensure(Session(stage_name="dev"), yes=False)
    assert extras == []


def test_with_yes_the_extra_is_installed_once_and_without_asking(extras: list[str]) -> None:
    tuning_extra.ensure(LOCAL, yes=True)
    tuning_extra.ensure(LOCAL, yes=False)
    assert extras == ["extra"]


def test_without_a_terminal_nothing_is_installed_unasked(extras: list[str]) -> None:
    with pytest.raises(CliError, match="add --yes"):
        tuning_extra.ensure(LOCAL, yes=False)
    assert extras == []


@pytest.mark.parametrize(("typed", "installed"), [("y\n", ["extra"]), ("\n", ["extra"]), ("n\n", [])])
def test_on_a_terminal_somebody_is_asked(
    extras: list[str], monkeypatch: pytest.MonkeyPatch, typed: str, installed: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    monkeypatch.setattr("sys.stderr", Terminal())
    if installed:
        tuning_extra.ensure(LOCAL, yes=False)
    else:
        with pytest.raises(CliError, match="nothing was installed"):
            tuning_extra.ensure(LOCAL, yes=False)
    assert extras == installed


def test_an_installation_that_fails_is_one_line(extras: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise venvs.SetupFailed("uv pip sync failed:\nno network")

    monkeypatch.setattr(extra, "install", failing)
    with pytest.raises(CliError, match="no network"):
        tuning_extra.ensure(LOCAL, yes=True)
