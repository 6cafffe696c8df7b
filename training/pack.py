"""Packs the code of preprocessing jobs into package `npcops_processing`: `python pack.py FOLDER`.

The archive has no times, owners or order of its own: the same code is the same file, as often as it is packed.
"""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# A link to the package: what builds layers sees by it that this one is to be built again.
CODE = HERE / "npcops"
PACKAGE = "npcops_processing"
_SUFFIXES = frozenset({".py", ".json"})
# They are of no use to the job: each change of a report's page would make new code of it.
_LEFT_OUT = frozenset({"__pycache__", "html"})


def pack(folder: Path) -> Path:
    """Writes the package into `folder` and returns its path."""
    package = folder / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text('"""The code of preprocessing jobs, as files."""\n', encoding="utf-8")
    for name in ("run.sh", "requirements.txt"):
        (package / name).write_bytes((HERE / name).read_bytes())
    (package / "source.tar.gz").write_bytes(archive())
    return package


def archive() -> bytes:
    """`training` and `npcops` as a compressed archive."""
    members = [(f"training/{file.name}", file) for file in HERE.glob("*.py")]
    members += [(f"npcops/{file.relative_to(CODE).as_posix()}", file) for file in CODE.rglob("*") if _wanted(file)]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, file in sorted(members):
            data = file.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def _wanted(file: Path) -> bool:
    return file.is_file() and file.suffix in _SUFFIXES and not _LEFT_OUT.intersection(file.relative_to(CODE).parts)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
