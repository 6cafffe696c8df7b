"""Cuts botocore's endpoint table to the services npcops calls: every first client of a process parses all of it.

Usage: keep_endpoints.py ENDPOINTS_JSON PREFIX...
"""

import json
import sys
from pathlib import Path


def main(file: Path, prefixes: set[str]) -> None:
    """Rewrite `file` with the services whose endpoint prefix is among `prefixes`; regions and partitions stay."""
    table = json.loads(file.read_text("utf-8"))
    for partition in table["partitions"]:
        partition["services"] = {name: made for name, made in partition["services"].items() if name in prefixes}
    file.write_text(json.dumps(table, separators=(",", ":")), "utf-8")


main(Path(sys.argv[1]), set(sys.argv[2:]))
