"""The sample world as it lies in its folder: everything in it can be stored, in the order in which it is imported."""

from __future__ import annotations

from npc.entry_files import entries_of, read_entry
from npcops.catalog_entries import NewVersion
from tests.catalogues import Writing
from tests.resources import Resources
from tests.unit.test_templates import WORLD

REASON = "first import of the sample world"


def test_the_sample_world_goes_into_production(moto_resources: Resources) -> None:
    files = list(entries_of(WORLD))
    title = next(read_entry(file, kind)[0] for kind, file in files if kind == "titles")
    writing = Writing(moto_resources, title)
    gates = set()
    for kind, file in files:
        name, content = read_entry(file, kind)
        stored = writing.put_entry(title, kind, name, "ann", NewVersion(content, "", "production", REASON))
        assert stored.move is not None
        gates.add((kind, stored.move.gate))
    assert ("npcs", "overridden") in gates
    assert {kind for kind, _ in gates} == {kind for kind, _ in files} >= {"suites", "rubrics", "policies", "actions"}
