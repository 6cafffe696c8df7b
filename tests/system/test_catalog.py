"""The catalogue through the deployed stack: a whole folder in and out, labels, history, and going back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from npc.catalog_folders import export_folder, import_folder
from npc.errors import Refused
from tests.system.conftest import RunningStage

pytestmark = pytest.mark.system
WORLD = Path(__file__).parents[2] / "world"
REASON = "First import of a test's own title."


def retitled(folder: Path, title: str) -> Path:
    """The sample world's entries for another title."""
    for file in sorted(WORLD.glob("*/*.yaml")):
        if file.parent.name not in ("scenes", "lore"):
            (folder / file.parent.name).mkdir(exist_ok=True)
            (folder / file.parent.name / file.name).write_bytes(file.read_bytes())
    content = yaml.safe_load((WORLD / "title.yaml").read_text("utf-8")) | {"id": title}
    (folder / "title.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return folder


def test_a_world_goes_in_and_out_and_is_guarded(
    own_title: RunningStage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folders = [tmp_path_factory.mktemp("world") for _ in range(3)]
    studio = own_title.api()
    imported = import_folder(studio, retitled(folders[0], own_title.title), "production", REASON)
    assert imported.failed == {}
    versions = {(entry["kind"], entry["name"]): entry["version"] for entry in imported.entries}
    exported, without = export_folder(studio, folders[1], "production")
    assert without == []
    assert {(entry["kind"], entry["name"]): entry["version"] for entry in exported} == versions
    again = import_folder(studio, folders[1], "production")
    assert [entry["move"] for entry in again.entries] == [None] * len(versions)

    route = "/v1/catalog/npcs/wenna-tull"
    card = studio.call("GET", route)["content"]
    changed = studio.call("PUT", route, body={"content": card | {"role": "Retired."}, "label": "staging"})
    (difference,) = studio.call("GET", f"{route}/diff", params={"to": "staging"})["differences"]
    assert (difference["field"], difference["after"]) == ("role", "Retired.")
    with pytest.raises(Refused) as closed:
        studio.call("POST", f"{route}/labels/production", body={"version": "staging"})
    assert (closed.value.status, closed.value.kind) == (409, "gate-closed")
    studio.call("POST", f"{route}/labels/production", body={"version": "staging", "override": REASON})
    back = studio.call("POST", f"{route}/labels/production", body={"version": "previous"})
    assert back["labels"] == {"production": versions["npcs", "wenna-tull"], "staging": changed["version"]}
    moves = studio.call("GET", f"{route}/versions")["moves"]
    made = [move["gate"] for move in moves if move["label"] == "production"]
    assert made == ["rollback", "overridden", "overridden"]
    assert all(move["by"] for move in moves)
