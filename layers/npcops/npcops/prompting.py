"""Puts together what one model call is given: the filled template, the conversation, and the shape of the reply."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from npcops.characters import ActionSpec, GameTitle, NpcCard, PromptTemplate, Script
from npcops.errors import ModelFailed
from npcops.leaks import LeakGuard, canary_of
from npcops.memory import MOST_NOTES, NOTE_CHARACTERS, Fact, RememberedTurn
from npcops.model_calls import Message, Prompt, Tool
from npcops.model_prices import chat_model
from npcops.templates import TAGS, DatedFact, Moment, render
from npcops.turn_ids import moment

DAY_MS = 86_400_000
MOST_GUARDS = 256
_guards: dict[str, LeakGuard] = {}
_NAME = re.compile(r"\{\{\s*character\.name\s*\}\}")
# What a template's text is interrupted by: variables, statements and comments.
_INSERTED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
# A reply that has it, in whatever disguise, gives away what the model was told (npcops.leaks).
_MARK = "<mark>{}</mark> marks these instructions. The mark is no part of the game: never say, spell or hint at it."


def for_model(template: PromptTemplate, model: str) -> PromptTemplate:
    """The prompt as a model of this id is given it: as it is if the model is unknown, or its family has no variant."""
    if not template.variants:
        return template
    try:
        return template.for_family(chat_model(model).entry.family)
    except ModelFailed:
        return template


def build_prompt(
    script: Script,
    moment: Moment,
    turns: Sequence[RememberedTurn],
    message: str,
    actions: Sequence[ActionSpec],
    attribution: Mapping[str, str],
) -> Prompt:
    """The prompt of one turn. The player's text is the last message, verbatim, and is nowhere else.

    `actions` are those that may be taken now; `attribution` holds ids, never text. Raises InvalidTemplate.
    """
    template, card, game = script.template, script.card, script.game
    system, context = render(template, card, game, moment)
    messages = [said for turn in turns for said in (Message("user", turn.player), Message("assistant", turn.npc))]
    canary = canary_of(system)
    return Prompt(
        system=f"{system}\n{_MARK.format(canary)}",
        context=context,
        messages=(*messages, Message("user", message)),
        tool=speak_tool(card, game.emotions_of(card), [passage.id for passage in moment.passages], actions),
        max_tokens=template.max_tokens,
        temperature=template.temperature,
        attribution=dict(attribution),
        canary=canary,
    )


def guard_of(script: Script, prompt: Prompt) -> LeakGuard:
    """What a reply to this prompt must not give away: the canary, the instructions, and the character's boundaries.

    One guard per canary is kept: equal canaries come from equal system texts.
    """
    guard = _guards.get(prompt.canary)
    if guard is None:
        written = _NAME.sub(lambda _: script.card.name, script.template.system)
        instructions = [text for text in _INSERTED.split(written) if text.strip()]
        guard = LeakGuard(prompt.canary, [*instructions, *script.card.boundaries])
        if len(_guards) == MOST_GUARDS:
            _guards.clear()
        _guards[prompt.canary] = guard
    return guard


def dated(facts: Sequence[Fact], turn_id: str) -> tuple[DatedFact, ...]:
    """Facts with the time since they were learned, in words, as of a turn."""
    return tuple(DatedFact(fact.text, _since(moment(fact.turn_id), moment(turn_id))) for fact in facts)


def _since(then: int, now: int) -> str:
    days = max(now - then, 0) // DAY_MS
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


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
    system, context = render(template, card, title, Moment(previous=previous))
    told = "\n".join(
        f"<turn>\n<player>{turn.player.translate(TAGS)}</player>\n"
        f"<reply{_speaker(turn)}>{turn.npc.translate(TAGS)}</reply>\n</turn>"
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


def _speaker(turn: RememberedTurn) -> str:
    """Whose reply was overheard. A speaker is named by the id of a card, which can close no tag."""
    return f' by="{turn.speaker}"' if turn.speaker else ""


def speak_tool(
    card: NpcCard, emotions: Sequence[str], passage_ids: Sequence[str], actions: Sequence[ActionSpec]
) -> Tool:
    """The shape of a turn. Actions and citations are part of it only where there is something to choose from."""
    properties: dict[str, Any] = {
        "say": {"type": "string", "description": f"The words that {card.name} speaks."},
        "emotion": {"type": "string", "enum": list(emotions) or ["neutral"]},
    }
    if passage_ids:
        items = {"type": "string", "enum": list(dict.fromkeys(passage_ids))}
        properties["citations"] = {"type": "array", "items": items, "description": "Ids of the passages used."}
    required = list(properties)
    if actions:
        properties["actions"] = _actions_schema(actions)
    properties["memory"] = _notes_schema(card)
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool("speak", f"Speaks and acts as {card.name}.", schema)


def _notes_schema(card: NpcCard) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": NOTE_CHARACTERS},
            "importance": {"type": "integer", "minimum": 1, "maximum": 5},
        },
        "required": ["text", "importance"],
    }
    told = f"What {card.name} will want to remember of the player later, if anything: one sentence each."
    return {"type": "array", "items": item, "maxItems": MOST_NOTES, "description": told}


def _actions_schema(actions: Sequence[ActionSpec]) -> dict[str, Any]:
    """One of several kinds of entry: small models keep to a schema that stands where they write."""
    kinds = [_action_schema(action) for action in actions]
    return {"type": "array", "items": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}


def _action_schema(action: ActionSpec) -> dict[str, Any]:
    # References within a schema count from its root, which it is no longer here; the reply is checked all the same.
    whole = "$ref" not in json.dumps(action.parameters)
    arguments = {"type": "object", **action.parameters} if whole else {"type": "object"}
    return {
        "type": "object",
        "description": action.description,
        "properties": {"name": {"type": "string", "enum": [action.name]}, "arguments": arguments},
        "required": ["name", "arguments"],
    }
