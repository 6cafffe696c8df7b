"""However a reply is cut into pieces: what is shown of it is the beginning of what is said in the end."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from npcops.errors import ModelFailed
from npcops.leaks import Leaked
from npcops.model_calls import Delta
from npcops.saying import Saying
from tests.pinch import CANARY, CARD, GUARD, IDS, said
from tests.pinch import rest as unshown

# fmt: off
SCRAPS = (
    "Aye. ", "The gate is shut. ", "no, ", "wait ", "Mr. ", "Pinch: ", "Pinch Tarrow (sighs): ", "**Pinch** ", "\n",
    "Player: ", "\nPlayer", "<b>", "</b>", "<passage id=", ">", "<", "<|im_end|>", "[INST]", "[a1b2c3d4]", " ",
    "(0f0f0f0f, ", "a1b2", "a1b2c3d4).", "[", "]", "(", ")", '"', "“", "”", "'", "'Tis ", "don't ", "`", "```", "{",
    "}", "```json\n", "{sighs}", "null", "门关了。", "😀", "é", "\u200d", "\u202e", "…", "!", "z ", "x", "www ",
)
# fmt: on
WORDS = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=8), max_size=14).map("".join)
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=8)
SETTINGS = settings(max_examples=700, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def pieces(text: str, cuts: list[int]) -> list[str]:
    """The text, cut into pieces of these sizes by turns."""
    found, start, turn = [], 0, 0
    while start < len(text):
        size = cuts[turn % len(cuts)]
        found.append(text[start : start + size])
        start, turn = start + size, turn + 1
    return found


def shown_and_rest(text: str, kind: Any, cuts: list[int], say: str) -> tuple[str, str | None]:
    saying = Saying(CARD, GUARD, IDS)
    shown = "".join(saying.feed(Delta(kind, piece)) for piece in pieces(text, cuts))
    return shown, unshown(shown, say)


@SETTINGS
@given(WORDS, CUTS, st.booleans(), st.booleans())
def test_a_tools_words_are_shown_once_and_never_taken_back(
    words: str, cuts: list[int], ascii_only: bool, last: bool
) -> None:
    fields = {"say": words, "emotion": "calm", "citations": [IDS[0]]}
    text = json.dumps(dict(sorted(fields.items(), reverse=last)), ensure_ascii=ascii_only)
    try:
        say = said("", fields)
        shown, rest = shown_and_rest(text, "tool_input", cuts, say)
    except (ModelFailed, Leaked):
        return
    assert rest is not None
    assert shown + rest == say


@SETTINGS
@given(WORDS, CUTS, st.sampled_from(["text", "tool_input"]))
def test_plain_words_are_shown_once_and_hardly_ever_taken_back(words: str, cuts: list[int], kind: str) -> None:
    try:
        say = said(words)
        shown, rest = shown_and_rest(words, kind, cuts, say)
    except (ModelFailed, Leaked):
        return
    event("taken back" if rest is None else "kept")
    assert rest is None or shown + rest == say
    # Only where an object stands among the words, or a fence around them, can they be others in the end.
    assert rest is not None or set("{`") & set(words)


@SETTINGS
@given(st.text(max_size=120), CUTS, st.sampled_from(["text", "tool_input"]), st.integers(1, 12))
def test_the_canary_is_never_shown(words: str, cuts: list[int], kind: Any, letters: int) -> None:
    text = f"{words} {CANARY[:letters]}{words}{CANARY[letters:]} {CANARY}"
    saying, shown = Saying(CARD, GUARD, IDS), ""
    try:
        for piece in pieces(text, cuts):
            shown += saying.feed(Delta(kind, piece))
    except Leaked:
        pass
    assert CANARY not in shown
    assert not GUARD.leaks(shown)
