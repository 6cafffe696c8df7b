"""Archives from strangers: bombs, lies and damage end in a reason before they cost anything."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from npcops.errors import TooLarge, UnreadableDocument
from npcops.lore import Document
from npcops.readers import limits, read_document


def read(name: str, data: bytes) -> Document:
    return read_document(name, data, None)


def archive(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_without_a_document() -> None:
    with pytest.raises(UnreadableDocument, match="without a Word document"):
        read("a.docx", archive({"notes.txt": b"hello"}))


@pytest.mark.parametrize(
    "entries",
    [
        {"word/document.xml": b"a" * 20_000_000},
        {f"word/{number}.xml": b"" for number in range(limits.MAX_ARCHIVE_ENTRIES + 1)},
        {f"word/{number}.bin": bytes(range(256)) * 40_000 for number in range(11)},
    ],
)
def test_archive_bombs_are_refused_by_their_directory(entries: dict[str, bytes]) -> None:
    with pytest.raises(TooLarge, match="unpacks"):
        read("a.docx", archive(entries))


def test_an_archive_whose_directory_lies_is_refused() -> None:
    data = bytearray(archive({"word/document.xml": b"a" * 2_000_000}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    with pytest.raises(UnreadableDocument, match="damaged"):
        read("a.docx", bytes(data))


def test_unpacking_stops_at_the_limit_whatever_the_directory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from npcops.readers import archive as reader

    data = archive({"word/document.xml": bytes(range(256)) * 4_000})
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda self: [_small(entry) for entry in self.filelist])
    monkeypatch.setattr(reader, "MAX_ARCHIVE_BYTES", 500_000)
    with pytest.raises(TooLarge, match="unpacks"):
        reader.check_archive(data)


class _Liar(zipfile.ZipInfo):
    """An entry that declares no size to whoever asks, and its true size to the unpacker."""

    asked = False

    def __getattribute__(self, name: str) -> Any:
        if name == "file_size" and not object.__getattribute__(self, "asked"):
            object.__setattr__(self, "asked", True)
            return 0
        return object.__getattribute__(self, name)


def _small(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    liar = _Liar(entry.filename)
    for name in zipfile.ZipInfo.__slots__:
        if hasattr(entry, name):
            setattr(liar, name, getattr(entry, name))
    return liar
