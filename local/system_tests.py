"""Runs `tests/system` against a local stack of their own, freshly made below `.npcops/test` and removed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

from local import stack
from local.layout import IGNORED, ROOT
from npc.errors import CliError
from npc.output import fail


def main() -> int:
    """The exit code of pytest; the stack's logs stay where they are when it is not 0."""
    os.environ["NPCOPS_LOCAL_STATE"] = str(IGNORED / "test")
    os.environ["NPCOPS_REQUIRE_STAGE"] = "1"
    stack.clean()
    try:
        stack.up()
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/system", *sys.argv[1:]], cwd=ROOT, check=False
        ).returncode
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
