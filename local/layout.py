"""Where the local stack keeps its files: everything it writes is below one ignored folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IGNORED = ROOT / ".npcops"


class Layout:
    """The files of one local stack. `folder` is its own; weights, builds and virtual environments are shared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "state.json"
        self.lock_file = folder / "lock"
        self.logs = folder / "logs"
        self.cloud = folder / "cloud"
        self.bedrock = folder / "bedrock"
        self.objects = folder / "objects"
        self.sagemaker = folder / "sagemaker"
        self.lore_index = folder / "lore-index"
        self.key_file = folder / "issuer-key.pem"
        self.jwks_file = folder / "jwks.json"

    def prepare(self) -> None:
        """Create the folders, readable by their owner only."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.logs, self.cloud, self.objects):
            folder.mkdir(exist_ok=True)


def current() -> Layout:
    """The stack chosen by NPCOPS_LOCAL_STATE (a folder; default `.npcops/local`)."""
    chosen = os.environ.get("NPCOPS_LOCAL_STATE")
    return Layout(Path(chosen).resolve() if chosen else IGNORED / "local")
