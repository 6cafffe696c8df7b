"""The code of processing jobs: packed always the same, complete, and read from its package."""

from __future__ import annotations

import importlib
import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from npcops import processing_code
from training import pack
from training.installed import missing

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield_to = pack.pack(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    for cached in (processing_code.files, processing_code.digest):
        cached.cache_clear()
    yield yield_to
    sys.modules.pop(processing_code.PACKAGE, None)
    for cached in (processing_code.files, processing_code.digest):
        cached.cache_clear()


def test_the_files_are_those_that_were_packed(packed: Path) -> None:
    files = processing_code.files()
    assert set(files) == {"source.tar.gz", "requirements.txt", "run.sh"}
    assert files["run.sh"] == (ROOT / "training" / "run.sh").read_bytes()
    assert re.fullmatch(r"[0-9a-f]{32}", processing_code.digest())


def test_packing_again_makes_the_same_file() -> None:
    assert pack.archive() == pack.archive()


def test_what_is_left_out_is_told_by_folders_of_the_package_and_not_by_those_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "html" / "npcops"
    (code / "html").mkdir(parents=True)
    for name in ("errors.py", "html/page.json"):
        (code / name).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(pack, "CODE", code)
    with tarfile.open(fileobj=io.BytesIO(pack.archive())) as tar:
        assert [name for name in tar.getnames() if name.startswith("npcops/")] == ["npcops/errors.py"]


def test_the_archive_holds_what_the_job_needs_and_runs_alone(tmp_path: Path) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(pack.archive())
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    subprocess.run(["tar", "-xzf", archive.name], cwd=tmp_path, check=True)
    assert {"training/preprocess.py", "npcops/prepare_training.py", "npcops/recipes/nova-lite.json"} <= set(names)
    assert not any(name.endswith((".pyc", ".html")) for name in names)
    told = subprocess.run(
        [sys.executable, "-m", "training.preprocess", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "--request" in told.stdout


def test_the_job_is_given_the_versions_that_the_layers_have() -> None:
    pinned = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.M)
    layers: dict[str, str] = {}
    for file in (ROOT / "layers").glob("*/requirements.txt"):
        layers |= dict(pinned.findall(file.read_text()))
    job = dict(pinned.findall((ROOT / "training" / "requirements.txt").read_text()))
    assert set(job) == {"charset-normalizer", "msgspec", "rapidfuzz"}
    assert job == {name: layers[name] for name in job}


def test_what_is_missing_is_told_by_version() -> None:
    assert missing((ROOT / "training" / "requirements.txt").read_text()) == []
    assert missing("msgspec==0.0.1 \\\n    --hash=sha256:00\nno-such-package==1\n# x==2\n") == [
        "msgspec==0.0.1",
        "no-such-package==1",
    ]
