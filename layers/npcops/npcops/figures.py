"""What the figures of an evaluation are called, what each means in a sentence, and how a person reads its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

Unit = Literal["share", "seconds", "dollars", "count"]


class Figure(msgspec.Struct, frozen=True):
    """A figure's name, unit and meaning for somebody who is no programmer."""

    label: str
    unit: Unit
    told: str
    higher_is_better: bool = True


FIGURES = {
    "pass_rate": Figure("Cases passed", "share", "The share of cases in which every check that counts held."),
    "groundedness": Figure(
        "Groundedness",
        "share",
        "The share of what was claimed that the lore or the character's card supports. Low: the character invents.",
    ),
    "citation_support": Figure(
        "Citation support",
        "share",
        "The share of claims that the passages cited for them support. Low: its sources do not say what it says.",
    ),
    "relevance": Figure("Relevance", "share", "How close in meaning the answer is to what the player asked."),
    "rouge_l": Figure(
        "Overlap with the reference",
        "share",
        "How many words, in order, the answer shares with the reference (ROUGE-L). Other good words score low.",
    ),
    "similarity": Figure(
        "Likeness to the reference",
        "share",
        "How alike answer and reference are in meaning, word by word (after BERTScore), whatever the words.",
    ),
    "toxicity": Figure(
        "Toxicity", "share", "How insulting, hateful or obscene an answer is: 0 % is harmless.", higher_is_better=False
    ),
    "uniqueness": Figure(
        "Uniqueness", "share", "How little answers repeat one another: 100 % is never the same words twice."
    ),
    "input_tokens": Figure(
        "Tokens read", "count", "How much text the model was given; a token is about four letters.", False
    ),
    "output_tokens": Figure("Tokens written", "count", "How much text the model wrote.", False),
    "cost_usd": Figure(
        "Cost", "dollars", "The estimated price of the model calls for one answer, in US dollars.", False
    ),
    "ms": Figure("Time", "seconds", "How long a player waits for the whole answer.", False),
    "p95_ms": Figure(
        "Time of slow answers", "seconds", "19 of 20 answers are at least as fast as this (95th percentile).", False
    ),
    "first_ms": Figure(
        "Time to the first words", "seconds", "How long a player waits until the character begins.", False
    ),
}


def figure(name: str) -> Figure:
    """A figure by its name in the results; one that is not known here is a plain number."""
    return FIGURES.get(name) or Figure(name.replace("_", " ").capitalize(), "count", "")


def amount(name: str, value: float | None) -> str:
    """A value with its unit: `87 %`, `1.24 s`, `$0.00042`, `812`; a dash for none."""
    return "–" if value is None else _FORMATS[figure(name).unit](value)


def change(name: str, value: float | None) -> str:
    """A difference with its sign: `+4 points`, `−0.31 s`."""
    if value is None:
        return "–"
    unit = figure(name).unit
    size = f"{_short(abs(value) * 100, 1)} points" if unit == "share" else _FORMATS[unit](abs(value))
    sign = "" if not any(digit in "123456789" for digit in size) else "+" if value > 0 else "−"
    return f"{sign}{size}"


def _short(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _dollars(value: float) -> str:
    """With two digits that tell something, however small the price."""
    decimals = 2
    while decimals < 8 and value and abs(value) < 10 ** (1 - decimals):
        decimals += 1
    return f"${value:,.{decimals}f}"


_FORMATS: dict[Unit, Callable[[float], str]] = {
    "share": lambda value: f"{_short(value * 100, 1)} %",
    "seconds": lambda value: f"{value / 1000:.2f} s",
    "dollars": _dollars,
    "count": lambda value: _short(value, 0 if abs(value) >= 100 else 1),
}
