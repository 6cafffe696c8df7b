"""Tells whether the packages of a lock file are installed in its versions: `python -m training.installed FILE`."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")


def missing(lock: str) -> list[str]:
    """The packages of a lock file, as `name==version`, that are not installed so."""
    pinned = [(found[1], found[2]) for line in lock.splitlines() if (found := _PINNED.match(line))]
    return [f"{name}=={version}" for name, version in pinned if _installed(name) != version]


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(bool(missing(Path(sys.argv[1]).read_text(encoding="utf-8"))))
