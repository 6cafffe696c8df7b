"""Corrections: a person accepts or rejects them, once; what is accepted becomes a case, a training pair or both."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from npcops.corrections import Corrections
from npcops.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from npcops.golden import Expected, GoldenCase, GoldenSuite
from npcops.people import Decision
from tests.opinions import Opinions, correction
from tests.publishing import move
from tests.resources import Resources

FIRST = {"id": "mira-1", "npc": "mira", "kind": "must-say", "messages": ["Who?"], "expected": {"says_any": ["king"]}}
SUITE: dict[str, Any] = {"name": "kings", "description": "Of kings.", "bars": {"pass_rate": 0.9}, "cases": [FIRST]}


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Opinions:
    made = Opinions(moto_resources, title)
    made.catalog.put(title, "suites", "kings", SUITE, "writer", "")
    return made


def propose(ours: Opinions, number: int = 1, **changes: Any) -> str:
    made = correction(number, **changes)
    ours.store.put_correction(ours.title, made, None)
    return made.id


def suite(ours: Opinions, name: str = "kings") -> GoldenSuite:
    return msgspec.convert(ours.catalog.get(ours.title, "suites", name, "latest")[0], GoldenSuite, strict=False)


def test_an_accepted_correction_is_the_last_case_of_a_new_version_and_no_label_moves(ours: Opinions) -> None:
    before = ours.catalog.get(ours.title, "suites", "kings", "latest")[1]
    move(ours.catalog, ours.title, "suites", "kings", "production", before)
    proposed = propose(ours, reasons=("made-up", "wrong"), flags=("met-king",))
    decided = ours.corrections.decide(ours.title, proposed, Decision(True, "Yes.", "kings", "mira-rules"), "bea")
    found = suite(ours)
    assert found.cases[1] == decided.correction.case
    assert found.cases[1] == GoldenCase(
        id="mira-rules",
        npc="mira",
        kind="known-fact",
        messages=("Who rules?",),
        expected=Expected(means=("The king.",)),
        flags=("met-king",),
        required=False,
        reference="The king.",
        note="What a player was told, corrected.",
    )
    content, version = ours.catalog.get(ours.title, "suites", "kings", "latest")
    assert version == decided.suite_version != before
    assert content | {"cases": content["cases"][:1]} == SUITE
    assert ours.catalog.get(ours.title, "suites", "kings", "production")[1] == before
    (info, _) = ours.catalog.versions(ours.title, "suites", "kings")
    assert (info.author, info.note) == ("bea", f"correction {proposed} accepted")


def test_a_case_is_written_as_a_person_would(ours: Opinions) -> None:
    ours.corrections.decide(ours.title, propose(ours), Decision(True, suite="kings"), "bea")
    assert ours.catalog.get(ours.title, "suites", "kings", "latest")[0]["cases"][1] == {
        "id": "correction-c1",
        "npc": "mira",
        "kind": "must-say",
        "messages": ["Who rules?"],
        "expected": {"means": ["The king."]},
        "required": False,
        "reference": "The king.",
        "note": "What a player was told, corrected.",
    }


def test_who_decides_may_put_it_in_other_words(ours: Opinions) -> None:
    decision = Decision(True, suite="kings", corrected="The old king.", message="Who rules here?", training=True)
    decided = ours.corrections.decide(ours.title, propose(ours), decision, "bea").correction
    assert (decided.message, decided.corrected, decided.said) == ("Who rules here?", "The old king.", "The miller.")
    case = suite(ours).cases[1]
    assert (case.messages, case.reference) == (("Who rules here?",), "The old king.")


@pytest.mark.parametrize(
    ("reasons", "kind", "refuses"),
    [
        ((), "must-say", None),
        (("wrong",), "must-say", None),
        (("out-of-character",), "persona", None),
        (("spoiler",), "gate", None),
        (("refused",), "harmless", False),
    ],
)
def test_the_complaint_tells_what_the_case_is_about(
    ours: Opinions, reasons: Any, kind: str, refuses: bool | None
) -> None:
    case = ours.corrections.decide(ours.title, propose(ours, reasons=reasons), Decision(True, suite="kings"), "bea")
    assert case.correction.case is not None
    assert (case.correction.case.kind, case.correction.case.expected.refuses) == (kind, refuses)


def test_accepted_training_pairs_are_one_list(ours: Opinions) -> None:
    for number in (1, 2, 3, 4):
        propose(ours, number)
    ours.corrections.decide(ours.title, "c1", Decision(True, training=True), "bea")
    ours.corrections.decide(ours.title, "c2", Decision(True, suite="kings"), "bea")
    ours.corrections.decide(ours.title, "c3", Decision(False, "No."), "bea")
    listed = ours.corrections.listed(ours.title, "accepted").corrections
    assert [(one.id, one.training, one.case is not None) for one in listed] == [
        ("c2", False, True),
        ("c1", True, False),
    ]
    assert [one.id for one in ours.corrections.listed(ours.title, "proposed").corrections] == ["c4"]
    (rejected,) = ours.corrections.listed(ours.title, "rejected").corrections
    assert (rejected.decided_by, rejected.why, rejected.decided_at != "") == ("bea", "No.", True)


def test_a_list_says_whether_there_are_older_ones(ours: Opinions) -> None:
    for number in (1, 2, 3):
        propose(ours, number)
    first = ours.corrections.listed(ours.title, "proposed", limit=2)
    assert ([one.id for one in first.corrections], first.more) == (["c3", "c2"], True)
    rest = ours.corrections.listed(ours.title, "proposed", "c2", limit=2)
    assert ([one.id for one in rest.corrections], rest.more) == (["c1"], False)


def test_nothing_is_accepted_for_nothing(ours: Opinions) -> None:
    with pytest.raises(InvalidRequest):
        ours.corrections.decide(ours.title, propose(ours), Decision(True), "bea")
    assert len(ours.proposed()) == 1


def test_a_case_that_cannot_be_added_leaves_the_correction_as_it_was(ours: Opinions) -> None:
    proposed = propose(ours)
    with pytest.raises(NotFound):
        ours.corrections.decide(ours.title, proposed, Decision(True, suite="queens"), "bea")
    with pytest.raises(Conflict):
        ours.corrections.decide(ours.title, proposed, Decision(True, suite="kings", case="mira-1"), "bea")
    with pytest.raises(InvalidRequest):
        ours.corrections.decide(ours.title, proposed, Decision(True, suite="kings", message="x" * 2001), "bea")
    assert [one.id for one in ours.proposed()] == [proposed]
    assert len(suite(ours).cases) == 1


def test_a_suite_without_room_leaves_the_correction_as_it_was(ours: Opinions) -> None:
    """An item of the table holds 400 kB; a case more would be refused there, after the decision."""
    long = ["x" * 2000] * 8
    cases = [FIRST | {"id": f"long-{number}", "messages": long} for number in range(23)]
    cases.append(FIRST | {"id": "last", "messages": ["x" * 1900] * 4})
    ours.catalog.put(ours.title, "suites", "kings", SUITE | {"cases": cases}, "writer", "")
    proposed = propose(ours, said="y" * 900, corrected="y" * 900)
    with pytest.raises(Conflict, match="full"):
        ours.corrections.decide(ours.title, proposed, Decision(True, suite="kings"), "bea")
    assert [one.id for one in ours.proposed()] == [proposed]


def test_a_decision_is_made_once(ours: Opinions) -> None:
    proposed = propose(ours)
    ours.corrections.decide(ours.title, proposed, Decision(False, "No."), "bea")
    assert ours.corrections.decide(ours.title, proposed, Decision(False, "No."), "cleo").correction.decided_by == "bea"
    with pytest.raises(Conflict):
        ours.corrections.decide(ours.title, proposed, Decision(True, training=True), "cleo")


def test_a_player_who_rates_again_does_not_change_what_was_decided(ours: Opinions) -> None:
    turn_id = ours.spoken()
    proposed = ours.rate(turn_id, 3, correction="The king.").correction
    assert proposed
    ours.corrections.decide(ours.title, proposed, Decision(True, training=True), "bea")
    assert ours.rate(turn_id, 3, correction="The queen.").correction is None
    assert ours.store.correction(ours.title, proposed).corrected == "The king."
    assert ours.proposed() == []


def test_nobody_accepts_words_that_they_have_not_read(ours: Opinions) -> None:
    """The rater rewords the correction after somebody has read it."""
    turn_id = ours.spoken()
    read = ours.rate(turn_id, 3, correction="The king.").correction
    reworded = ours.rate(turn_id, 3, correction="The king, who lives at 5 Mill Lane.").correction
    assert read
    assert reworded
    for accept in (True, False):
        with pytest.raises(NotFound):
            ours.corrections.decide(ours.title, read, Decision(accept, training=True), "bea")
    decided = ours.corrections.decide(ours.title, reworded, Decision(True, suite="kings"), "bea").correction
    assert decided.case in suite(ours).cases
    assert decided.corrected == "The king, who lives at 5 Mill Lane."


def test_an_acceptance_that_broke_off_is_finished_by_the_same_decision(ours: Opinions) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(ours.catalog, name)

        def put(self, *_: Any, **__: Any) -> str:
            raise StoreUnavailable("Down.")

    broken: Any = Broken()
    proposed, decision = propose(ours), Decision(True, suite="kings")
    with pytest.raises(StoreUnavailable):
        Corrections(ours.store, broken, ours.now).decide(ours.title, proposed, decision, "bea")
    assert len(suite(ours).cases) == 1
    first = ours.corrections.decide(ours.title, proposed, decision, "cleo")
    assert first.correction.decided_by == "bea"
    assert [case.id for case in suite(ours).cases] == ["mira-1", f"correction-{proposed}"]
    assert ours.corrections.decide(ours.title, proposed, decision, "bea") == first


def test_of_acceptances_at_the_same_time_none_is_lost(ours: Opinions, moto_resources: Resources) -> None:
    """Each reads the suite before any of the others has written."""
    together = threading.Barrier(4, timeout=60)

    class AtOnce(Opinions):
        def meet(self) -> None:
            catalog, first = self.catalog.put, [True]

            def put(*arguments: Any, **named: Any) -> str:
                if first:
                    first.clear()
                    together.wait()
                return catalog(*arguments, **named)

            self.catalog.put = put

    def accept(number: int) -> None:
        mine = AtOnce(moto_resources, ours.title)
        mine.meet()
        mine.corrections.decide(ours.title, f"c{number}", Decision(True, suite="kings"), "bea")

    for number in range(4):
        propose(ours, number)
    threads = [threading.Thread(target=accept, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    elsewhere = Opinions(moto_resources, ours.title)
    assert {case.id for case in suite(elsewhere).cases} == {"mira-1", *(f"correction-c{n}" for n in range(4))}
