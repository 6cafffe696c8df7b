"""Recipes: every base model is one that can be called, and hyperparameters stay in their ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import InvalidRequest
from npcops.model_prices import chat_model
from npcops.recipes import Hyperparameter, known_recipes, recipe

NOVA, LOCAL = "amazon.nova-micro-v1:0", "qwen.qwen2.5-coder-0.5b-instruct"
FINE, MORE = "fine-tuning", "continued-pre-training"


@pytest.mark.parametrize("base", sorted(known_recipes()))
def test_each_recipe_is_of_a_model_that_can_be_called_and_has_defaults_in_range(base: str) -> None:
    found = known_recipes()[base]
    assert chat_model(base).entry.family == found.family
    assert found.customizes.startswith(base)
    assert len(known_recipes()) == len({each.customizes for each in known_recipes().values()})
    for kind, training in found.types.items():
        given_back = found.hyperparameters(kind, {each.name: each.default for each in training.hyperparameters})
        assert given_back == found.hyperparameters(kind, {})
        assert training.most_tokens <= chat_model(base).entry.context_tokens * 1.05
        assert not training.most_records or training.least_records < training.most_records


def test_the_families_of_the_requirements_are_there_and_titan_learns_plain_text_too() -> None:
    families = {each.family for each in known_recipes().values()}
    assert families == {"nova", "llama", "titan", "local"}
    learning_text = {each.family for each in known_recipes().values() if MORE in each.types}
    assert learning_text == {"titan", "local"}


def test_an_inference_profile_tells_its_model() -> None:
    assert recipe(f"us.{NOVA}") is recipe(NOVA)


@pytest.mark.parametrize("base", ["", "anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova"])
def test_a_model_without_a_recipe_is_refused_with_those_that_have_one(base: str) -> None:
    with pytest.raises(InvalidRequest, match=r"amazon\.nova-lite-v1:0"):
        recipe(base)


def test_what_is_given_stands_in_the_place_of_the_default() -> None:
    given_back = recipe(NOVA).hyperparameters(FINE, {"epochCount": "5", "learningRate": " 2e-5 "})
    assert given_back == {"epochCount": "5", "learningRate": "2e-5", "learningRateWarmupSteps": "10"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("epochCount", "6", "from 1 to 5"),
        ("epochCount", "0", "from 1 to 5"),
        ("epochCount", "1.5", "whole"),
        ("epochCount", "many", "not a number"),
        ("learningRate", "nan", "from 1e-06 to 0.0001"),
        ("learningRate", "inf", "from 1e-06 to 0.0001"),
        ("batchSize", "1", "no hyperparameter 'batchSize'"),
    ],
)
def test_a_value_out_of_range_and_an_unknown_name_are_refused(name: str, value: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        recipe(NOVA).hyperparameters(FINE, {name: value})


@given(st.text(max_size=12))
def test_no_value_gets_through_that_is_no_number_in_range(value: str) -> None:
    known: dict[str, Hyperparameter] = {each.name: each for each in recipe(LOCAL).training(FINE).hyperparameters}
    for name, bound in known.items():
        try:
            accepted = recipe(LOCAL).hyperparameters(FINE, {name: value})[name]
        except InvalidRequest:
            continue
        assert bound.least <= float(accepted) <= bound.most


def test_a_type_and_a_throughput_that_the_model_does_not_have_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="but by: fine-tuning"):
        recipe(NOVA).training(MORE)
    llama = recipe("meta.llama3-1-8b-instruct-v1:0")
    with pytest.raises(InvalidRequest, match="provisioned throughput alone"):
        llama.runs_on("on-demand")
    assert (llama.runs_on(None), recipe(NOVA).runs_on(None)) == ("provisioned", "on-demand")
    assert recipe(NOVA).runs_on("provisioned") == "provisioned"
