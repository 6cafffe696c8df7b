"""Lore through the deployed stack: bucket, events, state machine, index and API together."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from npc.errors import Refused
from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
WORLD = Path(__file__).parent.parent.parent / "world"


def texts(stage: RunningStage, question: str, **params: str) -> list[str]:
    """What a search finds."""
    found = stage.api().call("GET", "/v1/lore/search", params={"q": question, **params})
    return [passage["text"] for passage in found["passages"]]


def test_the_sample_world_is_indexed_and_its_golden_questions_find_their_documents(world: RunningStage) -> None:
    canon = yaml.safe_load((WORLD / "suites/canon.yaml").read_text("utf-8"))["cases"]
    gates = yaml.safe_load((WORLD / "suites/gates.yaml").read_text("utf-8"))["cases"]
    sample = [case for case in (*canon, *gates) if case["expected"].get("cites")][::7]
    found = 0
    for case in sample:
        params = {"q": case["messages"][0], "npc": case["npc"], "flags": ",".join(case.get("flags", ())), "k": "8"}
        passages = world.api().call("GET", "/v1/lore/search", params=params)["passages"]
        found += bool({passage["document"] for passage in passages} & set(case["expected"]["cites"]))
    assert found >= len(sample) * 0.8


def test_a_document_is_found_after_its_upload_changed_after_a_change_and_gone_after_a_delete(
    own_title: RunningStage,
) -> None:
    path = "places/the mill + weir.md"
    first = own_title.put_lore(path, "# The mill\n\nThe mill at Dunford is run by Hesper Vane, who never sleeps.")
    ready = own_title.wait_for_lore(path, first)
    assert (ready["status"], ready["chunks"]) == ("ready", 1)
    assert "Hesper Vane" in " ".join(texts(own_title, "Who runs the mill?"))

    second = own_title.put_lore(path, "# The mill\n\nThe mill at Dunford burned down in the dry year.")
    own_title.wait_for_lore(path, second)
    assert "Hesper" not in " ".join(texts(own_title, "Who runs the mill?"))

    own_title.api().call("DELETE", f"/v1/lore/{quote(path)}")
    eventually(lambda: (own_title.document(path) or {"status": "deleted"})["status"] == "deleted")
    assert texts(own_title, "Who runs the mill?") == []


def test_defect_01_a_second_upload_keeps_the_first(own_title: RunningStage) -> None:
    one = own_title.put_lore("one.md", "The ferry leaves at dawn.")
    two = own_title.put_lore("two.md", "The tower has ninety steps.")
    own_title.wait_for_lore("one.md", one)
    own_title.wait_for_lore("two.md", two)
    assert "The ferry leaves at dawn." in texts(own_title, "When does the ferry leave?")
    assert "The tower has ninety steps." in texts(own_title, "How many steps has the tower?")


@pytest.mark.parametrize(
    "name", ["with space.md", "plus+sign.md", "Песнь маяка.md", "100% true & more.md", "日本語/町.md"]
)
def test_defect_08_any_name_that_a_bucket_takes(own_title: RunningStage, name: str) -> None:
    etag = own_title.put_lore(name, "The lamp keeper is called Orsolya.")
    assert own_title.wait_for_lore(name, etag)["status"] == "ready"
    described = own_title.api().call("GET", f"/v1/lore/{quote(name)}")
    assert described["path"] == name


def test_a_file_that_cannot_be_read_is_explained_and_harms_no_other(own_title: RunningStage) -> None:
    good = own_title.put_lore("good.md", "Bread costs two pennies.")
    bad = own_title.put_lore("bad.pdf", b"%PDF-1.7 this is no portable document")
    own_title.wait_for_lore("good.md", good)
    failed = own_title.wait_for_lore("bad.pdf", bad)
    assert failed["status"] == "failed"
    assert failed["reason"]
    assert "Bread costs two pennies." in texts(own_title, "What does bread cost?")


def test_a_presigned_upload_hydrates_and_other_formats_are_refused(own_title: RunningStage) -> None:
    wanted = {"path": "inns/gull.md", "content_type": "text/markdown"}
    offer: dict[str, Any] = own_title.api().call("POST", "/v1/lore", body=wanted)
    with own_title.http(None) as anyone:
        put = anyone.put(offer["url"], content=b"The Gull serves eel pie.", headers=offer["headers"])
    assert put.status_code == 200
    own_title.wait_for_lore("inns/gull.md", put.headers["ETag"].strip('"'))
    assert "The Gull serves eel pie." in texts(own_title, "What does the Gull serve?")
    with pytest.raises(Refused) as refused:
        own_title.api().call("POST", "/v1/lore", body={"path": "virus.exe"})
    assert ".md" in str(refused.value)


def test_gates_hold_in_searches(own_title: RunningStage) -> None:
    gated = "---\nrequires: [quest:done]\nknown_by: [sage]\n---\nThe king is a ghost."
    own_title.wait_for_lore("secret.md", own_title.put_lore("secret.md", gated))
    assert texts(own_title, "What is the king?", npc="sage", flags="quest:done") == ["The king is a ghost."]
    assert texts(own_title, "What is the king?", npc="sage") == []
    assert texts(own_title, "What is the king?", npc="miller", flags="quest:done") == []


def test_reconciling_mends_what_the_index_lost(own_title: RunningStage) -> None:
    etag = own_title.put_lore("hall.md", "The hall has a green door.")
    own_title.wait_for_lore("hall.md", etag)
    table = own_title.stage.outputs["LedgerTableName"]
    key = {"title": {"S": own_title.title}, "path": {"S": "hall.md"}}
    own_title.client("dynamodb").delete_item(TableName=table, Key=key)
    done = own_title.api().call("POST", "/v1/lore/reconcile")
    assert list(done["restarted"]) == ["hall.md"]
    assert own_title.wait_for_lore("hall.md", etag)["embedded"] == 0
    assert own_title.api().call("POST", "/v1/lore/reconcile")["restarted"] == {}
