"""Runs the tests that need a stack against one of their own, freshly made below `.npcops/test` and removed afterwards.

These are `tests/system` and those contract suites whose adapters speak to the embedded cloud or to the local models.
"""

from __future__ import annotations

import os
import subprocess
import sys

from local import services, stack
from local.layout import IGNORED, ROOT
from npc.errors import CliError
from npc.output import fail


def tests() -> list[str]:
    """What to run: the system tests, and the contracts that can be held to real services here."""
    contracts = ("catalog", "erasure", "events", "ledger", "lore_bucket", "models", "players")
    return ["tests/system", *(f"tests/contracts/test_{name}.py" for name in contracts)]


def main() -> int:
    """The exit code of pytest; the stack's logs stay where they are when it is not 0."""
    os.environ["NPCOPS_LOCAL_STATE"] = str(IGNORED / "test")
    os.environ["NPCOPS_REQUIRE_STAGE"] = "1"
    stack.clean()
    try:
        known = stack.up()
        real = {
            "NPCOPS_TEST_CLOUD_URL": services.url(known, services.CLOUD),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": services.url(known, services.BEDROCK),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-k", "not moto", *tests(), *sys.argv[1:]]
        code = subprocess.run(command, cwd=ROOT, check=False, env=os.environ | real).returncode
    except CliError as error:
        fail(str(error))
        code = 1
    finally:
        stack.down()
    if code == 0:
        stack.clean()
    return code


if __name__ == "__main__":
    sys.exit(main())
