"""The split of training data: by conversation, always the same, sensible for little data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.training_records import Exchange, Lesson, Passage
from npcops.training_split import PARTS, Part, split


def lessons(*conversations: tuple[str, int]) -> list[Lesson]:
    return [
        Lesson("tib", name, (Exchange(f"{name} {number}", "Hm."),))
        for name, size in conversations
        for number in range(size)
    ]


def sizes(records: list[Lesson]) -> dict[Part, int]:
    return {part: len(found) for part, found in split(records).items()}


CONVERSATIONS = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 12), max_size=40)


@given(CONVERSATIONS)
def test_nothing_is_lost_and_no_conversation_is_in_two_parts(conversations: dict[str, int]) -> None:
    records = lessons(*conversations.items())
    parts = split(records)
    assert sorted(map(repr, records)) == sorted(repr(each) for part in parts.values() for each in part)
    names = [{each.conversation for each in parts[part]} for part in PARTS]
    assert sum(map(len, names)) == len(set().union(*names))
    assert bool(parts["train"]) is bool(records)


@given(CONVERSATIONS, st.randoms())
def test_the_order_of_the_data_changes_nothing(conversations: dict[str, int], chance: object) -> None:
    shuffled = list(conversations.items())
    chance.shuffle(shuffled)
    one, other = split(lessons(*conversations.items())), split(lessons(*shuffled))
    for part in PARTS:
        assert {each.conversation for each in one[part]} == {each.conversation for each in other[part]}


@given(CONVERSATIONS)
def test_what_is_not_learned_is_never_more_than_a_third_unless_a_single_conversation_is(
    conversations: dict[str, int],
) -> None:
    parts, total = split(lessons(*conversations.items())), sum(conversations.values())
    for part in ("heldout", "validation"):
        alone = len({each.conversation for each in parts[part]}) == 1
        assert alone or len(parts[part]) <= total / 3


@pytest.mark.parametrize(
    ("conversations", "heldout", "validation"),
    [(0, False, False), (1, False, False), (2, True, False), (3, True, True), (5, True, True)],
)
def test_little_data_is_held_out_first_and_then_validated(conversations: int, heldout: bool, validation: bool) -> None:
    for seed in range(30):
        found = sizes(lessons(*((f"{seed}-{number}", 4) for number in range(conversations))))
        assert (found["heldout"] > 0, found["validation"] > 0) == (heldout, validation)


def test_much_data_is_split_by_tenths_and_more_of_it_moves_nothing() -> None:
    names = [(f"conversation {number}", 3) for number in range(400)]
    before, after = split(lessons(*names[:300])), split(lessons(*names))
    assert 0.06 < len(before["heldout"]) / 900 < 0.14
    assert 0.06 < len(before["validation"]) / 900 < 0.14
    for part in PARTS:
        assert {each.conversation for each in before[part]} <= {each.conversation for each in after[part]}


def test_of_seventy_pairs_there_are_ten_cases_or_more() -> None:
    for seed in range(20):
        found = sizes(lessons(*((f"{seed} {number}", 4) for number in range(18))))
        assert found["heldout"] >= 10
        assert found["validation"] >= 5
        assert found["train"] >= 36


def test_of_plain_text_nothing_is_held_out() -> None:
    parts = split([Passage(str(number), "Text.") for number in range(100)], heldout=0)
    assert not parts["heldout"]
    assert parts["validation"]
