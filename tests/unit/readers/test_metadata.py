"""Front matter and sidecars: what they set, and that a gate which cannot be read never becomes an open one."""

from __future__ import annotations

import pytest

from npcops.errors import TooLarge, UnreadableDocument
from npcops.lore import OPEN, Document, Gate
from npcops.readers import read_document

BODY = "\nThe tide comes in twice a day.\n"


def markdown(front_matter: str, sidecar: str | None = None) -> Document:
    data = f"---\n{front_matter}\n---\n{BODY}".encode()
    return read_document("a/tides.md", data, None if sidecar is None else sidecar.encode())


def test_all_keys_are_read() -> None:
    document = markdown(
        "id: tides\ntitle: The tides\nrequires: [quest:a:done, rank]\nforbids: [exiled]\nknown_by: [hobb]\n"
        "canon: false\nlanguage: en\ntags: [sea, time]\nmood: grim"
    )
    assert document == Document(
        path="a/tides.md",
        title="The tides",
        sections=document.sections,
        gate=Gate(frozenset({"quest:a:done", "rank"}), frozenset({"exiled"}), frozenset({"hobb"})),
        canon=False,
        language="en",
        tags=("sea", "time"),
    )
    assert document.sections[0].text == "The tide comes in twice a day."


def test_a_file_without_front_matter_is_open_canon() -> None:
    document = read_document("tides.md", BODY.encode(), None)
    assert (document.gate, document.canon, document.title) == (OPEN, True, "Tides")


def test_a_text_where_a_list_is_expected_is_one_item() -> None:
    document = markdown("requires: one thing\ntags: sea\nknown_by: hobb")
    assert document.gate == Gate(requires=frozenset({"one thing"}), known_by=frozenset({"hobb"}))
    assert document.tags == ("sea",)


def test_an_empty_list_of_knowers_means_nobody() -> None:
    assert markdown("known_by: []").gate == Gate(known_by=frozenset())


def test_words_that_yaml_takes_for_values_stay_words() -> None:
    document = markdown("title: 1984\nrequires: [no, on, 010, 2012-01-01]\nknown_by: y")
    assert document.title == "1984"
    assert document.gate.requires == {"no", "on", "010", "2012-01-01"}
    assert document.gate.known_by == frozenset({"y"})


@pytest.mark.parametrize("key", ["Known by", "known-by", "KNOWN_BY", "Known-By"])
def test_spellings_of_one_key_are_one(key: str) -> None:
    assert markdown(f"{key}: [hobb]").gate.known_by == frozenset({"hobb"})


@pytest.mark.parametrize(
    ("front_matter", "names"),
    [
        ("requires:", ["requires", "empty"]),
        ("known_by: null", ["known_by", "nobody"]),
        ("forbids: {a: b}", ["forbids", "list"]),
        ("requires: [[a]]", ["requires", "list"]),
        ("requires: ['']", ["requires", "list"]),
        ("known_by: hobb, ludda", ["known_by", "comma"]),
        ("canon: perhaps", ["canon", "true or false"]),
        ("canon:", ["canon", "true or false"]),
        ("title: [a]", ["title", "text"]),
        ("tags: {a: b}", ["tags", "list"]),
        ("require: a", ["require", "Did you mean `requires`"]),
        ("knownby: a", ["knownby", "Did you mean `known_by`"]),
        ("requires: a\nrequires: b", ["requires", "twice", "line 3"]),
        ("known_by: a\nKnown by: b", ["known_by", "twice"]),
        ("title: a\nrequires: [a", ["not valid YAML", "line"]),
        ("title: 'a\nknown_by: x", ["not valid YAML", "line"]),
        ("requires: !flag a", ["not valid YAML", "line 2"]),
        ("just some words", ["title: Something"]),
        ("requires: *unknown", ["unknown", "line 2"]),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(front_matter: str, names: list[str]) -> None:
    with pytest.raises(UnreadableDocument) as refusal:
        markdown(front_matter)
    assert all(name in str(refusal.value) for name in names)


def test_the_line_of_a_broken_front_matter_is_the_line_in_the_file() -> None:
    with pytest.raises(UnreadableDocument, match="line 4, column"):
        markdown("title: A\nlanguage: en\nrequires: a: b")


@pytest.mark.parametrize(
    "text",
    [
        "---\nrequires: a\n\nNo closing line.",
        "\n\n---\nrequires: a\nNo closing line.",
        "——\nrequires: a\n——\nWord processors do this.",
        "— -\nrequires: a\n".replace(" ", ""),
        "+++\nrequires = 'a'\n+++\nText.",
        "requires: a\n---\nNo opening line.",
        "title: A\nknown_by: [b]\n\nNo lines at all.",
    ],
)
@pytest.mark.parametrize("suffix", ["md", "txt", "html", "ink", "csv"])
def test_a_gate_outside_front_matter_is_refused_not_ignored(text: str, suffix: str) -> None:
    with pytest.raises(UnreadableDocument):
        read_document(f"a.{suffix}", text.encode(), None)


def test_front_matter_after_empty_lines_and_with_dots_at_its_end_counts() -> None:
    assert read_document("a.txt", b"\n\n----\nrequires: a\n...\nText.", None).gate.requires == {"a"}


def test_a_sidecar_overrides_but_gates_add_up() -> None:
    document = markdown(
        "title: Old\nrequires: [a]\nknown_by: [x, y]\ncanon: false\ntags: [old]\nlanguage: en",
        "title: New\nrequires: [b]\nforbids: [c]\nknown_by: [y, z]\ncanon: true\ntags: [new]",
    )
    assert (document.title, document.canon, document.tags, document.language) == ("New", True, ("new",), "en")
    assert document.gate == Gate(frozenset({"a", "b"}), frozenset({"c"}), frozenset({"y"}))


def test_a_sidecar_may_be_fenced_like_front_matter() -> None:
    for sidecar in (b"---\nrequires: a\n---\n", b"---\nrequires: a\n", b"requires: a"):
        assert read_document("a.txt", b"Text.", sidecar).gate.requires == {"a"}


@pytest.mark.parametrize(
    "sidecar", [b"", b" \n", b"\xff\xfe\x00", b"requires: [", b"---\nrequires: a\n---\nText.", b"\0"]
)
def test_a_sidecar_that_cannot_be_read_closes_the_document(sidecar: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="sidecar"):
        read_document("a.txt", b"Text.", sidecar)


def test_metadata_has_a_size_limit() -> None:
    long = "title: " + "a" * 70_000
    with pytest.raises(TooLarge, match="sidecar"):
        read_document("a.txt", b"Text.", long.encode())
    with pytest.raises(TooLarge, match="front matter"):
        markdown(long)


def test_yaml_that_explodes_is_refused_in_front_matter_too() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(TooLarge, match="expands"):
        markdown(bomb)


def test_names_are_normalised_like_text() -> None:
    assert markdown("requires: [cafe\u0301]").gate.requires == {"caf\u00e9"}
