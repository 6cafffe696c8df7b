"""Preprocessing as a whole: of an upload to the files of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from npcops.errors import InvalidRequest, UnreadableDocument
from npcops.golden import GoldenCase
from npcops.personal_data import Found
from npcops.prepare_training import TOO_LONG, TOO_MANY, Prepared, prepare
from npcops.recipes import recipe
from npcops.training_request import TrainedNpc, TrainingRequest
from npcops.training_safety import Safety
from npcops.tunings import DataReport, TuningRequest

LOCAL, NOVA, LLAMA = "qwen.qwen2.5-coder-0.5b-instruct", "amazon.nova-micro-v1:0", "meta.llama3-1-8b-instruct-v1:0"
TIB = TrainedNpc("tib-marl", "Tib", "You are Tib, who counts.")


class Harmless:
    def find(self, texts: Sequence[str], language: str) -> list[list[Found]] | None:
        return [[] for _ in texts]

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        return [0.0] * len(texts)


def made(files: dict[str, bytes], base: str = LOCAL, npc: TrainedNpc = TIB, **request: Any) -> Prepared:
    asked = TuningRequest(dataset="lines", base=base, **request)
    return prepare(files, TrainingRequest("saltmarrow", "t1", asked, (npc,)), Safety(Harmless(), Harmless()))


def pairs(count: int, scenes: int = 20, **more: Any) -> bytes:
    rows = (
        {
            "scene": f"scene {number % scenes}",
            "speaker": "Tib",
            "prompt": f"Wenna: What is number {number} on your list?",
            "completion": f"Number {number} is a button, and {number * 7} make a coat.",
            **more,
        }
        for number in range(count)
    )
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def test_the_upload_is_what_is_learned() -> None:
    found = made({"data.jsonl": pairs(100)})
    told = [json.loads(line) for line in (*found.train, *found.validation)]
    asked = {each["messages"][0]["content"][0]["text"] for each in told} | {each.messages[0] for each in found.heldout}
    assert asked == {f"What is number {number} on your list?" for number in range(100)}
    assert all(each["system"] == [{"text": TIB.system}] for each in told)
    assert found.report.examples == {
        "train": len(found.train),
        "validation": len(found.validation),
        "heldout": len(found.heldout),
    }
    assert (found.report.read, found.report.dropped, found.report.family) == (100, {}, "local")
    assert found.report.longest == max(map(characters, told))
    assert found.report.characters == sum(map(characters, told))


def characters(record: dict[str, Any]) -> int:
    texts = [record["system"][0]["text"], *(each["content"][0]["text"] for each in record["messages"])]
    return sum(map(len, texts))


def test_defect_02_other_data_makes_other_training_files() -> None:
    """The peer's job ignored what was uploaded."""
    one, other = made({"data.jsonl": pairs(40)}), made({"data.jsonl": pairs(40, completion="Boots and buttons.")})
    assert set(one.train).isdisjoint(other.train)
    assert any(b"Boots and buttons." in line for line in other.train)


def test_held_out_cases_are_golden_cases_with_a_reference_that_need_not_be_met() -> None:
    cases = made({"data.jsonl": pairs(100)}).heldout
    assert len(cases) >= 10
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        assert msgspec.convert(msgspec.to_builtins(case), GoldenCase) == case
        number = case.messages[0].split()[3]
        assert (case.npc, case.required, case.kind) == ("tib-marl", False, "persona")
        assert case.reference.startswith(f"Number {number} is a button")


def test_the_last_answer_of_a_conversation_is_asked_for() -> None:
    talk = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Tib."}]
    again = [{"role": "user", "content": "And that?"}, {"role": "assistant", "content": "Duchess."}]
    rows = [
        {"conversation": f"c{n}", "messages": [*talk, *again, *talk[:1], {"role": "assistant", "content": f"{n}."}]}
        for n in range(40)
    ]
    cases = made({"data.jsonl": b"\n".join(map(msgspec.json.encode, rows))}).heldout
    assert {case.kind for case in cases} <= {"conversation", "persona"}
    assert all(case.reference[:-1].isdigit() for case in cases)


def test_no_conversation_is_in_two_files() -> None:
    found = made({"data.jsonl": pairs(100)})
    parts = ([*map(json.loads, found.train)], [*map(json.loads, found.validation)])
    scenes = [{int(each["messages"][0]["content"][0]["text"].split()[3]) % 20 for each in part} for part in parts]
    scenes.append({int(case.messages[0].split()[3]) % 20 for case in found.heldout})
    assert sum(map(len, scenes)) == len(set().union(*scenes)) == 20


def test_what_was_dropped_is_counted_and_named_by_line() -> None:
    bad = b'{"prompt": "Who?"}\nnot json\n' + pairs(2) + pairs(1) + pairs(1, completion="Mail tib@example.org.")
    found = made({"data.jsonl": pairs(60) + bad}).report
    assert found.dropped == {"a duplicate": 3, "cannot be read": 2, "personal data (EMAIL)": 1}
    assert found.read == 66
    assert "data.jsonl, line 62: It is not a JSON object." in found.notes
    assert "Line 66: personal data (EMAIL)." in found.notes
    assert not any("tib@" in note for note in found.notes)


def test_plain_text_is_learned_whole_by_continued_pre_training() -> None:
    text = "\n\n".join(f"Number {number}. " + "The sea goes out. " * 100 for number in range(30)).encode()
    found = made({"data.txt": text}, type="continued-pre-training")
    assert all(set(json.loads(line)) == {"input"} for line in found.train)
    assert (found.heldout, found.report.format) == ([], "text")
    assert any("Nothing is held out" in note for note in found.report.notes)
    with pytest.raises(UnreadableDocument, match="Tune with type continued-pre-training"):
        made({"data.txt": text})


def test_pairs_can_be_learned_as_text() -> None:
    found = made({"data.jsonl": pairs(40)}, type="continued-pre-training")
    assert "is a button" in json.loads(found.train[0])["input"]


@pytest.mark.parametrize(
    ("base", "kind"), [(NOVA, "continued-pre-training"), ("", "fine-tuning"), ("x", "fine-tuning")]
)
def test_what_the_model_cannot_learn_is_refused(base: str, kind: Any) -> None:
    with pytest.raises(InvalidRequest):
        made({"data.jsonl": pairs(40)}, base, type=kind)


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(UnreadableDocument, match="needs 100 or more"):
        made({"data.jsonl": pairs(60)}, LLAMA)
    with pytest.raises(UnreadableDocument, match="needs 8 or more"):
        made({"data.jsonl": pairs(5)}, NOVA)


def test_what_is_longer_than_the_model_takes_is_dropped_and_a_conversation_is_cut() -> None:
    long = "One and two and three. " * 600
    turns = [{"role": role, "content": text} for role, text in [("user", "Go on."), ("assistant", long)] * 2]
    rows = [
        {"messages": [*turns, {"role": "user", "content": f"Stop {n}."}, {"role": "assistant", "content": f"At {n}."}]}
        for n in range(60)
    ]
    found = made({"data.jsonl": b"\n".join(map(msgspec.json.encode, rows)) + b"\n" + pairs(1, completion=long * 2)})
    assert {len(json.loads(line)["messages"]) for line in found.train} == {2}
    assert found.report.dropped.get(TOO_LONG, 0) <= 1


def test_more_than_the_model_takes_is_left_out_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    llama = recipe(LLAMA)
    smaller = msgspec.structs.replace(llama.training("fine-tuning"), most_records=200)
    patched = msgspec.structs.replace(llama, types={"fine-tuning": smaller})
    monkeypatch.setattr("npcops.prepare_training.recipe", lambda base: patched)
    data = {"data.jsonl": pairs(3000, scenes=100)}
    one, other = made(data, LLAMA), made(data, LLAMA)
    assert 198 <= len(one.train) + len(one.validation) <= 200
    assert (one.train, one.validation, one.heldout) == (other.train, other.validation, other.heldout)
    assert one.report.dropped[TOO_MANY] > 2000
    assert len(one.heldout) == 200
    assert one.report.examples["heldout"] == 200


def test_the_report_is_read_back_as_it_was_written() -> None:
    report = made({"data.jsonl": pairs(40)}).report
    assert msgspec.json.decode(msgspec.json.encode(report), type=DataReport) == report
