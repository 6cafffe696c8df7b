"""Serves Polly on loopback: `python -m local.polly --port 8082`."""

from __future__ import annotations

import argparse
import logging

import uvicorn

from local.polly.app import create_app


def main() -> int:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.polly", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(create_app(), host="127.0.0.1", port=options.port, access_log=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
