"""Writes an adapter as the GGUF file that llama.cpp loads."""

from __future__ import annotations

import os
from pathlib import Path

import gguf
import numpy as np

from local.tuning.adapters import Adapter


def write_adapter(path: Path, adapter: Adapter, architecture: str, name: str) -> None:
    """Writes it as a whole: whoever finds the file finds all of it."""
    draft = path.with_suffix(".part")
    writer = gguf.GGUFWriter(draft, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.alpha)
    writer.add_string(gguf.Keys.General.NAME, name)
    for (block, projection), down in adapter.down.items():
        tensor = f"blk.{block}.{projection}.weight"
        writer.add_tensor(f"{tensor}.lora_a", np.ascontiguousarray(down, np.float32))
        writer.add_tensor(f"{tensor}.lora_b", np.ascontiguousarray(adapter.up[block, projection], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(path)
