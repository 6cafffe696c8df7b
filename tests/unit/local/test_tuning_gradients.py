"""The network's gradients are those of finite differences, and packing changes neither losses nor gradients."""

from __future__ import annotations

import numpy as np
import pytest

from local.tuning.adapters import Adapter, Gradient
from local.tuning.network import Network
from local.tuning.packing import Example, Packed, pack
from tests.tuning_models import random_adapter, random_weights, shape_of

ARCHITECTURES = ("llama", "qwen2")
ALIKE = [
    Example((7, 1, 9, 4, 30, 31, 32, 8), ((5, 8),)),
    Example((7, 1, 9, 4, 12, 13, 14, 15, 16, 2, 3), ((6, 7), (8, 10))),
    Example((7, 1, 9, 4, 30, 5), ((4, 6),)),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("examples", [ALIKE, ALIKE[:1]], ids=["shared prefix", "alone"])
def test_gradients_are_those_of_finite_differences(architecture: str, examples: list[Example]) -> None:
    network, adapter = _network(architecture)
    batch = pack(examples)
    found = _learned(network, adapter, batch, 0.5)[1].values
    width = 1e-5
    for place in np.random.default_rng(1).choice(len(found), 200, replace=False):
        before = adapter.values[place]
        losses = []
        for moved in (before + width, before - width):
            adapter.values[place] = moved
            losses.append(network.loss(batch))
        adapter.values[place] = before
        assert found[place] == pytest.approx(0.5 * (losses[0] - losses[1]) / (2 * width), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_matrix_of_the_adapter_is_learned(architecture: str) -> None:
    network, adapter = _network(architecture)
    _, found = _learned(network, adapter, pack(ALIKE))
    assert all(np.abs(gradient).max() > 0 for gradient in (*found.down.values(), *found.up.values()))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_packed_batch_has_the_losses_and_gradients_of_its_examples(architecture: str) -> None:
    network, adapter = _network(architecture)
    packed_loss, packed = _learned(network, adapter, pack(ALIKE))
    singles = Gradient(adapter)
    single_loss = sum(network.learn(pack([example]), 1.0, singles) for example in ALIKE)
    assert packed_loss == pytest.approx(single_loss, rel=1e-12)
    np.testing.assert_allclose(packed.values, singles.values, rtol=1e-9, atol=1e-12)


def test_what_is_not_learned_has_no_loss() -> None:
    network, _ = _network("qwen2")
    whole = network.loss(pack([Example((7, 1, 9, 4, 30), ((1, 5),))]))
    parts = [network.loss(pack([Example((7, 1, 9, 4, 30)[:end], ((end - 1, end),))])) for end in range(2, 6)]
    assert whole == pytest.approx(sum(parts), rel=1e-12)


def test_single_precision_is_near_to_double() -> None:
    results = []
    for dtype in (np.float32, np.float64):
        shape = shape_of("qwen2")
        adapter = random_adapter(shape, dtype=dtype)
        loss, found = _learned(Network(random_weights(shape, dtype), adapter), adapter, pack(ALIKE))
        assert found.values.dtype == dtype
        results.append((loss, found.values))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-3, atol=1e-4)


def test_an_untrained_adapter_adds_nothing() -> None:
    shape = shape_of("llama")
    weights = random_weights(shape)
    fresh = Adapter(shape, 4, 8.0, np.float64)
    fresh.start(seed=1)
    assert Network(weights, fresh).loss(pack(ALIKE)) == Network(weights, Adapter(shape, 1, 1.0, np.float64)).loss(
        pack(ALIKE)
    )


def _network(architecture: str) -> tuple[Network, Adapter]:
    shape = shape_of(architecture)
    adapter = random_adapter(shape)
    return Network(random_weights(shape), adapter), adapter


def _learned(network: Network, adapter: Adapter, batch: Packed, share: float = 1.0) -> tuple[float, Gradient]:
    found = Gradient(adapter)
    return network.learn(batch, share, found), found
