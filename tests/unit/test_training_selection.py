"""Whose lines are learned by whom, and how they are told from names in front of them."""

from __future__ import annotations

import pytest

from npcops.errors import UnreadableDocument
from npcops.training_records import Dataset, Example, Exchange
from npcops.training_request import TrainedNpc, TrainingRequest
from npcops.training_selection import NARRATED, OTHERS, Selection, select
from npcops.tunings import TuningRequest

TIB = TrainedNpc("tib-marl", "Tib", "You are Tib.")
WENNA = TrainedNpc("wenna-tull", "Wenna", "You are Wenna.")


def wanted(*npcs: TrainedNpc, speakers: tuple[str, ...] = ()) -> TrainingRequest:
    return TrainingRequest("saltmarrow", "t1", TuningRequest(dataset="lines", speakers=speakers), npcs)


def spoken(*lines: tuple[str, str, str]) -> Dataset:
    examples = (Example("quay", (Exchange(prompt, said, n),), who) for n, (who, prompt, said) in enumerate(lines, 1))
    return Dataset(("pairs",), tuple(examples))


def learned(selection: Selection) -> list[tuple[str, str, str]]:
    return [(each.npc, turn.prompt, turn.completion) for each in selection.lessons for turn in each.exchanges]


LINES = spoken(
    ("Tib", "Wenna: Who?", "Me."),
    ("Wenna", "Tib: Me.", "Then step in."),
    ("tib_marl", "Greta: Stop!", "No."),
    ("Tib", "narrator: Night falls.", "It's dark."),
)


def test_an_npc_learns_its_own_lines_by_name_and_by_id_without_the_names_of_others() -> None:
    found = select(LINES, wanted(TIB))
    assert learned(found) == [("tib-marl", "Who?", "Me."), ("tib-marl", "Stop!", "No.")]
    assert found.dropped == {OTHERS: 1, NARRATED: 1}
    assert found.speakers == {"Tib": 1, "tib_marl": 1}


def test_several_npcs_learn_each_their_own() -> None:
    assert {(npc, said) for npc, _, said in learned(select(LINES, wanted(TIB, WENNA)))} == {
        ("tib-marl", "Me."),
        ("wenna-tull", "Then step in."),
        ("tib-marl", "No."),
    }


def test_one_npc_may_learn_the_lines_of_a_speaker_of_another_name() -> None:
    assert [each[0] for each in learned(select(LINES, wanted(TIB, speakers=("wenna",))))] == ["tib-marl"]
    assert [each[2] for each in learned(select(LINES, wanted(TIB, speakers=("wenna",))))] == ["Then step in."]


def test_a_speaker_whom_none_of_several_npcs_is_called_is_refused_with_what_to_do() -> None:
    data = spoken(("Delfador", "Konrad: Where to?", "North."))
    with pytest.raises(UnreadableDocument, match=r"None of the run's NPCs is called Delfador\. Name the one"):
        select(data, wanted(TIB, WENNA, speakers=("Delfador",)))


def test_a_speaker_who_says_nothing_is_refused_with_those_who_do() -> None:
    with pytest.raises(UnreadableDocument, match=r"by Ambrose to somebody\. Its speakers are: Tib, Wenna, tib_marl"):
        select(LINES, wanted(TIB, speakers=("Ambrose",)))


def test_data_without_speakers_is_one_npcs() -> None:
    data = spoken(("", "Listen: who goes there?", "Me."))
    found = select(data, wanted(TIB))
    assert learned(found) == [("tib-marl", "Listen: who goes there?", "Me.")]
    assert found.speakers == {"Tib": 1}
    with pytest.raises(UnreadableDocument, match="for 2 NPCs"):
        select(data, wanted(TIB, WENNA))


def test_words_before_a_colon_are_no_name_where_prompts_are_not_written_so() -> None:
    plain = [("Tib", f"How much is number {number}?", "A chip.") for number in range(8)]
    found = select(spoken(*plain, ("Tib", "One thing: who?", "Me."), ("Tib", "Tib: who?", "Me.")), wanted(TIB))
    assert [prompt for _, prompt, _ in learned(found)][-2:] == ["One thing: who?", "who?"]
