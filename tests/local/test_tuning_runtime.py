"""What the trainer computes is what the runtime computes, and learned texts have the form of those it is asked with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from local import models
from local.bedrock import prompt, rehearsal
from local.bedrock.lessons import MOST_TOKENS, TEXT_TOKENS, Lessons
from local.bedrock.llama import Llama
from local.bedrock.models import Base
from local.bedrock.prompt import Cues
from local.bedrock.relevance import Relevance
from local.bedrock.scene import Example as Exchange
from local.bedrock.scene import parse_scene
from local.bedrock.training_data import Conversation
from local.tuning.adapters import Adapter
from local.tuning.network import Network
from local.tuning.packing import Example, pack
from local.tuning.shapes import Weights
from tests.tuning_models import BYTES, random_adapter, random_weights, shape_of, write_gguf

gguf = pytest.importorskip("gguf")

SYSTEM = ('<character name="Bo">\nBo keeps the gate.\n</character>\n<example><note>The gate: It is of oak.</note>'
          "<player>What is it made of?</player><reply>Oak, friend.</reply></example>",)  # fmt: skip
TEXT = "Traveller: Who goes there?\nBo:"
SMALL = "smollm2-135m-instruct"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A tiny model whose tokens are the bytes of a text."""
    path = tmp_path_factory.mktemp("base") / "tiny.gguf"
    write_gguf(path, random_weights(shape_of("qwen2")))
    return Base(path, Llama(path, threads=1), Relevance(None))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
@pytest.mark.parametrize("adapted", [False, True])
def test_the_same_chances_as_the_runtime(tmp_path: Path, architecture: str, adapted: bool) -> None:
    from local.tuning.adapter_file import write_adapter

    weights = random_weights(shape_of(architecture), np.float32)
    write_gguf(tmp_path / "model.gguf", weights)
    adapter = random_adapter(weights.shape, dtype=np.float32)
    if not adapted:
        adapter.values[...] = 0
    write_adapter(tmp_path / "adapter.gguf", adapter, architecture, "test")
    model = Llama(tmp_path / "model.gguf", 1, tmp_path / "adapter.gguf" if adapted else None, slots=1)
    tokens = asyncio.run(model.tokens(TEXT, whole=True))
    assert tokens == list(TEXT.encode())
    # The runtime keeps keys and values in 16 bits.
    _compare(_top(model, tokens), weights, adapter, tokens, tolerance=0.01)


def test_the_same_chances_with_quantised_weights() -> None:
    directory = models.default_directory()
    if not models.installed(SMALL, directory):
        pytest.skip(f"weights are not installed; run: python -m local.models {SMALL}")
    from local.tuning.weights import read_weights

    path = models.weights_file(SMALL, directory)
    model, weights = Llama(path, slots=1), read_weights(path)
    tokens = asyncio.run(model.tokens(f"Note: The mill turns from noon until dusk.\n{TEXT}", whole=True))
    # It rounds what goes into a product to 8 bits.
    _compare(_top(model, tokens), weights, Adapter(weights.shape, 1, 1.0), tokens, tolerance=0.25)


def test_what_is_learned_begins_and_ends_like_what_is_asked(base: Base) -> None:
    conversation = Conversation(SYSTEM, (("user", "Who\ngoes?"), ("assistant", "Bo: me."), ("user", "Why?"),
                                         ("assistant", "For oak.")))  # fmt: skip
    (example,) = asyncio.run(Lessons(base).of_conversations([conversation], rehearsed=False))
    text = bytes(example.tokens).decode()
    scene = parse_scene(SYSTEM)
    assert scene is not None
    asked = prompt.render(scene, Cues((), (), ()), [("Who\ngoes?", "Bo: me.")], "Why?")
    opening = prompt.opening(scene)
    worked = "".join(prompt.asked(scene, each) + prompt.answered(scene, each) for each in prompt.WORKED)
    assert opening + worked + text.removeprefix(opening) == asked + " For oak.\n\n"
    assert [text[start:end] for start, end in example.learned] == [" Bo, me.\n\n", " For oak.\n\n"]


def test_a_conversation_without_a_character_follows_the_template(base: Base) -> None:
    conversation = Conversation(("Be kind.",), (("user", "Hm?"), ("assistant", "Aye."), ("user", "Ho?"),
                                                ("assistant", "No <|end|>.")))  # fmt: skip
    examples = asyncio.run(Lessons(base).of_conversations([conversation], rehearsed=True))
    texts = [bytes(token for token in example.tokens if token < BYTES).decode() for example in examples]
    assert len(texts) == 2
    assert texts[1].startswith(texts[0].removesuffix("\n").removesuffix("Aye.<|im_end|>"))
    learned = [bytes(example.tokens[start:]).decode() for example in examples for start, _ in example.learned]
    assert learned == ["Aye.<|im_end|>\n", "No <|end|>.<|im_end|>\n"]


def test_long_conversations_and_texts_are_cut(base: Base) -> None:
    turns = [("user", "w " * 40), ("assistant", "a " * 30)] * 12
    examples = asyncio.run(Lessons(base).of_conversations([Conversation(SYSTEM, tuple(turns))], rehearsed=False))
    assert sum(len(example.learned) for example in examples) == 12
    assert all(len(example.tokens) <= MOST_TOKENS for example in examples)
    long = [("user", "w " * 2000), ("assistant", "a " * 2000)]
    (example,) = asyncio.run(Lessons(base).of_conversations([Conversation(SYSTEM, tuple(long))], rehearsed=False))
    assert len(example.tokens) == MOST_TOKENS
    pieces = asyncio.run(Lessons(base).of_texts(["x" * (2 * TEXT_TOKENS + 5)]))
    assert [len(piece.tokens) for piece in pieces] == [TEXT_TOKENS + 1, TEXT_TOKENS + 1, 5]
    assert sum(piece.targets for piece in pieces) == 2 * TEXT_TOKENS + 4


def test_the_character_rehearses_to_answer_from_notes() -> None:
    scene = parse_scene(SYSTEM)
    assert scene is not None
    few = [exchange for dialogue in rehearsal.for_scene(scene, 8) for exchange in dialogue]
    assert few[:3] == [
        Exchange("", "Who are you?", "I am Bo."),
        Exchange("", "What do they call you?", "They call me Bo."),
        *scene.examples,
    ]
    many = [exchange for dialogue in rehearsal.for_scene(scene, 100) for exchange in dialogue]
    assert len(many) == 25
    assert sum(bool(exchange.note) for exchange in many) == 23


def test_every_second_line_is_learned_beside_a_note_that_does_not_bear_on_it(base: Base) -> None:
    turns = [(("user", f"Call {number}?"), ("assistant", "Hum.")) for number in range(40)]
    conversations = [Conversation(SYSTEM, each) for each in turns]
    lessons = Lessons(base)
    learned, again = (asyncio.run(lessons.of_conversations(conversations, rehearsed=True)) for _ in range(2))
    texts = [bytes(example.tokens).decode().removeprefix("Bo keeps the gate.") for example in learned[:40]]
    noted = [text for text in texts if "Note: " in text]
    assert 10 <= len(noted) <= 30
    assert all(any(f"Note: {each.note}" in text for each in rehearsal.AUTHORED) for text in noted)
    assert again == learned
    plain = asyncio.run(lessons.of_conversations(conversations, rehearsed=False))
    assert len(plain) == 40
    assert not any("Note: " in bytes(example.tokens).decode() for example in plain)


def _top(model: Llama, tokens: list[int]) -> dict[int, float]:
    """The runtime's likeliest next tokens, with the logarithms of their chances."""

    async def ask() -> Any:
        # Chances are told of tokens that make letters; the bias chooses one, and leaves the chances as they are.
        body = {"prompt": tokens, "n_predict": 1, "n_probs": 10, "temperature": 0, "logit_bias": [[65, 100.0]]}
        async with httpx.AsyncClient(base_url=model._http.base_url, headers=model._http.headers) as client:
            return (await client.post("/completion", json=body, timeout=60)).json()

    found = asyncio.run(ask())["completion_probabilities"][0]["top_logprobs"]
    return {each["id"]: each["logprob"] for each in found}


def _compare(
    expected: dict[int, float], weights: Weights, adapter: Adapter, tokens: list[int], tolerance: float
) -> None:
    example = Example((*tokens, 0), ((len(tokens), len(tokens) + 1),))
    logits = Network(weights, adapter).logits(pack([example]))[0].astype(np.float64)
    chances = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    assert len(expected) == 10
    for token, chance in expected.items():
        assert chances[token] == pytest.approx(chance, abs=tolerance)
