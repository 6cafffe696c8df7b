"""Whether an answer says a phrase, in whatever form of its letters and numbers, and whether only to deny it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from npcops.lookalikes import folded, other_readings
from npcops.sentences import clauses
from npcops.wording import is_number, numbers, places, plain, row_places, split_sentences, stems, words

# Directly before a phrase, these deny it (`not eight chips`). `no` does not: `No, eight chips.`
_DENIALS = frozenset(
    "not never nor neither t without kein keine keinen nicht niemals ohne ne pas jamais nunca non mai".split()
)
_BETWEEN = frozenset("the a an at in on by for of with my her his their its der die das den dem".split())
# A denial after one of these is none (`why not eight chips`, `if not eight chips`).
_ASKING = frozenset(["why", "if", "or", "whether"])
_PARTS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Shorter words come about by chance when parts of others are joined; fewer single letters in a row do, too.
_LEAST_JOINED, _LEAST_SPELLED = 4, 3


def stands_in(phrase: str, text: str) -> bool:
    """Whether the words of a phrase stand in a text, in a row, as whole words; in unspaced scripts its signs."""
    return bool(places(phrase, text))


def said_in(phrase: str, text: str) -> bool:
    """The same, whatever English endings the words have: who says `clappers` has said `clapper`."""
    return stands_in(phrase, text) or (bool(words(phrase)) and bool(row_places(stems(phrase), stems(text))))


def shows_in(phrase: str, text: str) -> bool:
    """Whether a reader would see the phrase: also in letters that only look like its own, and in parts (`m i r a`)."""
    if not words(phrase):
        return bool(phrase.strip()) and plain(phrase.strip()) in plain(text)
    if stands_in(phrase, text) or (not text.isascii() and stands_in(folded(phrase), folded(text))):
        return True
    if all(is_number(word) for word in words(phrase)):
        # Figure by figure, in digits or in words; but not out of the middle of a longer row of them.
        return any(
            not any(is_number(word) for word in beside) for beside in _joined("".join(words(phrase)), words(text))
        )
    bare = folded(text)
    readings = (plain(text), bare, *other_readings(text, bare))
    wanted = {"".join(_parts(plain(phrase))), "".join(_parts(folded(phrase)))}
    return any(next(_joined(one, _parts(reading)), None) is not None for reading in readings for one in wanted)


def _parts(text: str) -> list[str]:
    """What stands between spaces and signs. `he'll` is one part, for no reader takes it for what its letters spell."""
    found: list[str] = []
    for part in _PARTS.findall(text):
        pieces = re.split("['’]", part)
        found += pieces if all(len(piece) == 1 for piece in pieces) else [part]
    return found


def _joined(wanted: str, parts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The neighbours of each row of parts that, joined, are what is wanted."""
    for start in range(len(parts)):
        end, joined = start, ""
        while end < len(parts) and len(joined) < len(wanted):
            joined += parts[end]
            end += 1
        spelled = end - start == len(wanted)
        if joined == wanted and len(wanted) >= (_LEAST_SPELLED if spelled else _LEAST_JOINED):
            yield (*parts[max(start - 1, 0) : start], *parts[end : end + 1])


def only_denied(phrase: str, text: str) -> bool:
    """Whether each time that a phrase stands in a text, the words right before it deny it.

    Asked of numbers and of names (as the writer's capitals show) alone: that nobody may weep says `weep`. Denials
    elsewhere in a sentence are not seen: which words they mean cannot be told by rules.
    """
    if not numbers(phrase) and not any(character.isupper() for character in phrase):
        return False
    denied = sum(
        _denies(words(sentence[start:end])[:at])
        for sentence in split_sentences(text)
        for start, end in clauses(sentence, (0, len(sentence)))
        for at in places(phrase, sentence[start:end])
    )
    return denied > 0 and denied >= len(places(phrase, text))


def _denies(before: tuple[str, ...]) -> bool:
    if before and before[-1] in _BETWEEN:
        before = before[:-1]
    return bool(before) and before[-1] in _DENIALS and not (len(before) > 1 and before[-2] in _ASKING)
