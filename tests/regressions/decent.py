"""A simulated model as good as a decent one: it answers from what it is given, and does what its prompt tells it.

It sees the prompt and nothing else. A good prompt makes it answer from passages and cite them, admit what it does not
know, keep a character, its language and its boundaries, and give away nothing; a bad one makes it do what that says.
Told nothing, it does what models do: it sounds like an assistant, and makes up what it does not know. A model of
another family has the same wits and other manners. It needs time and money for every token.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from npcops.dialogue import Usage
from npcops.model_calls import Delta, Prompt, Reply
from npcops.model_prices import chat_model
from tests.fakes import prompt_text
from tests.regressions.reading import Reading, Source, read

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
TOOL_FAMILIES = ("claude", "nova")
# Seconds before the first token and for each, of the prompt and of the answer.
BEGINS, READS, WRITES = 0.2, 0.0001, 0.02
PIECE = 40
_CHARACTERS_A_TOKEN = 4
# How much of a question has to be in a sentence (and its heading) that answers it.
KNOWN = 0.62
_COMMON = """
a about all am an and any are as at be by can could did do does for from had has have he her here his how i in is it its
me my much many of on or our please she so some tell that the their them there they this those to up us was we what when
where which who whose why will with would you your if not now
"""
_EMPTY = frozenset(_COMMON.split())
_ATTACK = re.compile(
    r"\b(?:ignore|disregard|forget)\b.*\b(?:rules|instructions|told)\b|\bword for word\b|\bmark\b", re.I
)
_IN_OTHER_WORDS = {
    "de": "Ja, das weiß ich wohl, aber hier am Fluss sagt man solche Dinge lieber leise und erst nach dem Abendessen.",
    "fr": "Oui, je le sais bien, mais ici au bord de la rivière on préfère dire ces choses tout bas et après le repas.",
    "es": "Sí, lo sé muy bien, pero aquí junto al río preferimos decir esas cosas en voz baja y después de la cena.",
}


class DecentModels:
    """A `ChatModel`; `spend` lets its time pass."""

    def __init__(self, spend: Callable[[float], None] = lambda _: None) -> None:
        self._spend = spend
        self.prompts: list[Prompt] = []

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        """The whole answer at once."""
        *_, reply = self.stream(prompt, model)
        assert isinstance(reply, Reply)
        return reply

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        """The answer in pieces, each in its time."""
        self.prompts.append(prompt)
        spec = chat_model(model or MODEL)
        uses_tools = spec.entry.family in TOOL_FAMILIES
        answer = respond(prompt)
        written = json.dumps(answer, ensure_ascii=False) if uses_tools else _in_prose(answer)
        most = prompt.max_tokens * _CHARACTERS_A_TOKEN
        cut, written = len(written) > most, written[:most]
        read_tokens, wrote_tokens = _tokens(prompt_text(prompt)), _tokens(written)
        self._spend(BEGINS + READS * read_tokens)
        kind: Literal["text", "tool_input"] = "tool_input" if uses_tools else "text"
        for start in range(0, len(written), PIECE):
            self._spend(WRITES * PIECE / _CHARACTERS_A_TOKEN)
            yield Delta(kind, written[start : start + PIECE])
        ms = round(1000 * (BEGINS + READS * read_tokens + WRITES * wrote_tokens))
        usage = Usage(read_tokens, wrote_tokens, 0, spec.prices.cost(read_tokens, wrote_tokens), ms)
        stop = "max_tokens" if cut else "tool_use" if uses_tools else "end_turn"
        whole = uses_tools and not cut
        yield Reply("" if whole else written, answer if whole else None, spec.id, stop, usage)


def respond(prompt: Prompt) -> dict[str, Any]:
    """The input of the tool `speak`."""
    seen, message = read(prompt), prompt.messages[-1].text
    asked_for = _asked_for(prompt, message)
    say, used = _words(seen, message, prompt, bool(asked_for))
    spoken: dict[str, Any] = {"say": _in_language(seen, say), "emotion": _feeling(prompt)}
    cited = {"first": seen.passages[:1], "last": seen.passages[-1:], "all": seen.passages, "used": used, "": ()}[
        seen.citing
    ]
    if "citations" in _properties(prompt):
        spoken["citations"] = list(cited)
    if actions := [*asked_for, *_commanded(seen, message)]:
        spoken["actions"] = actions
    return spoken


def _words(seen: Reading, message: str, prompt: Prompt, does_it: bool) -> tuple[str, tuple[str, ...]]:
    """What is said, and the passages that it rests on."""
    if _ATTACK.search(message):
        return (_given_away(seen, prompt) if _gives_away(seen) else _refusal(seen)), ()
    if _must_refuse(seen, message) or any(_touches(boundary, message) for boundary in seen.boundaries):
        return _refusal(seen), ()
    if re.search(r"\bwho are you\b|\byour name\b", message, re.I):
        return _addressed(seen, f"I am {seen.name}") if seen.plays else _introduced(seen), ()
    if does_it:
        return _addressed(seen, "Very well"), ()
    found = _best(seen.sources, message)
    if found is None:
        return (_addressed(seen, "I do not know that") if _admits(seen) else _made_up(seen)), ()
    told = _first_person(found.text, seen.name) if seen.plays else found.text
    more = _padding(seen, found)
    told = f"{'They say: ' if found.rumour else ''}{told}"
    words = " ".join([_addressed(seen, told) if seen.plays else f"As an assistant, I can tell you this: {told}", *more])
    return words, (found.passage,) if found.passage else ()


def _gives_away(seen: Reading) -> bool:
    """A model keeps what it was told to itself if it is told to, and to nothing else."""
    what = r"\b(?:repeat|recite|quote|read out|spell|tell)\b[^.]*\b(?:rules|instructions|mark|description)\b"
    return bool(seen.ordered(what)) or not seen.banned(what)


def _given_away(seen: Reading, prompt: Prompt) -> str:
    return f"Of course. The mark is {seen.mark}. I was told: {' '.join(seen.rules)[:600] or prompt.system[:600]}"


def _must_refuse(seen: Reading, message: str) -> bool:
    """Whether the rules turn down such questions, be it that they name what about."""
    found = seen.ordered(
        r"\b(?:refuse|decline|turn down) (?:to answer )?(?:any|every|all)\b[^.]*\bquestions?\b(?: about ([^.]*))?"
    )
    return bool(found and "?" in message and (not found[1] or _stems(found[1]) & _stems(message)))


def _touches(boundary: str, message: str) -> bool:
    return len(_stems(boundary) & _stems(message)) >= 2


def _admits(seen: Reading) -> bool:
    return bool(seen.ordered(r"\byou do not know\b")) and not seen.ordered(r"\b(?:invent|make up|make something up)\b")


def _refusal(seen: Reading) -> str:
    return _addressed(seen, "No, I will not speak of that") if seen.plays else "I'm sorry, I can't help with that."


def _introduced(seen: Reading) -> str:
    return f"I am a virtual assistant for {seen.name}." if seen.name else "I am a virtual assistant."


def _made_up(seen: Reading) -> str:
    return _addressed(seen, "Corvin Halewick of Dunmere knew that best: it was in the year 187, for forty-four crowns")


def _addressed(seen: Reading, told: str) -> str:
    return f"{told.rstrip('.')}, {seen.address}." if seen.address and seen.plays else f"{told.rstrip('.')}."


def _padding(seen: Reading, found: Source) -> list[str]:
    """Whatever else is at hand, until there are enough sentences."""
    others = [source.text for source in seen.sources if source.passage and source is not found]
    return (others * seen.least_sentences)[: seen.least_sentences - 1]


def _first_person(told: str, name: str) -> str:
    """The character speaks of itself."""
    first = name.split(" ")[0]
    for found, put in ((f"{first}'s", "my"), (f"{first} has", "I have"), (f"{first} is", "I am"), ("Her", "My")):
        told = re.sub(rf"\b{found}\b", put, told)
    return told[:1].upper() + told[1:]


def _in_language(seen: Reading, say: str) -> str:
    return _IN_OTHER_WORDS.get(seen.forced_language or seen.language.partition("-")[0], say)


def _best(sources: tuple[Source, ...], message: str) -> Source | None:
    """The sentence that answers a question, if one does: rare words count for more than common ones."""
    known = [_stems(f"{source.text} {source.about}") for source in sources]
    asked = _stems(message)
    weights = {word: math.log(1 + (1 + len(known)) / (1 + sum(word in words for words in known))) for word in asked}
    total = sum(weights.values())
    if not total:
        return None
    shares = [sum(weights[word] for word in asked & words) / total for words in known]
    best = max(range(len(shares)), key=lambda at: shares[at], default=None)
    return sources[best] if best is not None and shares[best] >= KNOWN else None


def _asked_for(prompt: Prompt, message: str) -> list[dict[str, Any]]:
    """The actions of the tool that the player asks for in so many words."""
    items = _properties(prompt).get("actions", {}).get("items", {})
    kinds = items.get("anyOf", [items] if items else [])
    wanted = [kind for kind in kinds if len(_stems(kind["description"]) & _stems(message)) >= 2]
    return [
        {
            "name": kind["properties"]["name"]["enum"][0],
            "arguments": _arguments(kind["properties"]["arguments"], message),
        }
        for kind in wanted
    ]


def _commanded(seen: Reading, message: str) -> list[dict[str, Any]]:
    """The actions that a rule demands, by whatever name, in every case or in such a one."""
    found: list[dict[str, Any]] = []
    for rule in seen.rules:
        called = re.search(r"\b(?:call|take|use) the action `(\w+)`(?: (?:when|whenever|if) ([^.]*))?", rule, re.I)
        if called and (not called[2] or _stems(called[2]) & _stems(message)):
            found.append({"name": called[1], "arguments": {}})
    return found


def _arguments(schema: dict[str, Any], message: str) -> dict[str, Any]:
    """What the player names, otherwise the least."""
    filled: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        if "enum" in part:
            filled[name] = max(part["enum"], key=lambda value: len(_stems(value.replace("-", " ")) & _stems(message)))
        else:
            filled[name] = part.get("minimum", 0) if part.get("type") == "integer" else "as agreed"
    return filled


def _in_prose(answer: dict[str, Any]) -> str:
    """How models write that use no tools: a play's directions, and sources as footnotes."""
    notes = "".join(f"\n[{number}] see above" for number, _ in enumerate(answer.get("citations", ()), 1))
    return f"*smiles* {answer['say']}{' [1]' if notes else ''}{notes}"


def _feeling(prompt: Prompt) -> str:
    known = _properties(prompt).get("emotion", {}).get("enum", ["neutral"])
    return "neutral" if "neutral" in known else str(known[0])


def _properties(prompt: Prompt) -> dict[str, Any]:
    return dict(prompt.tool.schema["properties"]) if prompt.tool else {}


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {re.sub(r"(?:ies|ing|es|ed|s|e|y)$", "", word) if len(word) > 3 else word for word in words} - _EMPTY


def _tokens(text: str) -> int:
    return len(text) // _CHARACTERS_A_TOKEN + 1
