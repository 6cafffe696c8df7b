"""Readers of training data: each format, what is wrong in it, and anything at all."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.errors import UnreadableDocument
from npcops.training_data import read_training
from npcops.training_passages import MOST_CHARACTERS
from npcops.training_records import Dataset, Example, Exchange


def lines(*records: Any) -> bytes:
    return "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records).encode()


def said(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [(each.speaker, turn.prompt, turn.completion) for each in dataset.examples for turn in each.exchanges]


def message(role: str, text: Any) -> dict[str, Any]:
    return {"role": role, "content": text}


CHAT = [message("system", "You are Tib."), message("user", "Who are you?"), message("assistant", "Tib, mister.")]
BLOCKS = [message("user", [{"text": "Who are you?"}]), message("assistant", [{"text": "Tib,"}, {"text": "mister."}])]


def test_conversations_are_read_in_both_forms_of_messages() -> None:
    found = read_training({"a.jsonl": lines({"messages": CHAT}, {"messages": BLOCKS, "npc": "tib-marl"})})
    assert found.formats == ("chat",)
    assert said(found) == [("", "Who are you?", "Tib, mister."), ("tib-marl", "Who are you?", "Tib,\nmister.")]


def test_a_conversation_keeps_its_turns_together() -> None:
    turns = [*CHAT[1:], message("user", "And that?"), message("user", "The sledge."), message("assistant", "Duchess.")]
    (example,) = read_training({"a.jsonl": lines({"messages": turns})}).examples
    assert [turn.prompt for turn in example.exchanges] == ["Who are you?", "And that?\nThe sledge."]


@pytest.mark.parametrize(
    "names", [("prompt", "completion"), ("input", "output"), ("question", "answer"), ("Player", "Reply")]
)
def test_pairs_are_read_under_the_names_that_tools_give_them(names: tuple[str, str]) -> None:
    found = read_training({"a.jsonl": lines({names[0]: "Who?", names[1]: "Tib.", "scene": "quay", "speaker": "Tib"})})
    assert found.examples == (Example("quay", (Exchange("Who?", "Tib.", 1),), "Tib"),)


def test_bad_lines_are_told_by_number_and_the_rest_is_read() -> None:
    data = lines(
        {"prompt": "Who?", "completion": "Tib."},
        "{not json",
        [1],
        "",
        {"prompt": "Who?"},
        {"prompt": "Who?", "completion": 7},
        {"prompt": " ", "completion": "Tib."},
        {"messages": []},
        {"messages": [message("user", "Who?")]},
        {"messages": [message("tool", "Who?")]},
        {"messages": [message("user", [{"image": {}}]), message("assistant", "Tib.")]},
        "[" * 20_000,
        {"prompt": "And that?", "completion": "Duchess."},
    )
    found = read_training({"a.jsonl": data})
    assert [turn.line for each in found.examples for turn in each.exchanges] == [1, 13]
    assert [unread.line for unread in found.unread] == [2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    assert found.read == 12
    assert not any("Who?" in unread.why for unread in found.unread)


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_are_read_whatever_their_delimiter_and_mark(delimiter: str, mark: bytes) -> None:
    rows = [["Prompt", "Completion", "Speaker"], ["Who?", '"Tib, mister; of Keelrow|here"', "Tib"], ["", "Hm.", "Tib"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    found = read_training({"a.csv": mark + text.encode()})
    assert said(found) == [("Tib", "Who?", "Tib, mister; of Keelrow|here")]
    assert [(unread.line, found.formats) for unread in found.unread] == [(3, ("csv",))]


def test_a_table_without_rows_or_with_other_columns_is_refused_with_a_sentence() -> None:
    with pytest.raises(UnreadableDocument, match=r"a\.csv.*only a first row"):
        read_training({"a.csv": b"prompt,completion\n"})
    with pytest.raises(UnreadableDocument, match=r"a\.csv, line 2: It has neither"):
        read_training({"a.csv": b"name,price\nrope,5\n"})


YARN = """title: Ferry
---
Wenna: Step in the middle.
Stranger: Is it deep? // aside
Wenna: Only at the bottom. #line:1
Wenna: Mind the plank.
-> Pay the fare.
    Wenna: Manners.
-> Ask about the chain.
    Stranger: Why a chain?
    Wenna: We had a rope.
Wenna: Here we are.
<<if $paid>>
    Stranger: Thanks.
    Wenna: Hm.
<<else>>
    Wenna: No more.
<<endif>>
Wenna: Off you go.
===
"""


def test_yarn_tells_who_answers_what_and_options_are_the_players() -> None:
    found = read_training({"a.yarn": YARN.encode()})
    assert [each for each in said(found) if each[0] == "Wenna"] == [
        ("Wenna", "Is it deep?", "Only at the bottom. Mind the plank."),
        ("Wenna", "Pay the fare.", "Manners."),
        ("Wenna", "Why a chain?", "We had a rope."),
        ("Wenna", "Thanks.", "Hm."),
    ]
    assert {each.conversation for each in found.examples} == {"Ferry"}


def test_yarn_without_a_node_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no node"):
        read_training({"a.yarn": b"Wenna: Hm.\n"})


def test_plain_text_is_cut_between_paragraphs() -> None:
    paragraph = "The sea goes out. " * 60
    text = "\n\n".join([paragraph] * 10)
    found = read_training({"a.txt": text.encode()})
    assert all(len(passage.text) <= MOST_CHARACTERS + 20 for passage in found.passages)
    assert "\n\n".join(passage.text for passage in found.passages) == "\n\n".join([paragraph.strip()] * 10)
    assert [passage.line for passage in found.passages] == [1, 7, 13, 19]


def test_several_files_are_read_and_one_of_another_kind_is_told() -> None:
    pair = lines({"prompt": "Who?", "completion": "Tib."})
    found = read_training({"b.jsonl": pair, "a.csv": b"prompt,completion\nWhy?,Because.\n", "c.png": b"\x89PNG"})
    assert [turn[1] for turn in said(found)] == ["Why?", "Who?"]
    assert [(unread.file, unread.line) for unread in found.unread] == [("c.png", 0)]


def test_what_belongs_together_hangs_on_no_file_name() -> None:
    pair = lines({"prompt": "Who?", "completion": "Tib."}, {"prompt": "who", "completion": "I am."})
    one, other = read_training({"a.jsonl": pair}), read_training({"b.jsonl": pair})
    assert [each.conversation for each in one.examples] == [each.conversation for each in other.examples]
    assert len({each.conversation for each in one.examples}) == 1


@pytest.mark.parametrize("files", [{}, {"a.jsonl": b""}, {"a.jsonl": b"\n\n"}, {"a.txt": b" "}, {"a.pdf": b"%PDF"}])
def test_a_file_with_nothing_usable_is_refused_with_a_sentence(files: dict[str, bytes]) -> None:
    with pytest.raises(UnreadableDocument, match=r"Nothing in this data can be used\. .+\.$"):
        read_training(files)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["jsonl", "csv", "tsv", "yarn", "txt", "md", "doc"]),
    st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_whatever_the_bytes_are_they_are_read_or_refused(kind: str, data: bytes) -> None:
    try:
        found = read_training({f"a.{kind}": data})
    except UnreadableDocument:
        return
    for example in found.examples:
        assert all(turn.prompt.strip() and turn.completion.strip() for turn in example.exchanges)
    assert all(passage.text.strip() for passage in found.passages)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["messages", "prompt", "completion", "speaker", "scene", "text"]), JSON))
def test_whatever_a_record_holds_it_is_read_or_told(record: dict[str, Any]) -> None:
    good = {"prompt": "Who?", "completion": "Tib."}
    found = read_training({"a.jsonl": lines(record, good)})
    assert found.read == 2
    assert said(found)[-1][1:] == ("Who?", "Tib.")
