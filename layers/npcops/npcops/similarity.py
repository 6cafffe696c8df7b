"""How like answers are: to a reference, to what was asked, and to each other."""

from __future__ import annotations

from collections.abc import Sequence

from npcops.evidence import details, source, supports
from npcops.meanings import Meanings
from npcops.sentences import clauses
from npcops.uniqueness import too_alike
from npcops.wording import in_order, split_sentences, words

# From it on, an answer means a given sentence: two of three that do are seen, and no others (bench/means.jsonl).
MEANS = 0.68
_DENIED = 0.5
# An answer is held against so many of its character's answers before it.
MOST_EARLIER = 50
# Shorter clauses (`Aye,`) are joined to the next one: by themselves they are near to anything.
_LEAST_WORDS = 3


def rouge_l(answer: str, reference: str) -> float | None:
    """ROUGE-L: the F1 of the longest row of words that both have in this order, 0 to 1. None without words.

    Words are those of `npcops.wording`, in every script; the common subsequence is RapidFuzz's.
    """
    said, wanted = words(answer), words(reference)
    if not said or not wanted:
        return None
    common = in_order(said, wanted)
    return 2 * common / (len(said) + len(wanted))


def phrases(text: str) -> list[str]:
    """The clauses of a text, of at least three words each where it has that many."""
    found: list[str] = []
    for sentence in split_sentences(text):
        waiting = ""
        for start, end in clauses(sentence, (0, len(sentence))):
            waiting = f"{waiting} {sentence[start:end]}".strip()
            if len(words(waiting)) >= _LEAST_WORDS:
                found.append(waiting)
                waiting = ""
        if waiting and found:
            found[-1] = f"{found[-1]} {waiting}"
        elif waiting:
            found.append(waiting)
    return found


def likeness(answer: str, reference: str, meanings: Meanings) -> float | None:
    """As BERTScore, with phrases in the place of tokens: the F1 of each phrase's nearest one on the other side.

    Vectors are those of the stage's embedding model; cosines below 0 count as 0. `meanings` has learned the phrases.
    """
    said, wanted = phrases(answer), phrases(reference)
    if not said or not wanted:
        return None
    cosines = meanings.cosines(said, wanted).clip(0, 1)
    precision, recall = float(cosines.max(axis=1).mean()), float(cosines.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def relevance(question: str, answer: str, meanings: Meanings) -> float | None:
    """The cosine of what was asked and what was answered, at least 0. None if either is empty."""
    if not question.strip() or not answer.strip():
        return None
    return max(float(meanings.cosines([question], [answer])[0, 0]), 0.0)


def meant(meaning: str, question: str, answer: str, meanings: Meanings) -> float:
    """How surely an answer to a question means a given sentence, about -0.5 to 2: see MEANS.

    It is borne out as a claim is, and near as a paraphrase is; what only one of both denies counts against it.
    `meanings` has learned the meaning, the answer and its sentences.
    """
    said = source("answer", question, [answer])
    if not said.sentences:
        return 0.0
    borne_out = supports([meaning], [said], meanings)[0].value
    near = meanings.nearest(meaning, [answer, *said.sentences])
    return borne_out + near - _DENIED * (details(meaning).negative != details(answer).negative)


def unlike_earlier(answers: Sequence[str]) -> list[bool]:
    """For each of a character's answers in order, whether it has other words than those before it."""
    return [
        not too_alike(answer, answers[max(place - MOST_EARLIER, 0) : place]) for place, answer in enumerate(answers)
    ]
