"""The tokeniser's rules on a tiny vocabulary, and the reading of weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from local.bedrock.minilm import _batches, _gelu, read_safetensors
from local.bedrock.wordpiece import WordPiece

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "ferry", "##man", "##s", "cafe", ",", "東", "un", "##known"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The ferrymans", ["the", "ferry", "##man", "##s"]),
        ("  THE\tferry\n", ["the", "ferry"]),
        ("Café", ["cafe"]),
        ("the,ferry", ["the", ",", "ferry"]),
        ("東東", ["東", "東"]),
        ("ferryx", ["[UNK]"]),
        ("fer\u200bry", ["ferry"]),
        ("a" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_words_are_cut_as_bert_cuts_them(text: str, tokens: list[str]) -> None:
    numbers = WordPiece(VOCABULARY).encode(text, 256)
    assert [VOCABULARY[number] for number in numbers] == ["[CLS]", *tokens, "[SEP]"]


def test_long_text_is_cut_with_its_end_mark() -> None:
    numbers = WordPiece(VOCABULARY).encode("the ferry " * 10, 5)
    assert [VOCABULARY[number] for number in numbers] == ["[CLS]", "the", "ferry", "the", "[SEP]"]


def test_batches_hold_every_text_once_and_bound_the_padding() -> None:
    lengths = [256, 3, 40, 256, 5, 100, 256, 7] * 4
    batches = _batches(lengths)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[index] for index in batch) <= 2048 for batch in batches)


def test_safetensors_are_read_by_name(tmp_path: Path) -> None:
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    entry = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": entry}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + values.tobytes())
    tensors = read_safetensors(path)
    assert list(tensors) == ["w"]
    assert np.array_equal(tensors["w"], values)


def test_gelu_is_the_exact_one() -> None:
    values = np.array([-2.0, -0.5, 0.0, 0.5, 2.0], np.float32)
    expected = [-0.04550026, -0.15426877, 0.0, 0.34573123, 1.9544997]
    assert np.allclose(_gelu(values), expected, atol=1e-6)
