"""The studio's view of lore: lists, states, uploads and searches."""

from __future__ import annotations

from typing import Any

import pytest

from npcops import lore_state
from npcops.adapters.dynamo_ledger import DynamoLedger
from npcops.adapters.s3_files import S3LoreBucket
from npcops.errors import InvalidRequest, NotFound
from npcops.hydration import Outcome
from npcops.lore import OPEN, Passage, Viewer
from npcops.lore_state import (
    MAX_QUESTION,
    SearchRequest,
    UploadRequest,
    describe_document,
    list_documents,
    offer_upload,
    present,
)
from npcops.ports import LoreLedger
from npcops.readers import READABLE
from npcops.readers import READABLE as READ
from tests.resources import Resources


@pytest.fixture
def ledger(moto_resources: Resources) -> LoreLedger:
    return DynamoLedger(moto_resources.dynamodb, moto_resources.name("ledger"))


class CountingClient:
    """A DynamoDB client that counts what its queries bring."""

    def __init__(self, client: Any) -> None:
        self._client, self.items, self.attributes = client, 0, set[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        page = self._client.query(**request)
        self.items += len(page["Items"])
        self.attributes |= {name for item in page["Items"] for name in item}
        return page


def known(ledger: LoreLedger, title: str, path: str, outcome: Outcome) -> None:
    ledger.claim(title, path, "0066", "one")
    ledger.plan(title, path, "one", ["a" * 24], "etag")
    ledger.finish(title, path, "one", outcome)


def test_what_is_offered_for_upload_is_what_the_readers_read() -> None:
    assert READABLE == READ


def test_a_document_s_state_is_its_ledger_entry(ledger: LoreLedger, title: str) -> None:
    known(ledger, title, "a.md", Outcome("failed", reason="The file is empty.", lasting=True))
    state = describe_document(ledger, title, "a.md")
    assert (state.path, state.status, state.reason, state.chunks) == ("a.md", "failed", "The file is empty.", 0)
    assert state.updated_at


def test_a_document_nobody_uploaded_is_not_found(ledger: LoreLedger, title: str) -> None:
    with pytest.raises(NotFound):
        describe_document(ledger, title, "a.md")


def test_deleted_documents_are_listed_only_when_asked_for(ledger: LoreLedger, title: str) -> None:
    known(ledger, title, "a.md", Outcome("ready", 1, 1))
    known(ledger, title, "b.md", Outcome("deleted"))
    known(ledger, title, "c.md", Outcome("failed", reason="No."))

    def listed(status: str | None) -> list[str]:
        return [document.path for document in list_documents(ledger, title, None, status)["documents"]]

    assert [listed(status) for status in (None, "deleted", "failed", "ready")] == [
        ["a.md", "c.md"],
        ["b.md"],
        ["c.md"],
        ["a.md"],
    ]


def test_long_lists_come_in_pages_that_leave_nothing_out(
    ledger: LoreLedger, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lore_state, "PAGE", 5)
    wanted = [f"{number:04}.md" for number in range(8)]
    for path in wanted:
        ledger.claim(title, path, "0066", "one")
    first = list_documents(ledger, title, None, None)
    assert len(first["documents"]) == 5
    second = list_documents(ledger, title, first["next"], None)
    assert second["next"] is None
    assert [document.path for document in (*first["documents"], *second["documents"])] == wanted


def test_a_list_that_just_fits_is_one_page(ledger: LoreLedger, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lore_state, "PAGE", 5)
    for number in range(5):
        ledger.claim(title, f"{number:04}.md", "0066", "one")
    page = list_documents(ledger, title, None, None)
    assert (len(page["documents"]), page["next"]) == (5, None)


def test_a_later_page_reads_nothing_of_the_earlier_ones(moto_resources: Resources, title: str) -> None:
    client = CountingClient(moto_resources.dynamodb)
    ledger: LoreLedger = DynamoLedger(client, moto_resources.name("ledger"))
    for number in range(12):
        known(ledger, title, f"{number:02}.md", Outcome("ready", 1, 1))
    page = list_documents(ledger, title, "08.md", "ready")
    assert [document.path for document in page["documents"]] == ["09.md", "10.md", "11.md"]
    assert client.items == 3
    assert client.attributes.isdisjoint({"manifest", "planned"})


@pytest.mark.parametrize("path", ["a.md", "act 1/König + Gräfin.PDF", "a.pdf.meta.yaml"])
def test_an_upload_is_offered_for_what_can_be_read(moto_resources: Resources, title: str, path: str) -> None:
    bucket = S3LoreBucket(moto_resources.s3, moto_resources.name("lore"))
    offered = offer_upload(bucket, title, UploadRequest(path, "text/plain"))
    assert offered.headers == {"Content-Type": "text/plain"}
    assert offered.expires_seconds == 900
    assert offered.url.startswith("https://")


@pytest.mark.parametrize("path", ["film.mp4", "a", "../a.md", "notes.exe"])
def test_an_upload_that_could_not_be_read_is_refused_at_once(moto_resources: Resources, title: str, path: str) -> None:
    bucket = S3LoreBucket(moto_resources.s3, moto_resources.name("lore"))
    with pytest.raises(InvalidRequest):
        offer_upload(bucket, title, UploadRequest(path))


def test_a_search_takes_a_character_s_view_or_none() -> None:
    assert SearchRequest.of("Who?", None, [], None) == SearchRequest("Who?", Viewer(None), 8)
    assert SearchRequest.of("Who?", "", [], "3") == SearchRequest("Who?", Viewer(None), 3)
    flags = ["met-king", "place:mill"]
    assert SearchRequest.of("Who?", "mira", flags, "50") == SearchRequest("Who?", Viewer("mira", frozenset(flags)), 50)


@pytest.mark.parametrize(
    ("q", "k"),
    [
        (None, None),
        ("", None),
        ("x" * (MAX_QUESTION + 1), None),
        ("x", "0"),
        ("x", "51"),
        ("x", "-1"),
        ("x", "two"),
        ("x", "1.5"),
        ("x", ""),
        ("x", "9" * 5000),
    ],
)
def test_searches_that_make_no_sense_are_refused(q: str | None, k: str | None) -> None:
    with pytest.raises(InvalidRequest):
        SearchRequest.of(q, None, [], k)


def test_a_passage_is_shown_without_its_gate_and_chunks() -> None:
    passage = Passage("1" * 24, "a.md", "Title", "Title > Heading", "Text.", 0.5, OPEN, True, ("1" * 24,))
    assert present(passage) == {
        "id": "1" * 24,
        "document": "a.md",
        "title": "Title",
        "heading_path": "Title > Heading",
        "score": 0.5,
        "canon": True,
        "text": "Text.",
    }


@pytest.mark.parametrize("flags", [["f"] * 501, ["f" * 129]])
def test_a_search_has_no_more_flags_than_a_player(flags: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="flags"):
        SearchRequest.of("Who?", None, flags, None)
