"""A golden suite as a configuration of promptfoo, with a provider that tries the NPC out through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

VERSION = "0.121.20"
RUN = f"npx promptfoo@{VERSION} eval --no-cache"
FOLDER = Path(__file__).parent / "exported"
PROVIDER, CHECKS = "npcops-provider.mjs", "npcops-checks.mjs"
HEAD = f"""\
# Written by `npc eval export`. Run in this folder, with NPCOPS_API_URL and NPCOPS_TOKEN (scope studio) set:
#   {RUN}
# Cases that may fail have the metadata `required: false`; --filter-metadata required=true leaves them out. Assertions
# of type llm-rubric need a grader of yours: https://www.promptfoo.dev/docs/configuration/expected-outputs/model-graded/
"""


def files(suite: dict[str, Any], rubrics: dict[str, str]) -> dict[str, str]:
    """The files' texts by name. `rubrics` are the questions of the suite's rubrics by name."""
    config = {
        "description": literal(suite.get("description") or suite["name"]),
        "prompts": [{"raw": "{{message}}", "label": suite["name"]}],
        "providers": [
            {"id": f"file://{PROVIDER}", "label": "production", "config": {"configuration": {"label": "production"}}}
        ],
        "defaultTest": {"assert": [_checked("answered")]},
        "tests": [_test(case, rubrics) for case in suite["cases"]],
    }
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=120)
    return {
        "promptfooconfig.yaml": HEAD + text,
        **{name: (FOLDER / name).read_text("utf-8") for name in (PROVIDER, CHECKS)},
    }


def expressible(case: dict[str, Any]) -> bool:
    """Whether promptfoo can tell if the case passes: always, by a grader if need be."""
    return True


def literal(text: str) -> str:
    """Text that comes out of promptfoo's templates as it went in: cases of injection hold the templates' own signs."""
    return text.replace("{", "{{ '{' }}") if any(sign in text for sign in ("{{", "{%", "{#")) else text


def tryout(case: dict[str, Any]) -> dict[str, Any]:
    """What is asked of `POST /v1/tryouts` for a case, but for the configuration."""
    wanted = {"npc": case["npc"], "messages": list(case["messages"]), "mode": case.get("mode", "rag"), "greedy": True}
    given = {name: case[name] for name in ("flags", "language") if case.get(name)}
    return {**wanted, **given}


def _test(case: dict[str, Any], rubrics: dict[str, str]) -> dict[str, Any]:
    said = "\n".join(case["messages"])
    return {
        "description": f"{case['npc']}: {case['id']}",
        "vars": {"message": literal(said)},
        "metadata": {
            "kind": case["kind"],
            "required": case.get("required", True),
            "tryout": tryout(case),
        },
        "assert": list(_assertions(case, rubrics)),
    }


def _assertions(case: dict[str, Any], rubrics: dict[str, str]) -> Iterator[dict[str, Any]]:
    expected = case.get("expected", {})
    yield from _words(expected)
    yield from _beside_words(expected)
    for question in _questions(case, rubrics):
        yield {"type": "llm-rubric", "value": literal(question), "metric": "graded"}
    if (limit := expected.get("max_ms")) is not None:
        yield {"type": "latency", "threshold": limit, "metric": "in time"}
    if (limit := expected.get("max_cost_usd")) is not None:
        yield {"type": "cost", "threshold": limit, "metric": "cost"}


def _words(expected: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = {"says_any": "icontains-any", "says_all": "icontains-all", "says_none": "not-icontains-any"}
    for name, kind in kinds.items():
        if phrases := expected.get(name):
            yield {"type": kind, "value": [literal(phrase) for phrase in phrases], "metric": name.replace("_", " ")}


def _beside_words(expected: dict[str, Any]) -> Iterator[dict[str, Any]]:
    checks = {
        "cites": ("cites", "documents"),
        "emotions": ("feels", "emotions"),
        "actions": ("acts", "actions"),
        "no_actions": ("refrains", "names"),
    }
    for name, (function, argument) in checks.items():
        if expected.get(name):
            yield {**_checked(function), "config": {argument: expected[name]}}


def _checked(function: str) -> dict[str, Any]:
    return {"type": "javascript", "value": f"file://{CHECKS}:{function}", "metric": function}


def _questions(case: dict[str, Any], rubrics: dict[str, str]) -> Iterator[str]:
    """What only a reader, or a model as one, can tell; some of it goes without saying for a kind."""
    expected = case.get("expected", {})
    if means := expected.get("means"):
        yield f"Means at least one of: {' / '.join(means)}"
    if (unknown := _either(expected.get("admits_unknown"), case["kind"] == "unknown" or None)) is not None:
        yield "Says that the speaker does not know." if unknown else "Does not say that the speaker does not know."
    if (refuses := _either(expected.get("refuses"), False if case["kind"] == "harmless" else None)) is not None:
        yield "Declines what is asked for." if refuses else "Does not decline what is asked for."
    if language := expected.get("language") or case.get("language"):
        yield f"Is written in the language with the tag {language} (BCP 47)."
    yield from (rubrics.get(name, name) for name in expected.get("rubrics", []))


def _either(told: bool | None, otherwise: bool | None) -> bool | None:
    return otherwise if told is None else told
