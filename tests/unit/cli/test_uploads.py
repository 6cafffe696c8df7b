"""`npc lore put`: which files become which documents, what is uploaded, and what is waited for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx
import pytest

from npc import uploads
from npc.client import Api
from npc.errors import CliError
from tests.unit.cli.pretended_stage import Stage, token


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for name in ("lore/a.md", "lore/places/Grey+Gull inn ü.md", "lore/king.csv", "lore/king.csv.meta.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"text of {name}")
    for name in ("lore/.DS_Store", "lore/.git/config", "lore/map.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x00")
    return tmp_path / "lore"


def serve(stage: Stage, known: dict[str, dict[str, object]] | None = None) -> dict[str, bytes]:
    """Pretend the lore operations and the bucket; returns what was put into the bucket, by path."""
    documents = dict(known or {})
    put: dict[str, bytes] = {}

    def grant(request: httpx.Request) -> httpx.Response:
        path = json.loads(request.content)["path"]

        def store(sent: httpx.Request) -> httpx.Response:
            put[path] = sent.content
            etag = hashlib.md5(sent.content).hexdigest()
            status = "failed" if path.endswith("bad.md") else "ready"
            reason = "it is empty" if status == "failed" else None
            if not path.endswith(".meta.yaml"):
                sidecar = put.get(f"{path}.meta.yaml")
                both = etag if sidecar is None else f"{etag}+{hashlib.md5(sidecar).hexdigest()}"
                documents[path] = {"path": path, "status": status, "etag": both, "chunks": 1, "reason": reason}
            return httpx.Response(200, headers={"etag": f'"{etag}"'})

        stage.answers[f"PUT /{len(stage.requests)}"] = store
        url = f"https://bucket.test/{len(stage.requests)}"
        return httpx.Response(200, json={"url": url, "headers": {"content-type": "x/y"}, "expires_seconds": 60})

    stage.answers["POST /dev/v1/lore"] = grant
    stage.answers["GET /dev/v1/lore"] = lambda request: httpx.Response(
        200, json={"documents": list(documents.values()), "readable": [".md", ".csv"]}
    )
    return put


def test_a_folder_becomes_documents_without_its_own_name_and_without_hidden_files(world: Path) -> None:
    paths = [file.path for file in uploads.collect([world])]
    assert paths == ["king.csv.meta.yaml", "a.md", "king.csv", "map.png", "places/Grey+Gull inn ü.md"]


def test_a_file_is_a_document_of_its_own_name_below_the_prefix(world: Path) -> None:
    assert [file.path for file in uploads.collect([world / "a.md"], prefix="/old/")] == ["old/a.md"]


def test_a_name_with_its_accents_apart_is_the_document_that_the_api_will_list(tmp_path: Path) -> None:
    (tmp_path / "Gra\u0308fin.md").write_text("She rules.")
    assert [file.path for file in uploads.collect([tmp_path], prefix="Ho\u0308fe")] == ["H\u00f6fe/Gr\u00e4fin.md"]


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="nowhere does not exist"):
        uploads.collect([tmp_path / "nowhere"])


def test_put_uploads_what_can_be_read_and_says_what_it_skipped(stage: Stage, world: Path) -> None:
    put = serve(stage)
    ran = stage.npc("lore", "put", str(world), "--wait", "--json")
    assert ran.code == 0, ran.err
    assert put["places/Grey+Gull inn ü.md"] == "text of lore/places/Grey+Gull inn ü.md".encode()
    assert set(put) == {"a.md", "places/Grey+Gull inn ü.md", "king.csv", "king.csv.meta.yaml"}
    assert ran.data["skipped"] == [{"path": "map.png", "reason": "files of type .png cannot be read as lore"}]
    assert {document["path"] for document in ran.data["documents"]} == {"a.md", "king.csv", "places/Grey+Gull inn ü.md"}


def test_the_signed_headers_go_to_the_bucket_and_the_token_does_not(stage: Stage, world: Path) -> None:
    serve(stage)
    stage.npc("lore", "put", str(world / "a.md"))
    sent = next(request for request in stage.requests if request.url.host == "bucket.test")
    assert sent.headers["content-type"] == "x/y"
    assert "authorization" not in sent.headers


def test_unchanged_files_are_not_uploaded_again(stage: Stage, world: Path) -> None:
    etag = hashlib.md5((world / "a.md").read_bytes()).hexdigest()
    put = serve(stage, {"a.md": {"path": "a.md", "status": "ready", "etag": etag, "chunks": 1}})
    ran = stage.npc("lore", "put", str(world / "a.md"), "--json")
    assert (put, ran.data["unchanged"]) == ({}, ["a.md"])


def test_a_deleted_document_is_uploaded_again_although_its_text_is_the_same(stage: Stage, world: Path) -> None:
    etag = hashlib.md5((world / "a.md").read_bytes()).hexdigest()
    put = serve(stage, {"a.md": {"path": "a.md", "status": "deleted", "etag": etag, "chunks": 0}})
    stage.npc("lore", "put", str(world / "a.md"))
    assert list(put) == ["a.md"]


def test_a_document_that_cannot_be_read_is_reported_with_its_reason_and_fails_the_command(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "bad.md").write_text("")
    serve(stage)
    ran = stage.npc("lore", "put", str(tmp_path / "bad.md"), "--wait")
    assert ran.code == 1
    assert "failed bad.md: it is empty" in ran.out
    assert ran.err == "npc: 1 of 1 documents cannot be read\n"


def test_a_bucket_that_refuses_is_reported(stage: Stage, world: Path) -> None:
    serve(stage)
    stage.answers["POST /dev/v1/lore"] = {"url": "https://bucket.test/no", "headers": {}, "expires_seconds": 1}
    stage.answers["PUT /no"] = httpx.Response(403)
    ran = stage.npc("lore", "put", str(world / "a.md"))
    assert (ran.code, ran.err) == (1, "npc: the lore bucket refused a.md: HTTP 403\n")


def waited(states: list[dict[str, object]], uploaded: uploads.Uploaded) -> tuple[dict[str, object], int]:
    """The state that ended the waiting for `a.md`, and how often it was asked for."""
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        document = {"path": "a.md", "chunks": 1, "reason": None, **states[asked]}
        asked += 1
        return httpx.Response(200, json={"documents": [document], "readable": []})

    api = Api("https://api.test", token(), httpx.MockTransport(answer))
    ended = uploads.wait(api, uploaded, lambda *_: None, lambda seconds: None)
    return ended["a.md"], asked


def test_an_older_state_of_the_document_does_not_end_the_waiting() -> None:
    states = [{"status": "ready", "etag": etag} for etag in ("old", "old", "new")]
    ended, asked = waited(states, uploads.Uploaded(etags={"a.md": "new"}))
    assert (ended["etag"], asked) == ("new", 3)


def test_a_new_sidecar_is_waited_for_at_its_document() -> None:
    states = [{"status": "ready", "etag": etag} for etag in ("file", "file+old", "file+new")]
    uploaded = uploads.Uploaded(etags={"a.md.meta.yaml": "new"}, before={"a.md": {}})
    assert waited(states, uploaded)[1] == 3


def test_a_failure_ends_the_waiting_even_if_it_came_before_the_file_was_read() -> None:
    before = {"path": "a.md", "chunks": 1, "reason": None, "status": "failed", "etag": "old", "updated_at": "1"}
    states = [before, {**before, "updated_at": "2"}]
    assert waited(states, uploads.Uploaded(etags={"a.md": "new"}, before={"a.md": before}))[1] == 2


def test_a_sidecar_is_unchanged_when_its_document_was_hydrated_with_it(stage: Stage, world: Path) -> None:
    etags = [hashlib.md5((world / name).read_bytes()).hexdigest() for name in ("king.csv", "king.csv.meta.yaml")]
    known = {"path": "king.csv", "status": "ready", "etag": "+".join(etags), "chunks": 1}
    put = serve(stage, {"king.csv": known})
    stage.npc("lore", "put", str(world / "king.csv"), str(world / "king.csv.meta.yaml"))
    assert put == {}
