"""Runs the tests that need a stack against one of their own, freshly made below `.npcops/test` and removed afterwards.

These are `tests/system` and those contract suites whose adapters speak to the embedded cloud or to the local models.
"""

from __future__ import annotations

import os
import subprocess
import sys

from local import services, stack
from local.layout import IGNORED, ROOT
from local.state import StackState
from npc.errors import CliError
from npc.output import fail

# One asks whether a small model on a shared machine answers in time, one trains it, one kills and restarts the stack.
ALONE = ("tests/system/test_golden.py", "tests/system/test_tuning.py", "tests/system/test_local_stack.py")


def runs(asked: list[str]) -> list[list[str]]:
    """The arguments of pytest, run by run: what can share the stack (the system tests, and the contracts that can be
    held to real services here), and then what cannot."""
    contracts = [
        *("catalog", "erasure", "evaluation_files", "evaluations", "events", "ledger", "lore_bucket", "models"),
        *("players", "turn_records", "tunings", "training_files", "live_figures", "promoted_models"),
    ]
    together = ["tests/system", *(f"tests/contracts/test_{name}.py" for name in contracts)]
    together += [f"--ignore={one}" for one in ALONE]
    shared = ["-n", "2", "--dist", "loadfile", "-k", "not moto", *together, *asked]
    return [shared, *([one, *asked] for one in ALONE)]


def run(known: StackState, asked: list[str]) -> int:
    """The exit code of the first run that fails, or 0."""
    real = {
        "NPCOPS_TEST_CLOUD_URL": services.url(known, services.CLOUD),
        **services.endpoints(known),
    }
    for arguments in runs(asked):
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        code = subprocess.run(command, cwd=ROOT, check=False, env=os.environ | real).returncode
        if code:
            return code
    return 0


def main() -> int:
    """The exit code of pytest; the stack's logs stay where they are when it is not 0."""
    os.environ["NPCOPS_LOCAL_STATE"] = str(IGNORED / "test")
    os.environ["NPCOPS_REQUIRE_STAGE"] = "1"
    stack.clean()
    try:
        code = run(stack.up(), sys.argv[1:])
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
