"""The contracts of `LoreBucket` and `WorkFiles`: whatever a studio calls its files, they come back as they were."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from npcops.adapters.s3_files import S3LoreBucket, S3WorkFiles
from npcops.adapters.s3_files import client as s3_client
from npcops.errors import NotFound
from npcops.lore_paths import MAX_SIDECAR_BYTES
from npcops.ports import LoreBucket, WorkFiles
from tests.resources import Resources

PATHS = [
    "a.md",
    "The Mill, Old + New.md",
    "quests/act 1/König & Gräfin (v2)%20final.md",
    "傳說/第一章.md",
    "Лор/глава 1.txt",
    "a=b;c'd!e*f~.md",
]
LIMIT = 1000


@pytest.fixture
def bucket(resources: Resources) -> LoreBucket:
    return S3LoreBucket(resources.s3, resources.name("lore"))


@pytest.fixture
def work(resources: Resources) -> WorkFiles:
    return S3WorkFiles(resources.s3, resources.name("work"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.mark.parametrize("path", PATHS)
def test_a_file_of_any_name_is_read_listed_and_deleted(
    resources: Resources, bucket: LoreBucket, title: str, path: str
) -> None:
    resources.put_lore(title, path, "The mill burns.")
    found = bucket.read(title, path, LIMIT)
    assert found is not None
    assert (found.data, found.size, found.sidecar) == (b"The mill burns.", 15, None)
    assert dict(bucket.listing(title)) == {path: found.etag}
    bucket.delete(title, path)
    assert bucket.read(title, path, LIMIT) is None
    assert list(bucket.listing(title)) == []


def test_what_is_not_there_is_none_and_can_be_deleted(bucket: LoreBucket, title: str) -> None:
    assert bucket.read(title, "a.md", LIMIT) is None
    bucket.delete(title, "a.md")
    assert list(bucket.listing(title)) == []


def test_a_file_over_the_limit_comes_without_its_data(resources: Resources, bucket: LoreBucket, title: str) -> None:
    resources.put_lore(title, "fits.md", "x" * LIMIT)
    resources.put_lore(title, "large.md", "x" * (LIMIT + 1))
    fits, large = bucket.read(title, "fits.md", LIMIT), bucket.read(title, "large.md", LIMIT)
    assert fits is not None
    assert large is not None
    assert (len(fits.data), fits.size) == (LIMIT, LIMIT)
    assert (large.data, large.size) == (b"", LIMIT + 1)


def test_a_sidecar_comes_with_its_file_and_changes_its_etag(
    resources: Resources, bucket: LoreBucket, title: str
) -> None:
    etags = set()
    for sidecar in (None, "requires: [a]", "requires: [b]"):
        resources.put_lore(title, "map.pdf", "data")
        if sidecar:
            resources.put_lore(title, "map.pdf.meta.yaml", sidecar)
        found = bucket.read(title, "map.pdf", LIMIT)
        assert found is not None
        assert found.sidecar == (sidecar.encode() if sidecar else None)
        etags.add(found.etag)
    assert len(etags) == 3


def test_a_sidecar_that_is_too_large_is_not_taken_for_none(
    resources: Resources, bucket: LoreBucket, title: str
) -> None:
    resources.put_lore(title, "map.pdf", "data")
    resources.put_lore(title, "map.pdf.meta.yaml", "#" * (MAX_SIDECAR_BYTES + 100))
    found = bucket.read(title, "map.pdf", LIMIT)
    assert found is not None
    assert found.sidecar is not None
    assert len(found.sidecar) > MAX_SIDECAR_BYTES


def test_a_file_is_deleted_with_its_sidecar(resources: Resources, bucket: LoreBucket, title: str) -> None:
    for path in ("map.pdf", "map.pdf.meta.yaml", "map.pdf.md"):
        resources.put_lore(title, path, "data")
    bucket.delete(title, "map.pdf")
    assert [path for path, _ in bucket.listing(title)] == ["map.pdf.md"]


def test_a_deletion_changes_nothing_but_what_is_there(resources: Resources, title: str) -> None:
    """In a versioned bucket a deletion of nothing leaves a marker, and an event that starts a hydration."""
    name = f"versioned-{title}"
    resources.s3.create_bucket(Bucket=name)
    resources.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    bucket = S3LoreBucket(resources.s3, name)
    for path in ("a.md", "a.md.old", "b.md", "b.md.meta.yaml"):
        resources.s3.put_object(Bucket=name, Key=f"lore/{title}/{path}", Body=b"data")
    for path in ("a.md", "a.md", "a", "b.md"):
        bucket.delete(title, path)
    markers = resources.s3.list_object_versions(Bucket=name).get("DeleteMarkers", [])
    assert sorted(marker["Key"] for marker in markers) == [
        f"lore/{title}/{path}" for path in ("a.md", "b.md", "b.md.meta.yaml")
    ]
    assert [path for path, _ in bucket.listing(title)] == ["a.md.old"]


def test_only_a_whole_name_exists(resources: Resources, bucket: LoreBucket, title: str) -> None:
    for path in ("mill + tower.md", "mill + tower.md.meta.yaml"):
        resources.put_lore(title, path, "data")
    assert bucket.exists(title, "mill + tower.md")
    assert not bucket.exists(title, "mill")
    assert not bucket.exists(f"{title}-2", "mill + tower.md")
    bucket.delete(title, "mill + tower.md")
    assert not bucket.exists(title, "mill + tower.md")


def test_titles_never_mix(resources: Resources, bucket: LoreBucket, title: str) -> None:
    resources.put_lore(title, "a.md", "here")
    resources.put_lore(f"{title}-2", "b.md", "there")
    assert [path for path, _ in bucket.listing(title)] == ["a.md"]
    assert bucket.read(title, "b.md", LIMIT) is None
    assert {title, f"{title}-2"} <= set(bucket.titles())


def test_what_is_no_document_is_not_listed(resources: Resources, bucket: LoreBucket, title: str) -> None:
    """Consoles make empty objects for folders, and people upload to the wrong place."""
    resources.put_lore(title, "", "")
    resources.put_lore(title, "act 1/", "")
    resources.put_lore(title, "act 1/a.md", "here")
    resources.put_lore("Not A Title", "a.md", "lost")
    resources.s3.put_object(Bucket=resources.name("lore"), Key="lore/readme.md", Body=b"lost")
    assert [path for path, _ in bucket.listing(title)] == ["act 1/a.md"]
    titles = set(bucket.titles())
    assert title in titles
    assert not titles & {"Not A Title", "readme.md", ""}


def test_a_long_listing_is_whole(resources: Resources, bucket: LoreBucket, title: str) -> None:
    for number in range(1005):
        resources.put_lore(title, f"{number:04}.md", "x")
    assert [path for path, _ in bucket.listing(title)] == [f"{number:04}.md" for number in range(1005)]


@pytest.mark.parametrize("path", PATHS)
def test_an_upload_url_is_for_one_key_one_type_and_a_while(aws_environment: None, title: str, path: str) -> None:
    url = S3LoreBucket(s3_client(), "some-bucket").upload_url(title, path, "text/markdown", 900)
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    assert parts.scheme == "https"
    assert unquote(f"{parts.netloc}{parts.path}").endswith(f"/lore/{title}/{path}")
    assert "some-bucket" in f"{parts.netloc}{parts.path}"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert "content-type" in query["X-Amz-SignedHeaders"][0].split(";")


def test_an_upload_url_names_the_region_s_own_host(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The global host redirects uploads to a bucket that it does not know yet, and a signed upload cannot follow."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    s3_client.cache_clear()
    url = S3LoreBucket(s3_client(), "some-bucket").upload_url("game", "a.md", "text/markdown", 900)
    s3_client.cache_clear()
    assert urlsplit(url).netloc == "some-bucket.s3.eu-central-1.amazonaws.com"


def test_work_files_are_written_read_and_removed(work: WorkFiles, title: str) -> None:
    keys = [f"hydration/{title}/{number}.json" for number in range(12)]
    for key in keys:
        work.put(key, key.encode())
    work.put(keys[0], b"again")
    assert work.get(keys[0]) == b"again"
    assert work.get(keys[11]) == keys[11].encode()
    work.delete([*keys, "hydration/never/was.json"])
    for key in keys:
        with pytest.raises(NotFound):
            work.get(key)


def test_removing_no_work_files_is_no_error(work: WorkFiles) -> None:
    assert work.delete([]) is None
