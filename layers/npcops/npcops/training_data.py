"""Reads training data in every format; what cannot be read is told by file and line, and never stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from npcops.errors import NpcopsError, UnreadableDocument
from npcops.readers.decoding import clean, decode
from npcops.readers.delimited import delimiter_of, rows
from npcops.training_fields import Unusable, record
from npcops.training_passages import passages_of
from npcops.training_records import DataFormat, Dataset, Example, Passage, Unread
from npcops.training_yarn import examples_of

MOST_BYTES = 256 * 2**20
_NOT_JSON = "It is not a JSON object."

Reader = Callable[[str, str], Dataset]


def read_training(files: Mapping[str, bytes]) -> Dataset:
    """Everything in files of these names. Raises UnreadableDocument if none holds anything that can be used."""
    found = Dataset()
    for name in sorted(files):
        found += _read(name, files[name])
    if not found.examples and not found.passages:
        first = next(iter(found.unread), Unread("", 0, "There is no file."))
        raise UnreadableDocument(f"Nothing in this data can be used. {where(first)}{first.why}")
    return found


def where(unread: Unread) -> str:
    """`notes.jsonl, line 3: `, as far as it is known."""
    line = f", line {unread.line}" if unread.line else ""
    return f"{unread.file}{line}: " if unread.file else ""


def _read(name: str, data: bytes) -> Dataset:
    reader = _READERS.get(PurePosixPath(name).suffix.lower())
    if reader is None:
        return _unread(name, f"Files of this kind are not read. Use one of these: {', '.join(sorted(_READERS))}.")
    if len(data) > MOST_BYTES:
        return _unread(name, f"It is larger than {MOST_BYTES // 2**20} MiB. Split it into several files.")
    try:
        found = reader(name, _decoded(data))
    except NpcopsError as error:
        return _unread(name, str(error))
    return found if found.read else _unread(name, "It holds no text.")


def _unread(name: str, why: str) -> Dataset:
    return Dataset(unread=(Unread(name, 0, why),))


def _decoded(data: bytes) -> str:
    """Raises UnreadableDocument or TooLarge."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode(data)
    # Two-byte text without a mark decodes as well; so does a picture's beginning.
    return decode(data) if "\0" in text else text


def _json_lines(name: str, text: str) -> Dataset:
    def fields() -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _decoded_json(line)

    return _collected(name, fields(), "pairs")


def _decoded_json(line: str) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _table(name: str, text: str) -> Dataset:
    table = rows(clean(text), "\t" if name.lower().endswith(".tsv") else delimiter_of(text))
    header: list[str] = []

    def fields() -> Iterator[tuple[int, dict[str, str]]]:
        for number, row in table:
            if not any(row):
                continue
            if not header:
                header.extend(row)
                continue
            yield number, dict(zip(header, row, strict=False))

    found = _collected(name, fields(), "csv")
    if found.read or not header:
        return found
    raise UnreadableDocument("This table has only a first row, which names the columns. Add rows below it.")


def _collected(name: str, records: Iterator[tuple[int, Any]], kind: DataFormat) -> Dataset:
    examples: list[Example] = []
    passages: list[Passage] = []
    unread: list[Unread] = []
    chat = False
    for number, fields in records:
        try:
            found = record(_named(fields), number)
        except Unusable as error:
            unread.append(Unread(name, number, str(error)))
            continue
        chat = chat or (isinstance(fields, dict) and "messages" in fields)
        if isinstance(found, Example):
            examples.append(found)
        else:
            passages.append(found)
    formats = (*(("chat",) if chat else ()), *((kind,) if not chat or kind == "csv" else ()))
    return Dataset(formats, tuple(examples), tuple(passages), tuple(unread))


def _named(fields: Any) -> dict[str, Any]:
    """Fields by name, in lower case. Raises Unusable."""
    if not isinstance(fields, dict):
        raise Unusable(_NOT_JSON)
    return {str(key).strip().lower(): value for key, value in fields.items()}


def _script(name: str, text: str) -> Dataset:
    return Dataset(("yarn",), examples_of(clean(text)))


def _plain(name: str, text: str) -> Dataset:
    return Dataset(("text",), passages=passages_of(clean(text)))


_READERS: dict[str, Reader] = {
    ".jsonl": _json_lines,
    ".json": _json_lines,
    ".csv": _table,
    ".tsv": _table,
    ".yarn": _script,
    ".txt": _plain,
    ".md": _plain,
}
