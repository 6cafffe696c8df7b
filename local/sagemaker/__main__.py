"""Serves SageMaker on loopback: `python -m local.sagemaker --port 8084 --folder STATE --logs LOGS`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import uvicorn

from local.sagemaker.app import create_app


def main() -> int:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.sagemaker", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where its state is kept")
    parser.add_argument("--logs", type=Path, required=True, help="where the output of processing jobs goes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = create_app(options.folder.resolve(), options.logs.resolve())
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False, timeout_graceful_shutdown=5)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
