"""The file of models: how a model is found in it, and what a call costs."""

from __future__ import annotations

import re

import pytest

from npcops.errors import ModelFailed
from npcops.model_prices import Prices, chat_model, embedding_model, known_models


def test_cost_counts_cached_tokens_at_their_own_price() -> None:
    prices = Prices(input=1.0, output=5.0, as_of="2026-10", cache_read=0.1, cache_write=1.25)
    assert prices.cost(100, 10, 1000, 2000) == pytest.approx((100 * 1.0 + 1000 * 0.1 + 2000 * 1.25 + 10 * 5.0) / 1e6)


def test_without_cache_prices_all_input_costs_the_same() -> None:
    assert Prices(input=2.0, output=0.0, as_of="2026-10").cost(1, 5, 2, 3) == pytest.approx(6 * 2.0 / 1e6)


def test_regional_profiles_cost_their_surcharge() -> None:
    prices = [chat_model(f"{place}.anthropic.claude-haiku-4-5-20251001-v1:0").prices for place in ("global", "eu")]
    assert prices[1].output == pytest.approx(prices[0].output * 1.1)
    assert prices[1].cache_read == pytest.approx((prices[0].cache_read or 0) * 1.1)


@pytest.mark.parametrize(
    "name",
    [
        "amazon.nova-lite-v1:0",
        "apac.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0",
    ],
)
def test_a_model_is_known_by_id_profile_and_arn(name: str) -> None:
    assert chat_model(name).entry.family == "nova"
    assert chat_model(name).id == name


def test_a_custom_model_states_its_base_model() -> None:
    arn = "arn:aws:bedrock:us-east-1:111122223333:custom-model-deployment/abcdefghijkl"
    spec = chat_model(f"meta.llama3-1-8b-instruct-v1:0@{arn}")
    assert (spec.id, spec.entry.family) == (arn, "llama")


@pytest.mark.parametrize("name", ["acme.talk-1", "us.acme.talk-1", "", "arn:aws:bedrock:us-east-1:1:imported-model/x"])
def test_an_unknown_model_is_an_error_that_says_what_to_add(name: str) -> None:
    with pytest.raises(ModelFailed, match=r"models\.json.*family, context_tokens.*@<its ARN>"):
        chat_model(name)
    with pytest.raises(ModelFailed, match=r"models\.json.*dimensions, batch"):
        embedding_model(name)


def test_every_price_states_the_month_it_was_compared() -> None:
    prices = [entry.prices for entry in known_models().chat.values()]
    prices += [entry.prices for entry in known_models().embedding.values()]
    assert all(re.fullmatch(r"20\d\d-\d\d", price.as_of) for price in prices)
    assert "estimates" in known_models().note
