"""Reads what a model replied as the speech of a character, whatever shape it came in.

Models forget the tool, wrap their answer once too often, invent emotions and actions, or are cut off. A player gets
words in all of these cases; only a reply without any words is an error, and one that gives instructions away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from npcops.action_checks import Actions
from npcops.characters import NpcCard
from npcops.dialogue import Action, Speech
from npcops.errors import ModelFailed
from npcops.leaks import Leaked, LeakGuard
from npcops.loose_json import LONGEST, objects_in, split_text
from npcops.model_calls import Reply
from npcops.notes import read_notes
from npcops.spoken_words import SAY_CHARACTERS, clean, clipped, is_json, without_citations

ACTIONS = 5
# What models call the words when they do not follow the schema, best guess first.
_SAY_KEYS = ("say", "speech", "dialogue", "reply", "response", "answer", "message", "text", "content", "output")
# What is said of an action is not spoken, nor is what is noted down.
_UNSPOKEN = ("actions", "citations", "memory")
_SAY_IN_PIECES = re.compile(r"""["']say["']\s*:\s*["'](?!["'])(.+?)(?:["']\s*[,}]|["']?\Z)""", re.S)


def parse_speech(
    reply: Reply,
    card: NpcCard,
    passage_ids: Collection[str],
    actions: Actions,
    emotions: Sequence[str],
    guard: LeakGuard,
) -> Speech:
    """The speech in a reply: allowed actions, one of `emotions`, citations among `passage_ids`, harmless notes.

    `say` is never empty and never JSON. Raises ModelFailed when there are no words in the reply at all, and Leaked when
    the words give something away; an action or a note that does is dropped.
    """
    fields, words = _fields_and_words(reply, card)
    say, quoted = without_citations(words, passage_ids)
    say = clipped(say.strip(), SAY_CHARACTERS, cut=reply.stop_reason == "max_tokens")
    if not say or is_json(say):
        raise ModelFailed(f"Model {reply.model} said nothing that can be spoken (stop reason {reply.stop_reason}).")
    if guard.leaks(say):
        raise Leaked
    emotion, strange = _emotion(fields.get("emotion"), emotions)
    taken, refused = _actions(_list(fields.get("actions")), actions, guard)
    cited, unknown = _citations([*_list(fields.get("citations")), *quoted], passage_ids)
    notes, unusable = read_notes(_list(fields.get("memory")), card, guard)
    dropped = (*strange, *refused, *["citation"] * unknown, *["memory"] * unusable)
    return Speech(say, emotion, taken, cited, notes, dropped)


def _fields_and_words(reply: Reply, card: NpcCard) -> tuple[dict[str, Any], str]:
    """The object that says something, with its words; otherwise the words beside all objects."""
    text = reply.text[:LONGEST]
    first: dict[str, Any] = {}
    for candidate in objects_in([reply.tool_input, text], skip=_UNSPOKEN):
        fields = {str(key).strip().lower(): value for key, value in candidate.items()}
        words = next(_speakable((fields.get(key) for key in _SAY_KEYS), card), None)
        if words:
            return {**first, **fields}, words
        first = first or fields
    readable, beside = split_text(text)
    broken = [] if readable else _SAY_IN_PIECES.findall(text.rstrip())
    in_pieces = [words.replace("\\n", "\n").replace("\\", "") for words in broken]
    return first, next(_speakable((*in_pieces, beside), card), "")


def _speakable(values: Iterable[Any], card: NpcCard) -> Iterator[str]:
    """The words of those values that have some: texts, numbers and lists of texts, but no JSON again."""
    for value in values:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            text = " ".join(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            text = str(value)
        else:
            continue
        cleaned = clean(text, card)
        if cleaned and not is_json(cleaned):
            yield cleaned


def _emotion(value: Any, known: Sequence[str]) -> tuple[str, list[str]]:
    """The emotion, neutral or the first one where it is not known; and what is to be counted as dropped."""
    wanted = value.strip().lower() if isinstance(value, str) else ""
    for emotion in known:
        if emotion.lower() == wanted:
            return emotion, []
    usual = "neutral" if "neutral" in known or not known else known[0]
    return usual, ["emotion"] if value is not None else []


def _actions(entries: list[Any], actions: Actions, guard: LeakGuard) -> tuple[tuple[Action, ...], list[str]]:
    """The actions that the game may take, and for each of the others why not."""
    taken: list[Action] = []
    refused: list[str] = []
    for entry in entries:
        checked = actions.check(entry)
        if not isinstance(checked, Action):
            refused.append(checked)
        elif any(guard.leaks(text) for text in _texts(checked.arguments)):
            refused.append("action-arguments")
        elif len(taken) == ACTIONS:
            refused.append("action-excess")
        else:
            taken.append(checked)
    return tuple(taken), refused


def _texts(value: Any) -> list[str]:
    """Every text in the arguments of an action, and all of them together."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += [part for pair in reversed(inner.items()) for part in reversed(pair)]
        elif isinstance(inner, list):
            waiting += reversed(inner)
        elif isinstance(inner, str):
            found.append(inner)
    return [*found, " ".join(found)] if found else []


def _citations(values: list[Any], passage_ids: Collection[str]) -> tuple[tuple[str, ...], int]:
    """The passages that are named, once each, and how many names are not theirs."""
    named = [value.strip(" []()\"'") if isinstance(value, str) else "" for value in values]
    known = [name for name in named if name and name in passage_ids]
    return tuple(dict.fromkeys(known)), len(named) - len(known)


def _list(value: Any) -> list[Any]:
    """A list of what is there: a model that forgot the brackets meant one thing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
