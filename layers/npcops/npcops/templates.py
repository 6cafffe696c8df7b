"""Fills versioned prompt templates with a character, lore and memory.

Templates are written by the studio and may say anything; what they are filled with is data. Their tags are the only
ones in a prompt: in lore, memory and names every `<` is replaced, so no text can open or close one. They are not
HTML-escaped, because models repeat entities such as `&quot;` in what they say.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import minijinja
import msgspec

from npcops.characters import GameTitle, NpcCard, PromptTemplate
from npcops.errors import InvalidTemplate
from npcops.lore import Passage
from npcops.memory import RememberedTurn

if TYPE_CHECKING:
    from npcops.golden import Rubric

_FUNCTIONS = frozenset({"loop", "range"})
# A template needs some hundreds of steps; one that needs this many would never end.
_STEPS = 200_000
TAGS = str.maketrans({"<": "‹", "\0": None})
_ATTRIBUTES = str.maketrans({"<": "‹", ">": "›", '"': "'", "\0": None})
# The engine's own error, and what Python methods called by a template may raise.
_BROKEN = (minijinja.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class DatedFact(msgspec.Struct, frozen=True):
    """Something an NPC remembers, and when it learned it, in words (`yesterday`)."""

    text: str
    when: str


class Moment(msgspec.Struct, frozen=True):
    """What one turn's part of a prompt is filled with: all of it is data.

    `summaries` and `facts` are what the NPC remembers, `heard` turns that others spoke in its presence, `avoid` its own
    recent lines that it is not to repeat, `previous` an earlier summary to be continued, `language` the tag of the one
    that the game asks for, empty where it leaves that to the player's words.
    """

    passages: tuple[Passage, ...] = ()
    summaries: tuple[str, ...] = ()
    facts: tuple[DatedFact, ...] = ()
    heard: tuple[RememberedTurn, ...] = ()
    avoid: tuple[str, ...] = ()
    player_name: str = ""
    previous: str = ""
    language: str = ""


def render(template: PromptTemplate, card: NpcCard, title: GameTitle, moment: Moment) -> tuple[str, str]:
    """The system text, equal for all turns of an NPC, and the context text of this turn. Raises InvalidTemplate."""
    constant = {"character": _character(card, title), "title": _title(title)}
    turn = {
        "avoid": [line.translate(TAGS) for line in moment.avoid],
        "facts": [{"text": fact.text.translate(TAGS), "when": fact.when} for fact in moment.facts],
        "heard": [_heard(turn) for turn in moment.heard],
        "language": moment.language.translate(TAGS),
        "lore": [_lore(passage) for passage in moment.passages],
        "memory": [summary.translate(TAGS) for summary in moment.summaries],
        "player_name": _name(moment.player_name),
        "previous": moment.previous.translate(TAGS),
    }
    return _fill(template, "system", constant), _fill(template, "context", {**constant, **turn})


def render_judge(
    template: PromptTemplate,
    card: NpcCard,
    title: GameTitle,
    passages: Sequence[Passage],
    question: str,
    reply: str,
    rubric: Rubric,
    reference: str = "",
) -> tuple[str, str]:
    """The system text of prompt `judge`, equal for all replies of an NPC to one rubric, and the context text of one.

    `question` is what the player said, `reply` what is judged, `reference` a good answer (empty: there is none). Raises
    InvalidTemplate.
    """
    constant = {"character": _character(card, title), "title": _title(title), "rubric": _rubric(rubric)}
    shown = {
        "lore": [_lore(passage) for passage in passages],
        "question": question.translate(TAGS),
        "reference": reference.translate(TAGS),
        "reply": reply.translate(TAGS),
    }
    return _fill(template, "system", constant), _fill(template, "context", {**constant, **shown})


def variables_in(template: PromptTemplate, part: str) -> set[str]:
    """The variables that a part (`system` or `context`) uses. Raises InvalidTemplate."""
    try:
        return set(_engine().undeclared_variables_in_str(getattr(template, part))) - _FUNCTIONS
    except _BROKEN as error:
        raise _broken(template, part, error) from None


@functools.cache
def _engine() -> minijinja.Environment:
    """Templates see plain data and no files, and cannot run for ever."""
    engine = minijinja.Environment(
        undefined_behavior="strict", auto_escape_callback=lambda _: False, debug=False, fuel=_STEPS
    )
    for name in ("debug", "dict", "namespace", "cycler", "joiner"):
        engine.remove_global(name)
    return engine


def _fill(template: PromptTemplate, part: str, values: Mapping[str, Any]) -> str:
    try:
        return str(_engine().render_str(getattr(template, part), part, **values)).strip()
    except _BROKEN as error:
        raise _broken(template, part, error) from None


def _broken(template: PromptTemplate, part: str, error: Exception) -> InvalidTemplate:
    """The engine's first line names the fault and its place; the lines below quote the template."""
    fault = str(error).partition("\n")[0]
    line = getattr(error, "line", None)
    return InvalidTemplate(f"Prompt {template.name}, `{part}`{f', line {line}' if line else ''}: {fault}")


def _character(card: NpcCard, title: GameTitle) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(card)
    return {**values, "name": card.name.translate(_ATTRIBUTES), "emotions": title.emotions_of(card)}


def _title(title: GameTitle) -> dict[str, str]:
    return {"id": title.id, "name": title.name.translate(_ATTRIBUTES), "description": title.description}


def _lore(passage: Passage) -> dict[str, Any]:
    """Ids and titles stand in attributes of the template's tags, so they must not end those either."""
    return {
        "id": passage.id.translate(_ATTRIBUTES),
        "title": " ".join(passage.title.translate(_ATTRIBUTES).split()),
        "text": passage.text.translate(TAGS),
        "canon": passage.canon,
    }


def _rubric(rubric: Rubric) -> dict[str, Any]:
    """The question is a writer's; what its examples quote is data, like what is judged."""
    examples = [
        {
            "player": example.player.translate(TAGS),
            "reply": example.reply.translate(TAGS),
            "verdict": example.verdict,
            "why": example.why.translate(TAGS),
        }
        for example in rubric.examples
    ]
    return {"name": rubric.name, "question": rubric.question, "guidance": rubric.guidance, "examples": examples}


def _heard(turn: RememberedTurn) -> dict[str, str]:
    return {
        "speaker": turn.speaker.translate(_ATTRIBUTES),
        "player": turn.player.translate(TAGS),
        "reply": turn.npc.translate(TAGS),
    }


def _name(name: str) -> str:
    """A name on one line, that can stand in an attribute."""
    return " ".join(name.translate(_ATTRIBUTES).split())
