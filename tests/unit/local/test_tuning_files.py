"""Model files are read as the runtime reads them, and adapters are written as it loads them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from local.tuning import job
from local.tuning.job import Plan
from local.tuning.network import Network
from local.tuning.packing import Example, pack, write_examples
from local.tuning.shapes import Unsupported
from tests.tuning_models import random_adapter, random_weights, shape_of, write_gguf

gguf = pytest.importorskip("gguf")

EXAMPLE = Example(tuple(b"Who goes there?"), ((5, 15),))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_what_was_written_is_read(tmp_path: Path, architecture: str) -> None:
    from local.tuning.weights import read_weights

    weights = random_weights(shape_of(architecture), np.float32)
    write_gguf(tmp_path / "model.gguf", weights)
    found = read_weights(tmp_path / "model.gguf")
    assert found.shape == weights.shape
    adapter = random_adapter(weights.shape, dtype=np.float32)
    packed = pack([EXAMPLE])
    assert Network(found, adapter).loss(packed) == pytest.approx(Network(weights, adapter).loss(packed), rel=1e-6)


def test_quantised_weights_are_made_plain_row_by_row(tmp_path: Path) -> None:
    from local.tuning.weights import _Embedding

    table = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    quantised = gguf.quantize(table, gguf.GGMLQuantizationType.Q8_0)

    class Tensor:
        data, tensor_type = quantised, gguf.GGMLQuantizationType.Q8_0

    rows = _Embedding(Tensor())(np.array([3, 0, 3]))
    np.testing.assert_allclose(rows, table[[3, 0, 3]], atol=0.05)
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("architecture", "strange", "told"),
    [("gemma3", None, "gemma3"), ("llama", "rope_freqs.weight", "rope_freqs.weight")],
)
def test_a_model_of_another_kind_is_refused(tmp_path: Path, architecture: str, strange: str | None, told: str) -> None:
    from local.tuning.weights import read_weights

    writer = gguf.GGUFWriter(tmp_path / "model.gguf", architecture)
    shape = shape_of("llama")
    writer.add_block_count(0)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    for name in ("token_embd.weight", "output_norm.weight", *([strange] if strange else [])):
        writer.add_tensor(name, np.zeros((2, shape.width), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(Unsupported, match=told):
        read_weights(tmp_path / "model.gguf")


def test_an_adapter_is_written_in_the_form_of_the_runtime(tmp_path: Path) -> None:
    from local.tuning.adapter_file import write_adapter

    shape = shape_of("qwen2")
    adapter = random_adapter(shape, dtype=np.float32)
    write_adapter(tmp_path / "adapter.gguf", adapter, shape.architecture, "gate")
    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    told = {name: reader.get_field(name).contents() for name in ("general.type", "adapter.type", "adapter.lora.alpha")}
    assert told == {"general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": adapter.alpha}
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    assert len(tensors) == 2 * 7 * shape.blocks
    np.testing.assert_array_equal(tensors["blk.1.ffn_down.weight.lora_a"], adapter.down[1, "ffn_down"])
    np.testing.assert_array_equal(tensors["blk.1.ffn_down.weight.lora_b"], adapter.up[1, "ffn_down"])
    assert list(tmp_path.iterdir()) == [tmp_path / "adapter.gguf"]


def test_the_trainer_is_a_process_that_leaves_an_adapter(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf", random_weights(shape_of("llama")))
    folder = _job(tmp_path, tmp_path / "model.gguf")
    _train(folder, code=0)
    assert json.loads((folder / job.DONE).read_text())["steps"] == 2
    assert (folder / job.ADAPTER).stat().st_size > 0


def test_a_model_that_cannot_be_tuned_is_told_in_one_sentence(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    folder = _job(tmp_path, tmp_path / "model.gguf")
    _train(folder, code=1)
    assert (folder / job.FAILURE).read_text().startswith("Models of the architecture mamba cannot be tuned here")


def test_the_trainer_ends_with_the_process_that_it_works_for(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf", random_weights(shape_of("llama")))
    folder = _job(tmp_path, tmp_path / "model.gguf")
    _train(folder, -signal.SIGKILL, "--parent", "1")
    assert not (folder / job.DONE).exists()


def _job(tmp_path: Path, model: Path) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    write_examples(folder / job.TRAIN, [EXAMPLE])
    job.write_plan(folder, Plan(model=str(model), name="gate", epochs=2, batch=1, rank=2))
    return folder


def _train(folder: Path, code: int, *options: str) -> None:
    command = [sys.executable, "-m", "local.tuning", str(folder), "--threads", "1", *options]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
