"""Blind comparisons: nobody can tell the sides, everybody sees each differing case once, and ties count half."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from npcops.comparing import READ_AT_ONCE
from npcops.errors import Conflict, InvalidRequest, NotFound
from npcops.people import Preference
from npcops.plans import EvaluationRequest
from npcops.playings import CaseResult
from tests.compared import OURS, THEIRS, Compared, playing
from tests.resources import Resources


@pytest.fixture
def compared(moto_resources: Resources, title: str) -> Compared:
    return Compared(moto_resources, title)


def test_a_rater_sees_each_case_that_differs_once(compared: Compared) -> None:
    seen = [case for case, _ in compared.all_pairs("ada")]
    assert sorted(seen) == sorted(compared.keys)
    assert compared.comparing.next_pair(compared.title, "e1", "ada").pair is None


def test_neither_order_nor_side_tells_which_is_which(compared: Compared) -> None:
    ada, bea = compared.all_pairs("ada"), compared.all_pairs("bea")
    assert [case for case, _ in ada] != [case for case, _ in bea]
    assert 2 < sum(first for _, first in ada) < len(ada) - 2
    assert dict(ada) != dict(bea)


def test_a_call_that_is_repeated_shows_the_same(compared: Compared) -> None:
    first = compared.comparing.next_pair(compared.title, "e1", "ada")
    assert compared.comparing.next_pair(compared.title, "e1", "ada") == first
    assert first.pair is not None
    assert first.pair.left in (len(compared.keys) - 1, len(compared.keys))
    assert (first.pair.npc, first.pair.messages) == ("mira", ("Who rules?",))


def test_a_pair_says_nothing_of_its_sides(compared: Compared) -> None:
    compared.put("kings/mira-0", playing("The king."), playing("The miller."))
    shown = msgspec.json.encode(compared.comparing.next_pair(compared.title, "e1", "ada").pair).decode()
    assert not {"stage-model", "version", "checks"} & set(shown.replace('"', " ").split())


def test_conversations_are_shown_whole(compared: Compared, moto_resources: Resources, title: str) -> None:
    other = Compared(moto_resources, f"{title}-2", cases=0)
    other.put("kings/talk", playing("Well met.", "The king."), playing("Well met.", "The miller."))
    pair = other.comparing.next_pair(other.title, "e1", "ada").pair
    assert pair is not None
    assert {pair.first, pair.second} == {"Well met.\nThe king.", "Well met.\nThe miller."}


def test_preferences_are_counted_by_side_whatever_stood_first(compared: Compared) -> None:
    compared.all_pairs("ada", liked=OURS)
    found = compared.comparing.preferences(compared.title, "e1")
    assert (found.candidate, found.baseline, found.neither, found.cases) == (12, 0, 0, 12)
    assert found.share == 1
    assert found.low == pytest.approx(0.7575, abs=0.001)
    assert found.high == pytest.approx(1)
    assert (found.agreement.value, found.agreement.raters) == (None, 1)


def test_raters_who_differ_cancel_each_other_and_do_not_agree(compared: Compared) -> None:
    compared.all_pairs("ada", liked=OURS)
    compared.all_pairs("bea", liked=THEIRS)
    compared.all_pairs("cleo", liked="")
    found = compared.comparing.preferences(compared.title, "e1")
    assert (found.candidate, found.baseline, found.neither, found.share) == (12, 12, 12, 0.5)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert found.agreement.value is not None
    assert found.agreement.value < 0


def test_raters_who_see_the_same_in_different_places_agree(compared: Compared) -> None:
    compared.all_pairs("ada", liked=OURS)
    compared.all_pairs("bea", liked=OURS)
    case, first = compared.all_pairs("cleo", liked=THEIRS)[0]
    compared.comparing.prefer(compared.title, "e1", "cleo", Preference(case, "first" if first else "second"))
    found = compared.comparing.preferences(compared.title, "e1")
    assert (found.candidate, found.baseline) == (25, 11)
    assert found.share == pytest.approx((1 + 11 * 2 / 3) / 12)


def test_nothing_compared_is_nothing_known(compared: Compared) -> None:
    found = compared.comparing.preferences(compared.title, "e1")
    assert (found.cases, found.share, found.low, found.high, found.agreement.value) == (0, None, None, None, None)


def test_what_cannot_be_compared_is_refused(compared: Compared) -> None:
    title, comparing = compared.title, compared.comparing
    with pytest.raises(NotFound):
        comparing.next_pair(title, "e9", "ada")
    with pytest.raises(NotFound):
        comparing.preferences(f"{title}-2", "e1")
    compared.begin("e2", request=EvaluationRequest(baseline=None))
    compared.begin("e3", state="running")
    for name in ("e2", "e3"):
        with pytest.raises(Conflict):
            comparing.next_pair(title, name, "ada")
    with pytest.raises(InvalidRequest):
        comparing.prefer(title, "e1", "ada", Preference("kings/same", "first"))
    with pytest.raises(NotFound):
        comparing.prefer(title, "e1", "ada", Preference("kings/nobody", "first"))
    assert compared.reviews.preferences(title, "e1") == []


def test_of_many_equal_answers_the_one_that_differs_is_found_in_few_rounds(
    moto_resources: Resources, title: str
) -> None:
    """One by one, thousands of them would take longer than a call may."""
    many = Compared(moto_resources, title, cases=0)
    for number in range(3 * READ_AT_ONCE):
        many.put(f"kings/same-{number}", playing("The king."), playing("The king."))
    many.put("kings/other", playing("The king."), playing("The miller."))
    rounds, results = [], many.files.results

    def counted(title: str, evaluation: str, keys: Sequence[str] | None = None) -> Iterator[CaseResult]:
        rounds.append(keys)
        return results(title, evaluation, keys)

    many.files.results = counted
    shown = many.comparing.next_pair(title, "e1", "ada").pair
    assert shown is not None
    assert shown.case == "kings/other"
    assert len(rounds) <= 4
    many.comparing.prefer(title, "e1", "ada", Preference("kings/other", "neither"))
    assert many.comparing.next_pair(title, "e1", "ada").pair is None
