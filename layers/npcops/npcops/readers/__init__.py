"""Reads lore files of every supported format into documents.

One module per format, imported when a file of that format is read: their parsers are slow to import.
"""

from __future__ import annotations

import importlib
import re
from pathlib import PurePosixPath

from npcops.errors import NpcopsError, TooLarge, UnreadableDocument
from npcops.lore import Document, Section
from npcops.readers.content import Content
from npcops.readers.limits import MAX_BYTES
from npcops.readers.outline import squeeze

_READERS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain_text",
    ".html": "web_page",
    ".htm": "web_page",
    ".pdf": "pdf",
    ".docx": "word",
    ".json": "data_file",
    ".yaml": "data_file",
    ".yml": "data_file",
    ".csv": "spreadsheet",
    ".tsv": "spreadsheet",
    ".yarn": "yarn",
    ".ink": "ink",
}
READABLE = frozenset(_READERS)
"""The suffixes, in lower case and with their dot, of files that can be read."""


def read_document(path: str, data: bytes, sidecar: bytes | None) -> Document:
    """Read the lore file `path` (relative to its title), with the content of its sidecar if there is one.

    Raises UnreadableDocument, whose message tells a writer what to change, or TooLarge; nothing else, whatever the
    bytes.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _READERS:
        kinds = ", ".join(sorted(READABLE))
        raise UnreadableDocument(f"Files of this kind are not read as lore. Use one of these: {kinds}.")
    if len(data) > MAX_BYTES:
        raise TooLarge(f"This file is larger than {MAX_BYTES // 2**20} MiB. Split it into several files.")
    if not data.strip():
        raise UnreadableDocument("This file is empty.")
    try:
        return _read(path, suffix, data, sidecar)
    except NpcopsError:
        raise
    except Exception as error:
        # The parsers are not ours and the bytes may come from anybody: one bad file must not stop the others.
        raise UnreadableDocument(
            f"This file is damaged or is not really a {suffix} file ({type(error).__name__}). "
            "Open it in the program that made it, save it again and upload it again."
        ) from error


def _read(path: str, suffix: str, data: bytes, sidecar: bytes | None) -> Document:
    from npcops.readers.front_matter import read_sidecar

    content: Content = importlib.import_module(f"npcops.readers.{_READERS[suffix]}").read(data, suffix)
    metadata = content.metadata if sidecar is None else content.metadata.under(read_sidecar(sidecar))
    title = metadata.title or squeeze(content.title or "") or _title_of_path(path)
    sections = tuple(_below_title(content.sections, title))
    if not sections:
        raise UnreadableDocument("This file holds no text.")
    return Document(
        path=path,
        title=title,
        sections=sections,
        gate=metadata.gate,
        canon=metadata.canon is not False,
        language=metadata.language,
        tags=metadata.tags,
    )


def _below_title(sections: tuple[Section, ...], title: str) -> list[Section]:
    """`sections` without the heading that only repeats the title."""
    same = title.casefold()
    kept = []
    for section in sections:
        headings = section.headings
        if headings and headings[0].casefold() == same:
            section = Section(headings[1:], section.text)
        if section.headings or section.text.casefold() != same:
            kept.append(section)
    return kept


def _title_of_path(path: str) -> str:
    """`places/old-mill_road.md` is called `Old mill road`."""
    name = squeeze(re.sub(r"[_\-+]+", " ", PurePosixPath(path).stem))
    return name[:1].upper() + name[1:] or "Untitled"
