"""The processing job: `python -m training.preprocess --message FILE --data FOLDER --request FOLDER --output FOLDER`.

Reads what was uploaded and the run's `request.json`, and writes `train.jsonl`, `validation.jsonl`, `heldout.jsonl` and
`report.json`. If nothing comes of it, the reason is the last line of its errors and stands in the message file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from npcops.errors import NpcopsError
from npcops.prepare_training import Prepared, prepare
from npcops.training_request import TrainingRequest
from npcops.training_safety import Safety

REQUEST = "request.json"
MESSAGE_CHARACTERS = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.preprocess", description=__doc__)
    for name in ("message", "data", "request", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        wanted = _request(options.request)
        prepared = prepare(_files(options.data), wanted, _safety())
    except NpcopsError as error:
        return _failed(str(error), options.message)
    _write(options.output, prepared)
    sys.stdout.write(f"{msgspec.json.encode(prepared.report).decode()}\n")
    return 0


def _request(folder: Path) -> TrainingRequest:
    """Raises NpcopsError."""
    try:
        return msgspec.json.decode((folder / REQUEST).read_bytes(), type=TrainingRequest)
    except (OSError, msgspec.DecodeError) as error:
        raise NpcopsError(f"The request of the run cannot be read ({type(error).__name__}).") from error


def _files(folder: Path) -> dict[str, bytes]:
    """The uploaded files by name. What S3 tools leave behind is none: hidden files, and objects that are folders."""
    found = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def _safety() -> Safety:
    # Imported here, because only a job that has something to look through needs a client.
    from npcops.adapters.comprehend import ComprehendPersonalData, ComprehendToxicity, client

    return Safety(ComprehendPersonalData(client()), ComprehendToxicity(client()))


def _write(folder: Path, prepared: Prepared) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _lines(folder / "train.jsonl", prepared.train)
    _lines(folder / "validation.jsonl", prepared.validation)
    _lines(folder / "heldout.jsonl", map(msgspec.json.encode, prepared.heldout))
    (folder / "report.json").write_bytes(msgspec.json.encode(prepared.report))


def _lines(file: Path, lines: Iterable[bytes]) -> None:
    file.write_bytes(b"".join(line + b"\n" for line in lines))


def _failed(reason: str, message: Path) -> int:
    sys.stderr.write(f"{reason}\n")
    message.parent.mkdir(parents=True, exist_ok=True)
    message.write_text(reason[:MESSAGE_CHARACTERS], encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main())
