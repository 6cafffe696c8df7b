"""`npc eval export`: golden suites as files for other evaluation tools, so that studios keep their harness."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from npc import lm_eval_export, promptfoo_export
from npc.client import Api, segment
from npc.entry_files import read_entry
from npc.errors import CliError, Refused
from npc.output import show
from npc.session import of

Target = Literal["lm-eval", "promptfoo"]
WRITERS = {"lm-eval": lm_eval_export, "promptfoo": promptfoo_export}


def export(
    context: typer.Context,
    suite: Annotated[str, typer.Argument(help="A suite of the catalogue, or a YAML file of one.")],
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")],
    to: Annotated[Target, typer.Option(help="For which tool.")],
    version: Annotated[str, typer.Option(help="A version or label.")] = "production",
) -> None:
    """Write a golden suite for EleutherAI's lm-evaluation-harness or for promptfoo."""
    session, file, writer = of(context), Path(suite), WRITERS[to]
    content, rubrics = _from_file(file) if file.is_file() else _from_catalogue(session.api(), suite, version)
    files = writer.files(content, rubrics)
    left_out = [case["id"] for case in content["cases"] if not writer.expressible(case)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{folder} cannot be written: {error}") from None
    lines = [str(folder / name) for name in files]
    if left_out:
        lines.append(f"Left out, because they expect nothing that {to} can tell: {', '.join(left_out)}")
    lines.append(f"To run it, with NPCOPS_API_URL and NPCOPS_TOKEN set: cd {folder} && {writer.RUN}")
    data = {"files": lines[: len(files)], "left_out": left_out, "run": writer.RUN}
    show(session.as_json, data, lambda console: console.print(escape("\n".join(lines)), soft_wrap=True))


def _from_file(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """A suite, and the questions of those of its rubrics that lie in the folder `rubrics` beside its own."""
    name, content = read_entry(file, "suites")
    if not isinstance(content.get("cases"), list) or not content["cases"]:
        raise CliError(f"{file} holds no cases")
    places = {rubric: file.parent.parent / "rubrics" / f"{rubric}.yaml" for rubric in _rubrics(content)}
    found = {rubric: read_entry(place, "rubrics")[1] for rubric, place in places.items() if place.is_file()}
    return {**content, "name": name}, {rubric: _question(content) for rubric, content in found.items()}


def _from_catalogue(api: Api, suite: str, version: str) -> tuple[dict[str, Any], dict[str, str]]:
    content = api.call("GET", f"/v1/catalog/suites/{segment(suite)}", params={"version": version})["content"]
    questions = {}
    for name in _rubrics(content):
        # A rubric that is not there is asked for by its name.
        with suppress(Refused):
            questions[name] = _question(api.call("GET", f"/v1/catalog/rubrics/{segment(name)}")["content"])
    return content, questions


def _rubrics(suite: dict[str, Any]) -> list[str]:
    named = [name for case in suite["cases"] for name in case.get("expected", {}).get("rubrics", [])]
    return list(dict.fromkeys(named))


def _question(rubric: dict[str, Any]) -> str:
    return " ".join(part for part in (rubric["question"], rubric.get("guidance", "")) if part)
