"""Opens zip archives from strangers only after checking what they would become."""

from __future__ import annotations

import io
import zipfile

from npcops.errors import TooLarge, UnreadableDocument
from npcops.readers.limits import MAX_ARCHIVE_BYTES, MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_RATIO, MIN_RATIO_BYTES

_PIECE = 1024 * 1024
_TOO_LARGE = (
    "This file unpacks to far more than a document needs. Remove its pictures and attachments, or split it, "
    "and upload it again."
)


def check_archive(data: bytes) -> frozenset[str]:
    """The names of the entries of a zip archive that is safe to unpack.

    Checks what the central directory declares, then unpacks every entry in pieces and counts, because a directory can
    lie. Raises TooLarge above the limits and UnreadableDocument for what is no intact zip archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(len(entries), sum(entry.file_size for entry in entries), len(data))
            unpacked = 0
            for entry in entries:
                with archive.open(entry) as stream:
                    while piece := stream.read(_PIECE):
                        unpacked += len(piece)
                        _check_sizes(len(entries), unpacked, len(data))
            return frozenset(entry.filename for entry in entries)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UnreadableDocument(
            "This file is damaged or incomplete. Open it in your word processor, save it as .docx and upload it again."
        ) from error


def _check_sizes(entries: int, unpacked: int, packed: int) -> None:
    bomb = unpacked > MIN_RATIO_BYTES and unpacked > packed * MAX_ARCHIVE_RATIO
    if entries > MAX_ARCHIVE_ENTRIES or unpacked > MAX_ARCHIVE_BYTES or bomb:
        raise TooLarge(_TOO_LARGE)
