"""A catalogue as a folder: what is written is read again as the same, in an order in which it can be stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc.catalog_folders import export_folder, import_folder
from npc.client import Api
from npc.entry_files import KINDS, entries_of, read_entry, written
from npc.errors import CliError, NotReachable
from tests.unit.cli.pretended_catalog import Catalogue, version
from tests.unit.cli.pretended_stage import Stage, token

WORLD = Path(__file__).parents[3] / "world"
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        ["yes", "null", "~", "1", "1.0", "1e3", "0x1f", "1_000", "2026-11-20", "12:30:45", "<<", "=", "# a"]
    ),
    st.sampled_from(["'", '"', "|", "> a", "%", "@", "`", "&a", "*a", "!t", "{a}", "?", "---", "..."]),
    st.sampled_from(["- a", "a: b", "[a]", " a", "a ", "\ta", "a\n", "\n a", "one two " * 40, "1\n\n  2 \n\n3", "😀"]),
    st.sampled_from(["a\r\nb", "a\x85b", "a\u2028b", "a\x00b", "\ufeffa"]),
)
NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
CONTENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        TEXTS | NUMBERS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_size=5,
)


@pytest.fixture
def catalogue(stage: Stage) -> Catalogue:
    """A pretended catalogue behind the command line."""
    found = Catalogue()
    stage.answer = found.answer
    return found


def api(catalogue: Catalogue) -> Api:
    return Api("https://api.test/dev", token(), httpx.MockTransport(catalogue.answer))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CONTENTS)
def test_whatever_an_entry_holds_a_file_holds_it_too(tmp_path: Path, content: dict[str, Any]) -> None:
    file = tmp_path / "entry.yaml"
    file.write_text(written(content), encoding="utf-8", newline="")
    _, read = read_entry(file)
    assert version(read) == version(content)
    assert written(read) == written(content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.dictionaries(st.sampled_from(["a", "b-1", "c"]), CONTENTS, max_size=3))
def test_a_folder_that_is_exported_and_imported_makes_the_same_versions(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, dict[str, Any]]
) -> None:
    first, second, folders = Catalogue(), Catalogue(), [tmp_path_factory.mktemp("export") for _ in range(2)]
    for kind in ("npcs", "suites"):
        for name, content in contents.items():
            first.stored[kind, name] = content | {"id": name, "name": name}
            first.labels[kind, name] = {"production": version(first.stored[kind, name])}
    first.stored["titles", "game"] = {"id": "game", "name": "Game"}
    first.labels["titles", "game"] = {"production": ""}
    export_folder(api(first), folders[0], "production")
    assert import_folder(api(second), folders[0], "production").failed == {}
    assert second.stored == first.stored
    export_folder(api(second), folders[1], "production")
    assert texts(folders[1]) == texts(folders[0])


def texts(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_sample_world_goes_in_and_out_unchanged(catalogue: Catalogue, tmp_path: Path) -> None:
    imported = import_folder(api(catalogue), WORLD, "production")
    assert imported.failed == {}
    assert {entry["kind"] for entry in imported.entries} >= {"titles", "npcs", "prompts", "rubrics", "policies"}
    export_folder(api(catalogue), tmp_path, "production")
    again = Catalogue()
    import_folder(api(again), tmp_path, "production")
    assert again.labels == catalogue.labels


def test_what_others_name_is_put_first(stage: Stage, catalogue: Catalogue, tmp_path: Path) -> None:
    files = {f"{kind}/x.yaml": "id: x\nname: x" for kind in KINDS if kind != "titles"} | {"title.yaml": "id: game"}
    ran = stage.npc("catalog", "import", str(write(tmp_path, files)), "--label", "beta", "--note", "n", "--json")
    assert ran.code == 0
    assert [kind for kind, _, _ in catalogue.bodies] == list(KINDS)
    assert all(body["label"] == "beta" and body["note"] == "n" for _, _, body in catalogue.bodies)
    assert [entry["kind"] for entry in ran.data["entries"]] == list(KINDS)


def test_a_reason_for_overriding_goes_with_every_entry(stage: Stage, catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path, {"npcs/x.yaml": "id: x"})
    stage.npc("catalog", "import", str(folder), "--label", "production", "--override", "The first import.")
    stage.npc("catalog", "import", str(folder))
    (_, _, first), (_, _, second) = catalogue.bodies
    assert first["override"] == "The first import."
    assert second.keys() == {"content", "note"}


def test_a_file_that_fails_does_not_stop_the_others(stage: Stage, catalogue: Catalogue, tmp_path: Path) -> None:
    files = {
        "npcs/bad.yaml": "a: [",
        "npcs/list.yaml": "- a",
        "npcs/twice.yaml": "id: twice\nid: twice",
        "npcs/number.yaml": "1: one",
        "npcs/refused.yaml": "id: refused",
        "npcs/well.json": '{"id": "well"}',
        "npcs/notes.txt": "no entry",
        "npcs/.hidden.yaml": "id: hidden",
    }
    catalogue.refused["refused"] = "It has no persona."
    ran = stage.npc("catalog", "import", str(write(tmp_path, files)))
    assert ran.code == 1
    assert [name for _, name in catalogue.stored] == ["well"]
    told = ran.err.splitlines()
    assert [line.split(":")[1].strip() for line in told[:-1]] == [
        f"npcs/{name}.yaml" for name in ("bad", "list", "number", "refused", "twice")
    ]
    assert "It has no persona." in ran.err
    assert "key 'id' twice" in ran.err
    assert "1, which is no text" in ran.err
    assert told[-1] == "npc: 5 of 6 files failed"


def test_a_stage_that_cannot_be_reached_ends_the_import(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    folder = write(tmp_path, {"npcs/x.yaml": "id: x"})
    with pytest.raises(NotReachable):
        import_folder(Api("https://api.test", token(), httpx.MockTransport(refuse)), folder)


def test_a_folder_without_entries_is_no_catalogue(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(CliError, match="holds no entries"):
        list(entries_of(tmp_path))
    assert stage.npc("catalog", "import", str(tmp_path / "nowhere")).code == 1


def test_an_export_tells_what_has_no_such_label(stage: Stage, catalogue: Catalogue, tmp_path: Path) -> None:
    for name, label in (("old", "production"), ("new", "staging")):
        catalogue.stored["npcs", name] = {"id": name}
        catalogue.labels["npcs", name] = {label: version({"id": name})}
    ran = stage.npc("catalog", "export", str(tmp_path / "out"))
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "without label production: npcs/new")
    assert list(texts(tmp_path / "out")) == ["npcs/old.yaml"]
    assert (
        stage.npc("catalog", "export", str(tmp_path / "all"), "--label", "latest", "--json").data["without_label"] == []
    )
    assert len(texts(tmp_path / "all")) == 2


def test_what_is_written_once_may_be_used_twice(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\n"
    _, content = read_entry(write(tmp_path, {"npcs/x.yaml": text}) / "npcs" / "x.yaml")
    assert content["mine"] == {"a": 1, "b": 3}


def test_only_what_json_has_is_anything_else_than_text(tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    told = ["no", "on", "12:30", "0123", "1_000", "0x1f", "1e3", "true", "-5", "0", "0.5", "1.0e+10", "~"]
    file.write_text("name: any\nof:\n" + "".join(f"- {one}\n" for one in told), "utf-8")
    assert read_entry(file)[1]["of"] == [*told[:7], True, -5, 0, 0.5, 1e10, None]


def test_days_stay_text_and_long_texts_stay_readable(tmp_path: Path) -> None:
    folder = write(tmp_path, {"npcs/x.yaml": "id: x\nborn: 2026-11-20\nat: 12:30\nlines: |-\n  one\n  two\n"})
    _, content = read_entry(folder / "npcs" / "x.yaml")
    assert content["born"] == "2026-11-20"
    assert "lines: |-\n  one\n  two\n" in written(content)
