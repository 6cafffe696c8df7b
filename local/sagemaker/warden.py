"""Runs a command and ends it, with all that it started, when its own standard input closes: when its parent is gone.

It is run as a file, by itself, so that it starts fast and needs nothing of this package.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """The command's exit code; 128 and the signal's number if a signal ended it."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end() -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)

    def watch() -> None:
        sys.stdin.buffer.read()
        end()

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    end()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    # The daemon thread may be reading standard input, for which an ordinary end would wait.
    os._exit(main(sys.argv[1:]))
