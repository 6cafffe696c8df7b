"""Turns a versioned prompt template, a character, lore and memory into the prompt of one model call.

Templates are written by the studio and may say anything; what they are filled with is data. Their tags are the only
ones in a prompt: in lore and memory every `<` is replaced, so no text can open or close one. The templates are not
HTML-escaped, because models repeat entities such as `&quot;` in what they say.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import minijinja
import msgspec

from npcops.dialogue import ActionSpec, Example, GameTitle, NpcCard, PromptTemplate, RememberedTurn
from npcops.errors import InvalidTemplate
from npcops.lore import OPEN, Passage
from npcops.model_calls import Message, Prompt, Tool

TURN_VARIABLES = frozenset({"language", "lore", "memory", "previous"})
VARIABLES = TURN_VARIABLES | {"character", "title"}
_FUNCTIONS = frozenset({"loop", "range"})
# A template needs some hundreds of steps; one that needs this many would never end.
_STEPS = 200_000
_TAGS = str.maketrans({"<": "‹", "\0": None})
_ATTRIBUTES = str.maketrans({"<": "‹", ">": "›", '"': "'", "\0": None})
# The engine's own error, and what Python methods called by a template may raise.
_BROKEN = (minijinja.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def render(
    template: PromptTemplate,
    card: NpcCard,
    title: GameTitle,
    passages: Sequence[Passage] = (),
    summaries: Sequence[str] = (),
    previous: str = "",
    language: str = "",
) -> tuple[str, str]:
    """The system text, equal for all turns of an NPC, and the context text of this turn.

    `summaries` are what the NPC remembers, `previous` is an earlier summary to be continued, `language` is the tag of
    the one that the game asks for, empty where it leaves that to the player's words. Raises InvalidTemplate.
    """
    constant = {"character": _character(card), "title": _title(title)}
    turn = {
        "language": language.translate(_TAGS),
        "lore": [_lore(passage) for passage in passages],
        "memory": [summary.translate(_TAGS) for summary in summaries],
        "previous": previous.translate(_TAGS),
    }
    return _fill(template, "system", constant), _fill(template, "context", {**constant, **turn})


def check(template: PromptTemplate) -> None:
    """Refuses, with InvalidTemplate, a template that is broken or declares other variables than it uses."""
    in_system = _used(template, "system")
    used, declared = in_system | _used(template, "context"), set(template.variables)
    _refuse(template, (used | declared) - VARIABLES, f"uses {{}}; there is only {', '.join(sorted(VARIABLES))}")
    _refuse(template, used - declared, "uses {} without declaring it in `variables`")
    _refuse(template, declared - used, "declares {} without using it")
    _refuse(template, in_system & TURN_VARIABLES, "uses {} in `system`, which must be the same in every turn")
    for card, passages, texts in ((_RICH_CARD, [_PASSAGE], ["A summary."]), (_BARE_CARD, [], [])):
        system, _ = render(template, card, _GAME, passages, texts, "".join(texts), "de" if texts else "")
        if not system.strip():
            raise InvalidTemplate(f"Prompt {template.name}: `system` is empty.")


def build_prompt(
    template: PromptTemplate,
    card: NpcCard,
    title: GameTitle,
    passages: Sequence[Passage],
    summaries: Sequence[str],
    turns: Sequence[RememberedTurn],
    message: str,
    language: str,
    attribution: Mapping[str, str],
) -> Prompt:
    """The prompt of one turn. The player's text is the last message, verbatim, and is nowhere else.

    `language` is as in `render`; `attribution` holds ids, never text. Raises InvalidTemplate.
    """
    system, context = render(template, card, title, passages, summaries, language=language)
    messages = [said for turn in turns for said in (Message("user", turn.player), Message("assistant", turn.npc))]
    return Prompt(
        system=system,
        context=context,
        messages=(*messages, Message("user", message)),
        tool=speak_tool(card, [passage.id for passage in passages]),
        max_tokens=template.max_tokens,
        temperature=template.temperature,
        attribution=dict(attribution),
    )


def build_summary_prompt(
    template: PromptTemplate,
    card: NpcCard,
    title: GameTitle,
    previous: str,
    turns: Sequence[RememberedTurn],
    attribution: Mapping[str, str],
) -> Prompt:
    """The prompt that folds `turns` and the `previous` summary into a new one, which is the reply's text.

    The turns are one message of data, in which no text can end its own turn; without any, the summary is only made
    shorter. Raises InvalidTemplate.
    """
    system, context = render(template, card, title, previous=previous)
    told = "\n".join(
        f"<turn>\n<player>{turn.player.translate(_TAGS)}</player>\n<reply>{turn.npc.translate(_TAGS)}</reply>\n</turn>"
        for turn in turns
    )
    return Prompt(
        system=system,
        context=context,
        messages=(Message("user", told or "<turn></turn>"),),
        max_tokens=template.max_tokens,
        temperature=template.temperature,
        attribution=dict(attribution),
    )


def speak_tool(card: NpcCard, passage_ids: Sequence[str]) -> Tool:
    """The shape of a turn. Actions and citations are part of it only where there is something to choose from."""
    properties: dict[str, Any] = {
        "say": {"type": "string", "description": f"The words that {card.name} speaks."},
        "emotion": {"type": "string", "enum": list(card.emotions)},
    }
    if passage_ids:
        items = {"type": "string", "enum": list(dict.fromkeys(passage_ids))}
        properties["citations"] = {"type": "array", "items": items, "description": "Ids of the passages used."}
    required = list(properties)
    if card.actions:
        properties["actions"] = _actions_schema(card.actions)
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool("speak", f"Speaks and acts as {card.name}.", schema)


def _actions_schema(actions: Sequence[ActionSpec]) -> dict[str, Any]:
    described = [
        f"{action.name}: {action.description} Arguments: {json.dumps(action.parameters, ensure_ascii=False)}"
        for action in actions
    ]
    item = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "enum": [action.name for action in actions]},
            "arguments": {"type": "object"},
        },
        "required": ["name", "arguments"],
    }
    return {"type": "array", "items": item, "description": "\n".join(described)}


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


def _used(template: PromptTemplate, part: str) -> set[str]:
    try:
        return set(_engine().undeclared_variables_in_str(getattr(template, part))) - _FUNCTIONS
    except _BROKEN as error:
        raise _broken(template, part, error) from None


def _broken(template: PromptTemplate, part: str, error: Exception) -> InvalidTemplate:
    """The engine's first line names the fault and its place; the lines below quote the template."""
    fault = str(error).partition("\n")[0]
    line = getattr(error, "line", None)
    return InvalidTemplate(f"Prompt {template.name}, `{part}`{f', line {line}' if line else ''}: {fault}")


def _refuse(template: PromptTemplate, names: set[str] | frozenset[str], fault: str) -> None:
    if names:
        raise InvalidTemplate(f"Prompt {template.name} {fault.format(', '.join(sorted(names)))}.")


def _character(card: NpcCard) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(card)
    return {**values, "name": card.name.translate(_ATTRIBUTES)}


def _title(title: GameTitle) -> dict[str, str]:
    return {"id": title.id, "name": title.name.translate(_ATTRIBUTES), "description": title.description}


def _lore(passage: Passage) -> dict[str, Any]:
    """Ids and titles stand in attributes of the template's tags, so they must not end those either."""
    return {
        "id": passage.id.translate(_ATTRIBUTES),
        "title": " ".join(passage.title.translate(_ATTRIBUTES).split()),
        "text": passage.text.translate(_TAGS),
        "canon": passage.canon,
    }


# Samples for `check`: a template has to work with a card that has everything and with one that has next to nothing.
_GAME = GameTitle("game", "Game", "A game.")
_PASSAGE = Passage("0" * 24, "a.md", "Title", "Title > Heading", "Text.", 1.0, OPEN, True, ("0" * 24,))
_BARE_CARD = NpcCard("npc", "Name", "Persona.")
_RICH_CARD = NpcCard(
    id="npc",
    name="Name",
    persona="Persona.",
    role="Role",
    voice="Voice.",
    knowledge=("Fact.",),
    boundaries=("Boundary.",),
    emotions=("neutral", "warm"),
    examples=(Example("Question?", "Answer.", "Note."),),
    fallbacks={"default": ("Again?",)},
    actions=(ActionSpec("wave", "Waves."),),
)
