"""CSV, JSON and YAML: what of them becomes lore."""

from __future__ import annotations

import pytest

from npcops.errors import UnreadableDocument
from npcops.lore import Document, Section
from npcops.readers import read_document


def read(name: str, text: str) -> Document:
    return read_document(name, text.encode(), None)


def sections(name: str, text: str) -> list[tuple[tuple[str, ...], str]]:
    return [(section.headings, section.text) for section in read(name, text).sections]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_csv_rows_become_sentences(delimiter: str) -> None:
    text = f'good{delimiter}price\n"eel{delimiter}smoked"{delimiter}9\n{delimiter}\nrope{delimiter}\n'
    shown = " " if delimiter == "\t" else delimiter
    assert sections("p.csv", text) == [((), f"good: eel{shown}smoked; price: 9.\ngood: rope.")]


def test_csv_of_one_column_and_tsv() -> None:
    assert sections("p.csv", "saying\nStep in the middle.\nMind the plank!") == [
        ((), "saying: Step in the middle.\nsaying: Mind the plank!")
    ]
    assert sections("p.tsv", "a\tb\nx, y\tz") == [((), "a: x, y; b: z.")]


def test_csv_problems_are_explained() -> None:
    with pytest.raises(UnreadableDocument, match="first row"):
        read("p.csv", "good,price\n")
    with pytest.raises(UnreadableDocument, match="quote"):
        read("p.csv", 'a,b\n"' + "x" * 140_000)


DATA = """{"title": "Register", "id": "lamps", "known_by": ["hobb"], "canon": false, "tags": ["a"],
"oil_allowance": 0.50,
"lit": true, "none": null, "colours": ["red", "white"], "keeper": {"name": "Dorrity", "home": {"place": "Rock"}},
"lamps": [{"number": 1, "place": "Toll"}, {"number": 2, "kin": ["a", "b"], "at": {"x": 1}}, "dark"], "empty": {}}"""
DATA_AS_YAML = """
title: Register
id: lamps
known_by: [hobb]
canon: false
tags: [a]
oil_allowance: 0.50
lit: true
none: null
colours: [red, white]
keeper: {name: Dorrity, home: {place: Rock}}
lamps:
  - {number: 1, place: Toll}
  - {number: 2, kin: [a, b], at: {x: 1}}
  - dark
empty: {}
"""


@pytest.mark.parametrize(("name", "text"), [("l.json", DATA), ("l.yaml", DATA_AS_YAML), ("l.yml", DATA_AS_YAML)])
def test_data_files(name: str, text: str) -> None:
    document = read(name, text)
    assert (document.title, document.gate.known_by, document.canon, document.tags) == (
        "Register",
        frozenset({"hobb"}),
        False,
        ("a",),
    )
    assert document.sections == (
        Section((), "oil allowance: 0.50\nlit: true\ncolours: red, white"),
        Section(("keeper",), "name: Dorrity"),
        Section(("keeper", "home"), "place: Rock"),
        Section(("lamps",), "number: 1; place: Toll.\nnumber: 2; kin: a, b; at: (x: 1).\n- dark"),
    )


def test_data_keys_of_other_shapes_are_lore() -> None:
    document = read("l.json", '{"language": {"name": "Old Salt"}, "tags": 3, "id": [1]}')
    assert [section.text for section in document.sections] == ["tags: 3\nid: 1", "name: Old Salt"]


def test_data_file_without_a_mapping() -> None:
    assert sections("l.json", '["a", ["b", "c"], {"d": "e"}]') == [((), "- a\n- b, c\nd: e.")]
    assert sections("l.yaml", "just words") == [((), "just words")]


def test_json_escapes_cannot_smuggle_controls() -> None:
    assert sections("l.json", r'{"a": "x\u0000\ud800y\u202ez"}') == [((), "a: xyz")]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("l.json", '{"a": 1,\n "b" 2}', "line 2, column 6"),
        ("l.json", '{"a": 1, "a": 2}', "`a` twice"),
        ("l.json", '{"requires": true, "x": 1}', "requires"),
        ("l.json", "[" * 60 + "]" * 60, "nests"),
        ("l.json", "[" * 100_000, "nests"),
        ("l.yaml", "a: 1\nb: [", "line"),
        ("l.yaml", "a: 1\n---\nb: 2", "several"),
        ("l.yaml", "[" * 60 + "]" * 60, "nests"),
        ("l.yaml", "a: &a [*a]", "complete"),
        ("l.yaml", "a: !!python/object/apply:os.getcwd []", "line 1"),
        ("l.yaml", "known_by:\ntext: x", "known_by"),
        ("l.json", '{"require": "a", "text": "x"}', "Did you mean `requires`"),
    ],
)
def test_broken_data_is_explained(name: str, text: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read(name, text)
