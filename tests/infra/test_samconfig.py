"""Every stage's configuration builds and deploys this template."""

import json
import tomllib

import pytest

from tests.infra.descriptions import ROOT, Stage, template

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
STAGES = ("local", "dev", "qa", "prod")
GIVEN_BY_THE_LAUNCHER = {
    "VectorStorePath": "lore.sqlite3",
    "TokenIssuer": "http://127.0.0.1",
    "JwksUrl": "http://127.0.0.1/k",
}


def overrides(stage: str) -> dict[str, str]:
    """The stage's parameters."""
    return dict(pair.split("=", 1) for pair in CONFIG[stage]["deploy"]["parameters"]["parameter_overrides"])


def test_there_is_a_configuration_for_every_stage_of_the_template() -> None:
    assert set(STAGES) == set(template()["Parameters"]["Stage"]["AllowedValues"])
    assert set(STAGES) <= CONFIG.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_gives_every_parameter_an_allowed_value(stage: str) -> None:
    declared, found = template()["Parameters"], overrides(stage)
    if stage == "local":
        found |= GIVEN_BY_THE_LAUNCHER
    assert found.keys() <= declared.keys()
    assert {name for name, body in declared.items() if "Default" not in body} <= found.keys()
    assert found["Stage"] == stage
    for name, value in found.items():
        allowed = [str(one) for one in declared[name].get("AllowedValues", [value])]
        assert value in allowed, name
    assert Stage(found).environment("Converse")["CHAT_MODEL"] == found["ChatModelId"]


@pytest.mark.parametrize("stage", STAGES)
def test_only_the_local_stage_uses_the_embedded_store(stage: str) -> None:
    assert (overrides(stage)["VectorStore"] == "sqlite") == (stage == "local")


@pytest.mark.parametrize("stage", STAGES)
def test_builds_for_this_machine_and_for_aws_never_share_a_folder(stage: str) -> None:
    build = CONFIG[stage]["build"]["parameters"]
    assert ("build_dir" in build and "cache_dir" in build) == (stage == "local")
    assert build["build_in_source"] is True  # the layers' Makefiles share layers/layer.mk


@pytest.mark.parametrize("stage", STAGES)
def test_an_inference_profile_comes_with_the_model_it_stands_for(stage: str) -> None:
    found = overrides(stage)
    for kind in ("Chat", "Embedding"):
        if f"{kind}FoundationModelId" in found:
            assert found[f"{kind}ModelId"].split(".", 1)[1] == found[f"{kind}FoundationModelId"]


@pytest.mark.parametrize("stage", STAGES)
def test_the_models_of_a_stage_are_known_and_their_vectors_have_the_dimensions_of_the_index(stage: str) -> None:
    known, found = json.loads((ROOT / "layers/npcops/npcops/models.json").read_text()), overrides(stage)
    assert found.get("ChatFoundationModelId", found["ChatModelId"]) in known["chat"]
    dimensions = known["embedding"][found["EmbeddingModelId"]]["dimensions"]
    assert str(found["EmbeddingDimensions"]) in str(dimensions)
