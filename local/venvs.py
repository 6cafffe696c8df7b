"""Virtual environments of the tools that must not share ours, because each pins its own botocore.

`python -m local.venvs sam cloud` makes them from the hashed locks in `requirements/`; up to date ones cost nothing.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from local.layout import IGNORED, ROOT

NAMES = ("sam", "cloud")


class SetupFailed(Exception):
    """A tool that prepares the local stack failed; the message ends with its own words."""


def uv() -> str:
    """The path of the uv that is locked with our own environment."""
    return str(Path(sys.executable).parent / "uv")


def binary(name: str, program: str) -> Path:
    """The path of a program of environment `name`."""
    return IGNORED / "venvs" / name / "bin" / program


def ensure(name: str) -> bool:
    """Make or update the environment `name`; False if there was nothing to do. Raises SetupFailed."""
    if up_to_date(name):
        return False
    folder, lock = _folder(name), _lock(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for command in (
        [uv(), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv(), "pip", "sync", "--quiet", "--require-hashes", "--python", str(folder / "bin" / "python"), str(lock)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupFailed(f"{' '.join(command[:3])} failed:\n{done.stderr.strip()[-2000:]}")
    _stamp(name).write_text(_wanted(name))
    return True


def up_to_date(name: str) -> bool:
    """Whether there is nothing to do for the environment `name`."""
    return _stamp(name).exists() and _stamp(name).read_text() == _wanted(name)


def _wanted(name: str) -> str:
    return hashlib.sha256(_lock(name).read_bytes() + sys.version.encode()).hexdigest()


def _folder(name: str) -> Path:
    return IGNORED / "venvs" / name


def _lock(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def _stamp(name: str) -> Path:
    return _folder(name) / ".npcops-lock"


if __name__ == "__main__":
    for wanted_name in sys.argv[1:] or NAMES:
        try:
            ensure(wanted_name)
        except SetupFailed as error:
            sys.exit(str(error))
