"""How well one sentence is borne out by others: by meaning, shared words and their order, numbers and names."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import msgspec
import numpy as np

from npcops.meanings import Array, Meanings, run_means
from npcops.wording import EMPTY, in_order, is_number, numbers, split_sentences, stem, words

# Fitted by `python -m bench.claims --fit` on bench/claims.jsonl (docs/decisions/0020).
WEIGHTS = (1.69, 0.93, 1.48, 0.66, -1.96, -1.53, -0.94, -0.82, -0.17, -1.34)
BIAS = -2.72
# What states a number or a name that is nowhere in what was known is at most so well supported.
UNKNOWN_DETAIL = 0.2
_NEGATIONS = frozenset(
    "no not never none nobody nothing nor neither without t cannot kein keine nicht nie niemand ne pas jamais rien "
    "sans nunca nada sin non mai niente niet geen nooit не нет никто никогда ingen inte nie".split()
)
_BESIDE = 2
LONGEST_WINDOW = 2
_WORD = re.compile(r"[^\W\d_]\w*(?:['’](?!s\b)\w+)?")


class Source(msgspec.Struct, frozen=True):
    """Something an NPC may rest a claim on: a passage (by its id), the card, or what was said before."""

    id: str
    heading: str
    sentences: tuple[str, ...]


class Details(msgspec.Struct, frozen=True):
    """What of a text is compared. `counted` are the numbers and what stands beside them: what is counted."""

    content: tuple[str, ...]
    telling: tuple[str, ...]
    numbers: frozenset[str]
    words: frozenset[str]
    counted: dict[str, frozenset[str]]
    negative: bool


class Support(msgspec.Struct, frozen=True):
    """How well a sentence is supported (0 to 1), and by which source."""

    value: float
    source: str = ""


def source(name: str, heading: str, texts: Sequence[str]) -> Source:
    """A source of the sentences of some texts."""
    return Source(name, heading, tuple(sentence for text in texts for sentence in split_sentences(text)))


@functools.lru_cache(maxsize=2048)
def details(text: str) -> Details:
    """The details of one text. An ordinal that is part of a name (the Ninth Sluice) counts nothing."""
    found = words(text)
    named = frozenset(word for name in _capitalised(text) for word in words(name) if word[-2:] == "th")
    telling = tuple(word if is_number(word) else stem(word) for word in found if word not in EMPTY and word != "1")
    counted: dict[str, frozenset[str]] = {}
    for at, word in enumerate(telling):
        if is_number(word) and word not in named:
            beside = telling[max(at - _BESIDE, 0) : at + _BESIDE + 1]
            counted[word] = counted.get(word, frozenset()) | {other for other in beside if other != word}
    bare = tuple(word for word in telling if not is_number(word))
    return Details(bare, telling, frozenset(counted), frozenset(found), counted, not _NEGATIONS.isdisjoint(found))


def names(sentence: str, known: frozenset[str]) -> tuple[str, ...]:
    """Words that are written as names, without case: not the first word, unless `known` has it as a name."""
    found: dict[str, None] = {}
    first = next(iter(words(sentence)), "")
    for at, written in enumerate(_capitalised(sentence)):
        for word in words(written):
            begins = at == 0 and word == first
            if not (is_number(word) or word in EMPTY or (begins and word not in known)):
                found[word] = None
    return tuple(found)


def known_names(sources: Sequence[Source]) -> frozenset[str]:
    """The words that are names in some source."""
    texts = [text for each in sources for text in (*each.sentences, each.heading)]
    return frozenset(name for text in texts for name in names(text, frozenset()))


def supports(claims: Sequence[str], sources: Sequence[Source], meanings: Meanings) -> list[Support]:
    """The best support of each claim; `meanings` has learned every claim and every sentence of the sources."""
    sources = [each for each in sources if each.sentences]
    known, everything = known_names(sources), _everything(sources)
    best = []
    for claim in claims:
        found = Support(0.0)
        for each in sources:
            value = float(likelihoods(feature_rows(claim, each, meanings, known)).max())
            found = Support(value, each.id) if value > found.value else found
        wanted = details(claim).numbers | set(names(claim, known))
        unheard = not wanted <= everything
        best.append(Support(min(found.value, UNKNOWN_DETAIL), found.source) if unheard else found)
    return best


def likelihoods(features: Array) -> Array:
    """How likely it is that each window of a source supports the claim, 0 to 1."""
    result: Array = 1 / (1 + np.exp(-(features @ np.array(WEIGHTS) + BIAS)))
    return result


def feature_rows(claim: str, each: Source, meanings: Meanings, known: frozenset[str]) -> Array:
    """What a claim has in common with each window of a source (one or more sentences in a row), a row a window."""
    rows, windows, whole = _windows(each, meanings)
    told, named = details(claim), names(claim, known)
    cosines = meanings.rows([claim])[0] @ rows.T
    return np.array(
        [_features(told, named, window, whole, float(cosine)) for window, cosine in zip(windows, cosines, strict=True)]
    )


def unknown_details(claim: str, sources: Sequence[Source], known: frozenset[str]) -> tuple[str, ...]:
    """The numbers and names of a claim that no source has."""
    everything = _everything(sources)
    return tuple(detail for detail in (*numbers(claim), *names(claim, known)) if detail not in everything)


def _capitalised(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if word[0].isupper()]


def _everything(sources: Sequence[Source]) -> frozenset[str]:
    return frozenset(word for each in sources for text in (*each.sentences, each.heading) for word in words(text))


def _windows(each: Source, meanings: Meanings) -> tuple[Array, list[Details], Details]:
    rows, texts = meanings.rows(each.sentences), list(each.sentences)
    parts = [rows]
    for size in range(2, min(LONGEST_WINDOW, len(texts)) + 1):
        parts.append(run_means(rows, size))
        texts += [" ".join(each.sentences[at : at + size]) for at in range(len(each.sentences) - size + 1)]
    whole = details(" . ".join((each.heading, *each.sentences)))
    return np.concatenate(parts), [details(text) for text in texts], whole


def _features(
    claim: Details, named: Sequence[str], window: Details, whole: Details, cosine: float
) -> tuple[float, ...]:
    there = frozenset(window.content)
    shared = [word for word in claim.content if word in there]
    held = [word for word in claim.content if word in whole.content]
    size = len(claim.content) or 1
    both = [word for word in claim.telling if word in window.telling]
    ordered = in_order(claim.telling, window.telling) / len(both) if both else 0.0
    apart = sum(
        bool(beside) and number in window.counted and beside.isdisjoint(window.counted[number])
        for number, beside in claim.counted.items()
    )
    return (
        cosine,
        len(shared) / size,
        len(held) / size,
        ordered if len(both) > 1 else 1.0,
        float(len(claim.numbers - window.numbers)),
        float(len(claim.numbers - whole.numbers)),
        float(sum(name not in window.words for name in named)),
        float(sum(name not in whole.words for name in named)),
        float(claim.negative != window.negative),
        float(apart),
    )
