"""Writes `api/report.schema.json`, the JSON Schema of an evaluation's report, from its type."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from npcops.report import Report

FILE = Path(__file__).parents[1] / "api" / "report.schema.json"


def main() -> None:
    """Write the file."""
    FILE.write_text(json.dumps(msgspec.json.schema(Report), indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
