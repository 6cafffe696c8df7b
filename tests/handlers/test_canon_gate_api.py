"""The canon gate over the API: what is refused, overridden and counted."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from npcops.characters import GameTitle, NpcCard
from tests.calls import answered, call, refused
from tests.conversation import DIALOGUE
from tests.gating import suite
from tests.handlers.conftest import Load
from tests.publishing import LABEL, publish
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman.", "suites": ["canon"]}
REASON = "The demo is at noon."


@pytest.fixture
def guarded(stage: Resources, title: str) -> str:
    """A title in which Mira is guarded."""
    from npcops import bootstrap

    catalog = bootstrap.catalog()
    publish(catalog, title, "suites", "canon", suite("canon", "mira"))
    publish(catalog, title, "prompts", "dialogue", DIALOGUE)
    publish(catalog, title, "npcs", "mira", NpcCard("mira", "Mira", "A ferrywoman.", suites=("canon",)))
    stage.published()
    return title


def put(load: Load, title: str, persona: str, **fields: Any) -> Any:
    body = {"content": CARD | {"persona": persona}, **fields}
    return load("put_entry")(call("put_entry", title, body=body, kind="npcs", name="mira"))


def move(load: Load, title: str, **body: Any) -> Any:
    event = call("move_label", title, subject="ann@studio.example", body=body, kind="npcs", name="mira", label=LABEL)
    return load("move_label")(event)


def test_a_refusal_names_npcs_and_suites_and_is_counted(
    load: Load, guarded: str, stage: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    version = answered(put(load, guarded, "A pirate."))["version"]
    problem = refused(move(load, guarded, version=version), 409, "gate-closed")
    assert problem["npcs"] == ["mira"]
    (unmet,) = problem["failing"]
    assert (unmet["npc"], unmet["suite"], unmet["why"]) == ("mira", "canon", "not-evaluated")
    assert f"npc eval run --candidate npcs/mira={version} --npc mira`" in problem["detail"]
    assert '"GateRefusals":[1.0]' in capsys.readouterr().out.replace(" ", "")
    assert stage.published() == []


def test_an_npc_more_costs_a_few_reads_more(load: Load, guarded: str, stage: Resources) -> None:
    """Each label and each card is read once, however many of them the gate asks for again."""
    from npcops import bootstrap
    from npcops.adapters import dynamodb

    catalog, asked = bootstrap.catalog(), list[str]()
    event = "before-call.dynamodb.GetItem"
    publish(catalog, guarded, "titles", guarded, GameTitle(guarded, "Saltmarrow"))

    def reads(system: str) -> int:
        version = publish(catalog, guarded, "prompts", "dialogue", replace(DIALOGUE, system=system), "staging")
        asked.clear()
        body = {"version": version}
        move = call("move_label", guarded, body=body, kind="prompts", name="dialogue", label=LABEL)
        refused(load("move_label")(move), 409, "gate-closed")
        return len(asked)

    dynamodb.client().meta.events.register(event, lambda **_: asked.append(""), unique_id="reads")
    try:
        before = reads("You are {{ character.name }} once.")
        names = [f"mira-{number}" for number in range(10)]
        publish(catalog, guarded, "suites", "canon", suite("canon", "mira", *names))
        for name in names:
            publish(catalog, guarded, "npcs", name, NpcCard(name, "Mira", "A ferrywoman.", suites=("canon",)))
        after = reads("You are {{ character.name }} twice.")
    finally:
        dynamodb.client().meta.events.unregister(event, unique_id="reads")
    # Its label, its card, the version that is tried, and its verdict.
    assert after - before == 4 * len(names)


def test_what_is_put_with_the_label_is_stored_all_the_same(load: Load, guarded: str) -> None:
    refused(put(load, guarded, "A pirate.", label=LABEL), 409, "gate-closed")
    found = load("list_versions")(call("list_versions", guarded, kind="npcs", name="mira"))
    assert len(answered(found)["versions"]) == 2


def test_an_override_is_named_counted_and_announced(
    load: Load, guarded: str, stage: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    version = answered(put(load, guarded, "A pirate."))["version"]
    moved = answered(move(load, guarded, version=version, override=REASON))
    assert moved["labels"] == {LABEL: version}
    assert (moved["move"]["gate"], moved["move"]["by"], moved["move"]["why"]) == (
        "overridden",
        "ann@studio.example",
        REASON,
    )
    assert '"GateOverrides":[1.0]' in capsys.readouterr().out.replace(" ", "")
    (event,) = stage.published()
    assert event["detail-type"] == "CanonGateOverridden.v1"
    assert {name: event["detail"][name] for name in ("name", "version", "by", "why", "npcs")} == {
        "name": "mira",
        "version": version,
        "by": "ann@studio.example",
        "why": REASON,
        "npcs": ["mira"],
    }


def test_an_override_needs_a_reason(load: Load, guarded: str) -> None:
    version = answered(put(load, guarded, "A pirate."))["version"]
    for reason in ("", "because", " " * 20):
        refused(move(load, guarded, version=version, override=reason), 400, "invalid-request")
    refused(move(load, guarded, version=version), 409, "gate-closed")


def test_going_back_needs_neither(load: Load, guarded: str, stage: Resources) -> None:
    version = answered(put(load, guarded, "A pirate."))["version"]
    answered(move(load, guarded, version=version, override=REASON))
    stage.published()
    assert answered(move(load, guarded, version="previous"))["move"]["gate"] == "rollback"
    assert stage.published() == []
