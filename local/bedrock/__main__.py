"""Serves Bedrock Runtime on loopback, and with --state its control plane: `python -m local.bedrock --port 8081`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

# NumPy reads it when it is imported. The chat model has the other cores, and a query takes milliseconds anyway.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import uvicorn

from local import models as weights
from local.bedrock.app import create_app
from local.bedrock.control import ControlPlane
from local.bedrock.models import DEFAULT_CHAT, Models, Settings
from local.bedrock.objects import Objects


def main() -> int:
    """Serves until it is interrupted; the exit code is 2 if something that it needs is missing."""
    chat_names = [model.name for model in weights.catalogue().values() if model.role == "chat"]
    parser = argparse.ArgumentParser(prog="python -m local.bedrock", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models-dir", type=Path, default=weights.default_directory())
    parser.add_argument("--chat", action="append", choices=chat_names, help=f"repeatable; {DEFAULT_CHAT} if absent")
    parser.add_argument("--state", type=Path, help="where customization jobs and custom models are kept")
    options = parser.parse_args()
    settings = Settings.from_environment(os.environ, options.models_dir, options.chat or ())
    if problem := settings.problem():
        sys.stderr.write(f"{problem}\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # One line a request would double what the deployed functions log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    models = Models(settings)
    control = ControlPlane(options.state, models, Objects()) if options.state else None
    uvicorn.run(create_app(models, control), host="127.0.0.1", port=options.port, access_log=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
