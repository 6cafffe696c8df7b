"""Whether an answer says a phrase, in whatever form of its letters and numbers, and whether only to deny it."""

from __future__ import annotations

from npcops.lookalikes import folded
from npcops.sentences import clauses
from npcops.wording import numbers, places, row_places, split_sentences, stems, words

# Directly before a phrase, these deny it (`not eight chips`). `no` does not: `No, eight chips.`
_DENIALS = frozenset(
    "not never nor neither t without kein keine keinen nicht niemals ohne ne pas jamais nunca non mai".split()
)
_BETWEEN = frozenset("the a an at in on by for of with my her his their its der die das den dem".split())
# A denial after one of these is none (`why not eight chips`, `if not eight chips`).
_ASKING = frozenset(["why", "if", "or", "whether"])


def stands_in(phrase: str, text: str) -> bool:
    """Whether the words of a phrase stand in a text, in a row, as whole words; in unspaced scripts its signs."""
    return bool(places(phrase, text))


def said_in(phrase: str, text: str) -> bool:
    """The same, whatever English endings the words have: who says `clappers` has said `clapper`."""
    return stands_in(phrase, text) or (bool(words(phrase)) and bool(row_places(stems(phrase), stems(text))))


def shows_in(phrase: str, text: str) -> bool:
    """Whether a reader would see the phrase: also in letters that only look like its own."""
    if stands_in(phrase, text):
        return True
    return not text.isascii() and stands_in(folded(phrase), folded(text))


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
