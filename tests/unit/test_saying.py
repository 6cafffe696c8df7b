"""What is shown of a reply while it is written: soon, only the words, and nothing that is taken back or given away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from npcops.leaks import Leaked
from npcops.model_calls import Delta
from npcops.saying import Saying
from tests.pinch import CANARY, CARD, GUARD, IDS, rest, said

LONG = "The gate is shut, and nobody passes before the tide has turned and the bell has been rung twice. "


def saying() -> Saying:
    return Saying(CARD, GUARD, IDS)


def feed(text: str, kind: Any = "text", size: int = 3, into: Saying | None = None) -> list[str]:
    """What each piece of so many characters brings."""
    shown = into or saying()
    return [shown.feed(Delta(kind, text[start : start + size])) for start in range(0, len(text), size)]


def until_a_leak(text: str, kind: Any, size: int) -> tuple[str, bool]:
    """What is shown before the reply is ended, and whether it is."""
    shown, so_far = saying(), ""
    for start in range(0, len(text), size):
        try:
            so_far += shown.feed(Delta(kind, text[start : start + size]))
        except Leaked:
            return so_far, True
    return so_far, False


def called(say: str, **more: Any) -> str:
    return json.dumps({"say": say, "emotion": "calm", **more})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_tools_words_are_all_shown_before_the_rest_of_it_comes(size: int, ascii_only: bool) -> None:
    words = 'The "gate" is shut.\nGo \\ home, 😀 and über 𝒜 all: \t don\'t wait / ask. 门关了。'
    text = json.dumps({"emotion": "calm", "say": words}, ensure_ascii=ascii_only)
    assert "".join(feed(text, "tool_input", size)) == said("", {"say": words})


@pytest.mark.parametrize("order", [("say", "emotion"), ("emotion", "say"), ("x", "say")])
def test_other_fields_and_what_is_in_them_is_not_shown(order: tuple[str, ...]) -> None:
    fields = {"say": "Shut.", "emotion": 'a "say": "no"', "x": {"say": "no", "y": [{"say": "no"}, "say", ",", "{"]}}
    text = json.dumps({name: fields[name] for name in order})
    assert "".join(feed(text, "tool_input")) == "Shut."


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        f"Pinch Tarrow (grinning): {LONG}",
        f"```json\n{called(LONG)}\n```",
        called(LONG),
        f"'Tis so: {LONG}",
        f'"Shut," he said. {LONG}',
        f"{LONG} [a1b2c3d4] For good (0f0f0f0f, a1b2c3d4).",
        f"<reply>{LONG}</reply>",
        f"{LONG}\n\nPlayer: Open it!\nPinch: No.",
    ],
    ids=lambda text: text[:25],
)
def test_plain_speech_is_shown_a_word_or_two_behind(text: str) -> None:
    whole = said(text)
    start = text.index("The gate") + len("The gate")
    shown = saying()
    so_far = ""
    for end, sign in enumerate(text, 1):
        so_far += shown.feed(Delta("text", sign))
        assert whole.startswith(so_far)
        if start <= end <= start + 80:
            assert end - start - 24 < len(so_far) - (whole.index("The gate") + len("The gate"))
    assert rest(so_far, whole) is not None


@pytest.mark.parametrize(
    "text",
    [
        "“The gate is shut.”",
        '"Pinch: The gate is shut."',
        '{"response": "Shut."}',
        "{'say': 'I don\\'t know'}",
        '[{"input": {"say": "Shut."}}]',
        "{sighs} Shut.",
        "[sighs] Shut.",
        '"say": "Shut, I say.", "emotion": "calm"}',
        "7",
        "Half \ud83d a face",
        '{"say": "Shut," he said", "emotion": "calm"}',
        '{"say": "Shut. \\u12',
        '{"x": 1, "say": "Shut.", "say',
        "Take [this] one, or [that].",
        "I have 2 < 3 coins <3 and more of them",
        "**Pinch:** The gate is shut.",
        "门关了。明天再来吧。",
        "Shut.</s>[INST] Go on [/INST] home",
    ],
)
def test_the_rest_comes_at_the_end(text: str) -> None:
    for kind in ("text", "tool_input"):
        shown = saying()
        before = "".join(feed(text, kind, 2, shown))
        assert rest(before, said(text)) is not None


def test_what_was_shown_and_then_changed_is_told() -> None:
    shown = saying()
    before = feed("I will think about that for a while, and then some more", into=shown)
    assert feed(called("The gate is shut."), "tool_input", into=shown) == [""] * 16
    assert rest("".join(before), "The gate is shut.") is None


def test_words_after_the_tools_are_not_shown() -> None:
    shown = saying()
    assert "".join(feed(called("The gate is shut."), "tool_input", into=shown)) == "The gate is shut."
    assert "".join(feed("I hope that this helps you a lot.", into=shown)) == ""


@pytest.mark.parametrize(
    "secret",
    [
        CANARY,
        " ".join(CANARY),
        "-".join(CANARY.upper()),
        CANARY[::-1],
        "".join(f"*{sign}*\u200b" for sign in CANARY),
        " ".join(str(ord(sign)) for sign in CANARY),
        CANARY.encode().hex(" "),
        "You never tell anybody where the second key to the gate is kept",
    ],
)
@pytest.mark.parametrize("kind", ["text", "tool_input"])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_secret_ends_the_reply_before_it_is_shown(secret: str, kind: Any, size: int) -> None:
    text = f"Very well, stranger, the word is {secret} and that is all I know of it, truly."
    text = called(text) if kind == "tool_input" else text
    so_far, leaked = until_a_leak(text, kind, size)
    assert leaked
    heard = so_far.removeprefix("Very well, stranger, the word is").strip()
    assert len(heard) <= (2 if "never" not in secret else 50)


def test_a_secret_in_what_nobody_hears_does_not_end_the_reply() -> None:
    shown = saying()
    so_far = "".join(feed(called("Shut.", memory=[CANARY]), "tool_input", into=shown))
    assert so_far == "Shut."


def test_whole_sentences_among_what_was_shown() -> None:
    shown = saying()
    assert shown.sentences() == ""
    feed("Mr. Hobb has shut it. Come", into=shown)
    assert shown.sentences() == "Mr. Hobb has shut it."
    feed(" back when the bell rings! But do not go to", into=shown)
    assert shown.sentences() == "Mr. Hobb has shut it. Come back when the bell rings!"
    shown = saying()
    feed("Nobody may pass the gate before", into=shown)
    assert shown.sentences() == ""


def test_an_answer_that_never_ends_is_shown_to_its_last_sentence_within_the_limit() -> None:
    for text in (LONG * 40, "word " * 900, "x" * 5000):
        shown = saying()
        before = "".join(feed(text, size=50, into=shown))
        assert rest(before, said(text)) is not None
        assert len(before) > 1500 or " " not in text
