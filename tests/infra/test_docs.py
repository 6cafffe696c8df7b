"""What the documents name exists: commands, make targets, routes, variables, events, problems, files and parameters."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
import yaml

from npc.app import ANYWHERE, application
from npc.tuning import FileOrCommand
from npcops import errors

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "world" / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCES = (
    "layers",
    "functions",
    "local",
    "cli",
    "scripts",
    "bench",
    "tests",
    "template.yaml",
    "Makefile",
    "samconfig.toml",
)
GATEWAY_PROBLEMS = set(re.findall(r'"/problems/([a-z-]+)"', (ROOT / "api" / "openapi.yaml").read_text("utf-8")))
# Variables of other software that the documents may name.
FOREIGN = {"XDG_CACHE_HOME", "XDG_CONFIG_HOME"}


def texts() -> Iterator[tuple[str, str]]:
    """(document, text) of every document."""
    for document in DOCUMENTS:
        yield document.relative_to(ROOT).as_posix(), document.read_text("utf-8")


def found(pattern: str) -> list[tuple[str, str]]:
    """(document, match) of every match in every document, once each."""
    matches = [(name, match) for name, text in texts() for match in re.findall(pattern, text, re.M)]
    return sorted(set(matches))


def source() -> str:
    """All tracked source text."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / line for line in listed.stdout.splitlines() if line.endswith((".py", ".yaml", ".toml", "Makefile"))]
    return "\n".join(file.read_text("utf-8") for file in files if file.is_file())


@pytest.mark.parametrize(("document", "line"), found(r"^\s*(?:\./)?npc ([a-z][^\n]*)$|`(?:\./)?npc ([a-z][^`\n]*)`"))
def test_every_command_exists(document: str, line: tuple[str, str]) -> None:
    words = re.split(r"\s{2,}", next(part for part in line if part))[0].split()
    command: click.Command = typer.main.get_command(application)
    while isinstance(command, click.Group) and words:
        # `npc tune lines.jsonl` is `npc tune run lines.jsonl`.
        name = command.default if isinstance(command, FileOrCommand) and "." in words[0] else words.pop(0)
        assert name in command.commands, f"{document}: npc has no command {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts} | set(ANYWHERE) | {"--help"}
    named = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert named <= known, f"{document}: npc {command.name} has no {named - known}"


@pytest.mark.parametrize(("document", "target"), found(r"(?:^|`)make ([a-z]+)"))
def test_every_make_target_exists(document: str, target: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert target in targets, document


@pytest.mark.parametrize(("document", "route"), found(r"\b((?:GET|PUT|POST|DELETE) /v1/[^\s`?,;)|]+)"))
def test_every_route_exists(document: str, route: str) -> None:
    api = yaml.safe_load((ROOT / "api" / "openapi.yaml").read_text("utf-8"))
    routes = [
        re.escape(f"{verb.upper()} {path}").replace(r"\{", "{").replace(r"\}", "}")
        for path, operations in api["paths"].items()
        for verb in operations
    ]
    patterns = [re.sub(r"\{[a-z]+\\?\+?\}", "[^/]+", known) for known in routes]
    assert any(re.fullmatch(pattern, route.rstrip(".:")) for pattern in patterns), document


@pytest.mark.parametrize(("document", "name"), found(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`"))
def test_every_variable_is_read_somewhere(document: str, name: str) -> None:
    assert name in FOREIGN or re.search(rf"\b{name}\b", source()), document


@pytest.mark.parametrize(("document", "event"), found(r"\b([A-Z][A-Za-z]+\.v\d+)\b"))
def test_every_event_has_a_schema(document: str, event: str) -> None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()
    assert (ROOT / "events" / "schemas" / f"{snake}.json").is_file(), document


@pytest.mark.parametrize(("document", "kind"), found(r"/problems/([a-z-]+)"))
def test_every_problem_is_an_error_or_an_answer_of_api_gateway(document: str, kind: str) -> None:
    kinds = {getattr(error, "kind", None) for error in vars(errors).values()}
    assert kind in kinds | GATEWAY_PROBLEMS, document


@pytest.mark.parametrize("kind", sorted(GATEWAY_PROBLEMS))
def test_game_developers_are_told_of_every_answer_of_api_gateway(kind: str) -> None:
    assert ("docs/game-developer.md", kind) in found(r"/problems/([a-z-]+)")


@pytest.mark.parametrize(("document", "link"), found(r"\]\((?!https?:)([^)#\s]+)\)"))
def test_every_link_leads_somewhere(document: str, link: str) -> None:
    assert (ROOT / document).parent.joinpath(link).exists(), document


@pytest.mark.parametrize(
    "parameter",
    re.findall(
        r"`([A-Z][A-Za-z]+(?:Id|Url|Dimensions|Store|Issuer|Audience|Email))`",
        (ROOT / "docs/operator.md").read_text("utf-8"),
    ),
)
def test_every_template_parameter_exists(parameter: str) -> None:
    assert re.search(rf"^  {parameter}:", (ROOT / "template.yaml").read_text("utf-8"), re.M)


def test_the_documents_name_something_of_each_kind() -> None:
    assert len(found(r"^(?:\./)?npc ")) + len(found(r"`npc ")) > 5
    assert len(found(r"/problems/([a-z-]+)")) > 5
    assert len(found(r"\b([A-Z][A-Za-z]+\.v\d+)\b")) >= 4
