"""Reads what a model replied as the speech of a character, whatever shape it came in.

Models forget the tool, wrap their answer once too often, invent emotions and actions, or are cut off. A player gets
words in all of these cases; only a reply without any words is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from npcops.dialogue import Action, NpcCard, Speech
from npcops.errors import ModelFailed
from npcops.loose_json import LONGEST, looks_like_object, objects_in, split_text
from npcops.model_calls import Reply

SAY_CHARACTERS = 2000
ACTIONS = 5
ARGUMENT_BYTES = 4000
# What models call the words when they do not follow the schema, best guess first.
_SAY_KEYS = ("say", "speech", "dialogue", "reply", "response", "answer", "message", "text", "content", "output")
# What is said of an action is not spoken, nor is what some models note down unasked.
_UNSPOKEN = ("actions", "citations", "memory")
_SAY_IN_PIECES = re.compile(r"""["']say["']\s*:\s*["'](?!["'])(.+?)(?:["']\s*[,}]|["']?\s*$)""", re.S)
_MARKUP = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>|<\|[^<>|]*\|>|\[/?INST\]|```\w*")
# Control characters that are no white space, halves of characters, and marks that reverse or hide text. Joiners stay:
# scripts and emoji need them.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_ANOTHER_SPEAKER = re.compile(r"\n\s*(?:player|user|human|traveller|system|assistant)\s*[:：].*", re.S | re.I)
_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "'": "'", "‘": "’", "「": "」"}
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»]*(?=\s|$)")
_NO_WORDS = frozenset({"null", "undefined"})


def parse_speech(reply: Reply, card: NpcCard, passage_ids: Collection[str]) -> Speech:
    """The speech in a reply: registered actions, known emotions and citations among `passage_ids` only.

    `say` is never empty and never JSON. Raises ModelFailed when there are no words in the reply at all.
    """
    fields, words = _fields_and_words(reply, card)
    say, quoted = _without_citations(words, passage_ids)
    say = _clipped(say.strip(), SAY_CHARACTERS, cut=reply.stop_reason == "max_tokens")
    if not say or _is_json(say):
        raise ModelFailed(f"Model {reply.model} said nothing that can be spoken (stop reason {reply.stop_reason}).")
    return Speech(
        say=say,
        emotion=_emotion(fields.get("emotion"), card),
        actions=_actions(fields.get("actions"), card),
        citations=_citations([*_list(fields.get("citations")), *quoted], passage_ids),
    )


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
    broken = [] if readable else _SAY_IN_PIECES.findall(text)
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
        cleaned = _clean(text, card)
        if cleaned and not _is_json(cleaned):
            yield cleaned


def _is_json(text: str) -> bool:
    """Whether a text is a JSON object or array, or begins as an object."""
    if looks_like_object(text):
        return True
    try:
        return isinstance(json.loads(text), dict | list)
    except RecursionError:
        return True
    except ValueError:
        return False


def _clean(text: str, card: NpcCard) -> str:
    """The spoken words alone: no markup, control characters, speaker's name, quotes or words of another speaker."""
    text = _MARKUP.sub(" ", _UNSEEN.sub("", text[:LONGEST])).strip()
    text = re.sub(r"[^\S\n]+", " ", _ANOTHER_SPEAKER.sub("", text))
    text = re.sub(r" ?\n[ \n]*", "\n", text).strip()
    label = _speaker_label(card)
    while (shorter := _unquoted(label.sub("", text)).strip()) != text:
        text = shorter
    return "" if text.lower() in _NO_WORDS else text


def _speaker_label(card: NpcCard) -> re.Pattern[str]:
    """`Name:` in front of the words, perhaps emphasised, perhaps with a manner: `**Name** (smiling):`."""
    names = {card.name, card.id, card.name.split(" ")[0]} - {""}
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"^[*_\[(]{{0,3}}(?:{either})[*_\])]{{0,3}}\s?(?:\([^()]{{1,40}}\)\s?)?[:：][*_]{{0,3}}\s*", re.I
    )


def _unquoted(text: str) -> str:
    """Without the one pair of quotes around all of it."""
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 1 and text.endswith(closing) and not {text[0], closing} & set(text[1:-1]):
        return text[1:-1]
    return text


def _clipped(text: str, limit: int, cut: bool = False) -> str:
    """At most `limit` characters. A text that is `cut`, here or before, ends with its last whole sentence if it can."""
    if len(text) <= limit and (not cut or _SENTENCE_END.search(text[-3:])):
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[:limit])]
    return text[: ends[-1]] if ends else text[: limit - 1].rstrip() + "…"


def _without_citations(text: str, passage_ids: Collection[str]) -> tuple[str, list[str]]:
    """The text without the passage ids that the model wrote into it in brackets, and these ids."""
    written = [re.escape(passage) for passage in passage_ids if passage and passage in text]
    if not written:
        return text, []
    one = "|".join(sorted(written, key=len, reverse=True))
    bracketed = re.compile(rf"\s*[\[(]\s*(?:{one})(?:\s*[,;]\s*(?:{one}))*\s*[\])]")
    quoted = [passage for found in bracketed.findall(text) for passage in re.findall(one, found)]
    return bracketed.sub("", text), quoted


def _emotion(value: Any, card: NpcCard) -> str:
    wanted = value.strip().lower() if isinstance(value, str) else ""
    for emotion in card.emotions:
        if emotion.lower() == wanted:
            return emotion
    return "neutral" if "neutral" in card.emotions or not card.emotions else card.emotions[0]


def _actions(value: Any, card: NpcCard) -> tuple[Action, ...]:
    registered = {action.name for action in card.actions}
    found = (_action(entry, registered) for entry in _list(value))
    return tuple(action for action in found if action)[:ACTIONS]


def _action(entry: Any, registered: Collection[str]) -> Action | None:
    """The place where an action's arguments are judged: they are an object of a modest size that can be sent on."""
    if not isinstance(entry, dict) or not isinstance(name := entry.get("name"), str) or name not in registered:
        return None
    arguments = entry.get("arguments", {})
    if not isinstance(arguments, dict):
        return None
    try:
        size = len(msgspec.json.encode(arguments))
    except (ValueError, TypeError, RecursionError):
        return None
    return Action(name, arguments) if size <= ARGUMENT_BYTES else None


def _citations(values: Iterable[Any], passage_ids: Collection[str]) -> tuple[str, ...]:
    named = (value.strip(" []()\"'") for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(name for name in named if name in passage_ids))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
