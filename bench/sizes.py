"""Sizes of the layers as they are deployed to AWS (arm64, Python 3.13): zipped with the standard deflate."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LAYERS = ("NpcopsLayer", "DepsLayer", "DocumentsLayer")
# Deployed with the embedded store alone, which AWS stages do not use.
LOCAL_ONLY = "EmbeddedLayer"


def zipped(folder: Path) -> int:
    """Bytes of a zip of the folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def run(build: Path) -> dict[str, Any]:
    """Megabytes per layer, and of what an AWS stage deploys."""
    if not all((build / name).is_dir() for name in LAYERS):
        sys.exit(f"No layers for AWS are in {build.name}: run `sam build --config-env dev` first.")
    sizes = {name: round(zipped(build / name) / 1e6, 2) for name in LAYERS}
    extra = round(zipped(build / LOCAL_ONLY) / 1e6, 2) if (build / LOCAL_ONLY).is_dir() else 0.0
    return {**sizes, "deployed_to_aws_mb": round(sum(sizes.values()), 2), "embedded_store_only_mb": extra}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".aws-sam" / "build"), indent=2))
