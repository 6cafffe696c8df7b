"""Starts functions as Lambda would, each in a child process with its own environment; a script, see test_functions.py.

Reads `{logical id: {variable: value}}` from standard input and writes `{logical id: failure}` of those that fail.
"""

import importlib.util
import json
import os
import re
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

# Third-party code is imported here once rather than by every child.
import aws_lambda_powertools.utilities.idempotency  # noqa: F401
import boto3  # noqa: F401
import docx  # noqa: F401
import jwt  # noqa: F401
import markdown_it  # noqa: F401
import numpy as np  # noqa: F401
import opensearchpy  # noqa: F401
import pypdf  # noqa: F401

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "HOME", "LANG")
# What Lambda itself gives every function.
GIVEN = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


def start(name: str, variables: dict[str, str]) -> str | None:
    """Import the function's module. Returns the failure's sentence, or None."""
    environment = {key: os.environ[key] for key in KEPT if key in os.environ}
    os.environ.clear()
    os.environ.update({**environment, **GIVEN, **variables})
    sys.path.insert(0, str(ROOT / "layers/npcops"))
    folder = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    spec = importlib.util.spec_from_file_location("app", ROOT / "functions" / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            spec.loader.exec_module(module)
            if not callable(module.handler):
                return "handler cannot be called"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def main() -> None:
    """Start all that are asked for, a fresh process each."""
    wanted = json.load(sys.stdin)
    with get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        failures = pool.starmap(start, wanted.items(), chunksize=1)
    sys.stdout.write(json.dumps({name: found for name, found in zip(wanted, failures, strict=True) if found}))


if __name__ == "__main__":
    main()
