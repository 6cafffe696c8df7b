"""Serves Comprehend on loopback: `python -m local.comprehend --port 8083`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import uvicorn

from local.comprehend.app import create_app
from local.comprehend.detector import Detector
from local.models import default_directory


def main() -> int:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.comprehend", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models-dir", type=Path, default=default_directory())
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = create_app(Detector(options.models_dir))
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
