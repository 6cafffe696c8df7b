"""What a decent model understands of a prompt: who it is, what it knows, and what its rules have it do.

Everything is taken from the prompt's own words. A rule counts as an order where nothing before it in its sentence
denies it, and as a ban where something does.
"""

from __future__ import annotations

import html
import re

import msgspec

from npcops.model_calls import Prompt

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_DENIED = re.compile(r"\b(?:never|not|nor|no|without|cannot|don't)\b", re.I)
_NUMBERS = {"two": 2, "three": 3, "five": 5, "ten": 10, "twenty": 20, "thirty": 30, "forty": 40}
LANGUAGES = {"german": "de", "french": "fr", "spanish": "es"}


class Source(msgspec.Struct, frozen=True):
    """A sentence that can be said, where it stands, and the passage to cite for it (empty: it is in the prompt)."""

    text: str
    about: str
    passage: str = ""
    rumour: bool = False


class Reading(msgspec.Struct, frozen=True):
    """A prompt as it is understood. `mark` is the word that is not to be said."""

    name: str
    voice: str
    boundaries: tuple[str, ...]
    rules: tuple[str, ...]
    sources: tuple[Source, ...]
    passages: tuple[str, ...]
    language: str
    mark: str

    def ordered(self, pattern: str) -> re.Match[str] | None:
        """The first rule that tells to do so."""
        return next(
            (found for rule in self.rules if (found := self._found(rule, pattern)) and not _denied(found)), None
        )

    def banned(self, pattern: str) -> bool:
        """Whether a rule tells not to."""
        return any((found := self._found(rule, pattern)) and _denied(found) for rule in self.rules)

    @staticmethod
    def _found(rule: str, pattern: str) -> re.Match[str] | None:
        return re.search(pattern, rule, re.I)

    @property
    def address(self) -> str:
        """What strangers are called, if the voice tells."""
        found = re.search(r"calls? [^.\"]*\"([^\"]+)\"", self.voice, re.I)
        return found[1] if found else ""

    @property
    def plays(self) -> bool:
        """Whether it is to be a character, rather than what it is anyway."""
        return bool(self.name and self.ordered(r"you speak as\b")) and not self.assists

    @property
    def assists(self) -> bool:
        """Whether it is told to be an assistant."""
        return bool(self.ordered(r"\b(?:you are|you speak as|introduce yourself as) (?:an?|the) [\w -]*\bassistant\b"))

    @property
    def forced_language(self) -> str:
        """The language that the rules demand whatever the player writes, as a tag."""
        names = "|".join(LANGUAGES)
        found = self.ordered(rf"\b(?:reply|answer|speak|write)\b[^.]*\bin ({names})\b")
        return LANGUAGES[found[1].lower()] if found else ""

    @property
    def least_sentences(self) -> int:
        """How long an answer has to be."""
        found = self.ordered(r"at least (\w+) sentences")
        return _NUMBERS.get(found[1].lower(), 1) if found else 1

    @property
    def citing(self) -> str:
        """Which passages are to be cited: `used`, `first`, `last`, `all`, or none."""
        if found := self.ordered(r"cite (?:only )?(?:the (first|last)|(all) passages)"):
            return str(found[1] or found[2])
        return "used" if self.ordered(r"cite the ids of the passages that you used") else ""


def read(prompt: Prompt) -> Reading:
    """Understand a prompt."""
    system, context = prompt.system, prompt.context
    character = re.search(r"<character name=\"([^\"]*)\">(.*?)</character>", system, re.S)
    inside = character[2] if character else ""
    rules = "\n".join(re.findall(r"<rules>(.*?)</rules>", system, re.S))
    beside = re.sub(r"<(character|rules|example)\b.*?</\1>", "\n\n", system, flags=re.S)
    own = [line for line in _parts(inside) if not _is_about_manner(line)]
    mark = re.search(r"<mark>(.*?)</mark>", system)
    beside = "\n".join(line for line in beside.splitlines() if "<mark>" not in line)
    passages = re.findall(r"<passage id=\"(.*?)\" title=\"(.*?)\"(.*?)>(.*?)</passage>", context, re.S)
    language = re.search(r"<language>(.*?)</language>", context)
    sources = [
        *(
            Source(text, title, name, "rumour" in more)
            for name, title, more, body in passages
            for text in sentences(body)
        ),
        *(Source(text, character[1] if character else "") for part in own for text in sentences(part)),
        *(Source(text, "") for text in sentences(beside)),
    ]
    return Reading(
        name=html.unescape(character[1]) if character else "",
        voice=" ".join(re.findall(r"^How .* speaks: (.*)$", inside, re.M)),
        boundaries=tuple(_listed(inside, "will not talk about")),
        rules=tuple(
            sentence for rule in rules.splitlines() for sentence in sentences(re.sub(r"^\s*\d+\.\s*", "", rule))
        ),
        sources=tuple(sources),
        passages=tuple(name for name, *_ in passages),
        language=language[1] if language else "",
        mark=mark[1] if mark else "",
    )


def sentences(text: str) -> list[str]:
    """The sentences of a text, none of them empty."""
    return [part for line in text.splitlines() for part in _SENTENCE.split(line.strip()) if re.search(r"\w", part)]


def _denied(found: re.Match[str]) -> bool:
    """Whether the clause before it says no."""
    return bool(_DENIED.search(re.split(r"[,;:]", found.string[: found.start()])[-1] + found[0].split(" ")[0]))


def _parts(inside: str) -> list[str]:
    """The lines of a character, without the headings of lists and of paragraphs."""
    listed = set(_listed(inside, "will not talk about"))
    lines = [line.strip() for line in inside.splitlines() if line.strip() and not line.strip().endswith(":")]
    return [
        re.sub(r"^(?:- |Who .*? is: |Role: )", "", line)
        for line in lines
        if line.removeprefix("- ").strip() not in listed
    ]


def _is_about_manner(line: str) -> bool:
    return line.startswith(("How ", "Feelings "))


def _listed(inside: str, heading: str) -> list[str]:
    """The items of the list below a heading."""
    found = re.search(rf"^[^\n]*{heading}[^\n]*:\n((?:- [^\n]*\n?)*)", inside, re.M)
    return [line.removeprefix("- ").strip() for line in found[1].splitlines()] if found else []
