"""The code that preprocessing jobs run, as files to be put where they find it (package `npcops_processing`)."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

PACKAGE = "npcops_processing"
FILES = ("requirements.txt", "run.sh", "source.tar.gz")


@functools.cache
def files() -> dict[str, bytes]:
    """The files by name. Raises ModuleNotFoundError where the layer that holds them is missing."""
    folder = resources.files(PACKAGE)
    return {name: folder.joinpath(name).read_bytes() for name in FILES}


@functools.cache
def digest() -> str:
    """A name for exactly these files."""
    whole = hashlib.sha256()
    for name, data in sorted(files().items()):
        whole.update(f"{name} {len(data)}\n".encode())
        whole.update(data)
    return whole.hexdigest()[:32]
