"""Keys, paths and sidecars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import InvalidRequest
from npcops.lore_paths import (
    MAX_PATH_BYTES,
    checked,
    described_by,
    is_sidecar,
    lore_key,
    sidecar_of,
    title_and_path,
)

paths = st.text(min_size=1, max_size=50).filter(lambda path: not path.endswith("/"))


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True), paths)
def test_a_key_leads_back_to_its_title_and_path(title: str, path: str) -> None:
    assert title_and_path(lore_key(title, path)) == (title, path)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "lore/",
        "lore/game",
        "lore/game/",
        "lore/game/act 1/",
        "lore//a.md",
        "lore/Game/a.md",
        "lore/-game/a.md",
        "lore/my game/a.md",
        f"lore/{'g' * 64}/a.md",
        "work/game/a.md",
        "game/a.md",
        "lore/game\n/a.md",
    ],
)
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(InvalidRequest):
        title_and_path(key)


@pytest.mark.parametrize("path", ["map.pdf", "act 1/map.v2.pdf", "ж.csv"])
def test_a_sidecar_lies_beside_what_it_describes(path: str) -> None:
    assert sidecar_of(path) == f"{path}.meta.yaml"
    assert (is_sidecar(sidecar_of(path)), described_by(sidecar_of(path))) == (True, path)
    assert (is_sidecar(path), described_by(path)) == (False, path)


@pytest.mark.parametrize("path", [".meta.yaml", "act 1/.meta.yaml", "notes.meta.yaml", "meta.yaml"])
def test_what_describes_nothing_is_a_document_itself(path: str) -> None:
    assert (is_sidecar(path), described_by(path)) == (False, path)


@pytest.mark.parametrize(
    ("path", "normal"),
    [("a.md", "a.md"), ("act 1/a b+c.md", "act 1/a b+c.md"), ("Ko\u0308nig.md", "König.md"), ("...md", "...md")],
)
def test_paths_are_normalised(path: str, normal: str) -> None:
    assert checked(path) == normal


@pytest.mark.parametrize(
    "path", ["", "/a.md", "a//b.md", "a/", "../a.md", "a/./b.md", "a/..", "a\n.md", "a\0.md", "\x7f"]
)
def test_paths_that_people_or_s3_stumble_on_are_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        checked(path)


def test_the_length_of_a_path_counts_in_bytes() -> None:
    assert checked("ж" * (MAX_PATH_BYTES // 2))
    with pytest.raises(InvalidRequest, match=str(MAX_PATH_BYTES)):
        checked("ж" * (MAX_PATH_BYTES // 2 + 1))


@given(st.text(max_size=40))
def test_a_checked_path_stays_inside_its_title(path: str) -> None:
    try:
        safe = checked(path)
    except InvalidRequest:
        return
    assert checked(safe) == safe
    assert ".." not in safe.split("/")
    assert title_and_path(lore_key("game", safe)) == ("game", safe)
