"""Where lore lies: keys of the bucket, paths of documents, and the sidecars beside them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from npcops.errors import InvalidRequest

LORE_PREFIX = "lore/"
SIDECAR_SUFFIX = ".meta.yaml"
MAX_SIDECAR_BYTES = 64 * 1024
# S3 keys hold 1,024 bytes of UTF-8; the prefix, the title and a sidecar's suffix need their share.
MAX_PATH_BYTES = 900
TITLE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def lore_key(title: str, path: str) -> str:
    """The object key of a document."""
    return f"{LORE_PREFIX}{title}/{path}"


def title_and_path(key: str) -> tuple[str, str]:
    """The inverse of `lore_key`. Raises InvalidRequest for a key that is no lore document."""
    title, _, path = key.removeprefix(LORE_PREFIX).partition("/")
    if not key.startswith(LORE_PREFIX) or not TITLE.fullmatch(title) or not path or path.endswith("/"):
        raise InvalidRequest("The key is not lore/{title}/{path}.")
    return title, path


def is_sidecar(path: str) -> bool:
    """Whether this file only describes the file next to it, which has a suffix as every document has."""
    return path.endswith(SIDECAR_SUFFIX) and bool(PurePosixPath(path.removesuffix(SIDECAR_SUFFIX)).suffix)


def sidecar_of(path: str) -> str:
    """The path of the sidecar that would describe `path`."""
    return path + SIDECAR_SUFFIX


def described_by(path: str) -> str:
    """The path of the document that a file is about: the one beside a sidecar, and itself for any other."""
    return path.removesuffix(SIDECAR_SUFFIX) if is_sidecar(path) else path


def checked(path: str) -> str:
    """A path that a client proposes, NFC-normalised. Raises InvalidRequest for one that S3 or people stumble on."""
    path = unicodedata.normalize("NFC", path)
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise InvalidRequest("The path must be relative, without empty, '.' or '..' parts.")
    if len(path.encode()) > MAX_PATH_BYTES:
        raise InvalidRequest(f"The path is longer than {MAX_PATH_BYTES} bytes.")
    if any(unicodedata.category(character) == "Cc" for character in path):
        raise InvalidRequest("The path holds control characters.")
    return path
