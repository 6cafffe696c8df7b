"""What changed between two texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.text_changes import MOST_LINES, Line, changed_lines

TEXTS = st.lists(st.sampled_from(["", "a", "b", "The ferry runs.", "The ferry stops.", "של"]), max_size=12).map(
    "\n".join
)


def shown(lines: list[Line]) -> list[str]:
    """Each line as a string, changed words in brackets."""
    return [
        line.sign
        + "".join(f"[{part.text}]" if part.changed else part.text for part in line.parts)
        + (str(line.left_out) if line.left_out else "")
        for line in lines
    ]


def test_a_changed_word_is_marked_within_its_line() -> None:
    assert shown(changed_lines("one\nthe old boat\nthree", "one\nthe new boat\nthree")) == [
        "=one",
        "-the [old] boat",
        "+the [new] boat",
        "=three",
    ]


def test_lines_that_went_and_came_are_whole() -> None:
    assert shown(changed_lines("one\ntwo", "one")) == ["=one", "-two"]
    assert shown(changed_lines("", "one")) == ["+one"]
    assert shown(changed_lines("a b\nc", "a x\nc\nd")) == ["-a [b]", "+a [x]", "=c", "+d"]


@pytest.mark.parametrize("text", ["", "one", "one\ntwo\n"])
def test_equal_texts_have_no_changes(text: str) -> None:
    assert changed_lines(text, text) == []


def test_far_from_a_change_lines_are_counted_only() -> None:
    many = [f"line {number}" for number in range(20)]
    after = [*many[:10], "new", *many[10:]]
    assert shown(changed_lines("\n".join(many), "\n".join(after))) == [
        "…8",
        "=line 8",
        "=line 9",
        "+new",
        "=line 10",
        "=line 11",
        "…8",
    ]


def test_very_long_texts_are_shown_whole() -> None:
    lines = changed_lines("a\n" * MOST_LINES, "b\n" * 3)
    assert [line.sign for line in lines] == ["-"] * MOST_LINES + ["+"] * 3


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_the_changes(before: str, after: str) -> None:
    """Lines that stayed are left out of both, so each side's lines come in order and nothing is invented."""
    lines = changed_lines(before, after)
    if not lines:
        assert before.splitlines() == after.splitlines()
        return
    for text, sign in ((before, "-"), (after, "+")):
        told = [line for line in lines if line.sign in ("=", "…", sign)]
        rest = iter(text.splitlines())
        for line in told:
            for _ in range(line.left_out):
                next(rest)
            if line.sign != "…":
                assert "".join(part.text for part in line.parts) == next(rest)
        assert list(rest) == []
