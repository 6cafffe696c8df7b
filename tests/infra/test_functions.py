"""What functions get from the template: layers and times that fit, and an environment that satisfies their settings."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.descriptions import DOMAIN, LOCAL, ROOT, SERVERLESS, Stage, folder, functions, resources, template

FUNCTIONS = sorted(functions())
API_SECONDS = 29
STAGES = {"local": LOCAL, "serverless": SERVERLESS, "domain": DOMAIN}
# Imports each function in a child process of its own, whose environment is the given one and nothing else.
STARTER = Path(__file__).with_name("starter.py")


def start(wanted: dict[str, dict[str, str]]) -> dict[str, str]:
    """Run the module of each function with its environment; returns what went wrong, by function."""
    done = subprocess.run(
        [sys.executable, str(STARTER)], input=json.dumps(wanted), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("layer", sorted(resources("AWS::Serverless::LayerVersion")))
def test_layers_are_built_for_the_architecture_of_the_functions(layer: str) -> None:
    body, common = resources("AWS::Serverless::LayerVersion")[layer], template()["Globals"]["Function"]
    assert body["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": common["Architectures"][0]}
    assert body["Properties"]["CompatibleArchitectures"] == common["Architectures"]
    assert body["Properties"]["CompatibleRuntimes"] == [common["Runtime"]]


def test_the_layers_makefile_builds_for_the_runtime_of_the_functions() -> None:
    common = template()["Globals"]["Function"]
    text = (ROOT / "layers/layer.mk").read_text()
    assert f"--python-version {common['Runtime'].removeprefix('python')} " in text
    assert {"arm64": "--python-platform aarch64-manylinux_2_34"}[common["Architectures"][0]] in text


@pytest.mark.parametrize("layer", ["deps", "documents", "embedded", "scoring"])
def test_a_layers_lock_pins_every_package_by_hash(layer: str) -> None:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text().replace("\\\n", " ")
    pins = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert pins
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)


def test_the_layer_keeps_what_every_client_reads() -> None:
    """Botocore's descriptions of all other services are left out of it."""
    sources = [file.read_text("utf-8") for file in (ROOT / "layers/npcops/npcops").rglob("*.py")]
    called = {name for text in sources for name in re.findall(r'\bclient\(\s*"([a-z0-9-]+)"', text)}
    kept = re.search(r"(?s)DATA := (.*?[^\\\\])\n", (ROOT / "layers/deps/Makefile").read_text())
    assert kept is not None
    assert {"dynamodb", "s3", "sagemaker", "bedrock"} <= called <= set(kept[1].split())


def test_only_the_local_stage_carries_the_embedded_store() -> None:
    with_it = {name for name, found in STAGES.items() if "EmbeddedLayer" in Stage(found).resources()}
    attached = {
        name
        for name, found in STAGES.items()
        if "EmbeddedLayer" in Stage(found).value(functions()["Converse"]["Layers"])
    }
    assert with_it == attached == {"local"}


def test_only_plan_hydration_carries_the_parsers() -> None:
    stage = Stage(SERVERLESS)
    assert {n for n, body in functions().items() if "DocumentsLayer" in stage.value(body["Layers"])} == {
        "PlanHydration"
    }


def test_only_what_starts_processing_jobs_carries_their_code() -> None:
    stage = Stage(SERVERLESS)
    with_it = {name for name, body in functions().items() if "TrainingLayer" in stage.value(body["Layers"])}
    assert with_it == {"TakeTraining"}


def test_only_what_judges_carries_what_it_judges_with() -> None:
    stage = Stage(SERVERLESS)
    with_it = {name for name, body in functions().items() if "ScoringLayer" in stage.value(body["Layers"])}
    assert with_it == {"ScoreCase", "ConcludeEvaluation", "SampleTurn"}


def test_two_layers_that_meet_in_one_function_have_the_same_numpy() -> None:
    """Their files are laid over each other."""
    pins = [
        {line for line in (ROOT / f"layers/{layer}/requirements.txt").read_text().splitlines() if "numpy==" in line}
        for layer in ("embedded", "scoring")
    ]
    assert pins[0] == pins[1] != set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_defect_11_a_function_behind_the_api_ends_before_the_api_gives_up(name: str) -> None:
    asked_by_the_api = any(event["Type"] == "Api" for event in functions()[name].get("Events", {}).values())
    if asked_by_the_api or name in ("AuthorizeRequest", "AuthorizeConnection", "StreamTurn"):
        assert functions()[name]["Timeout"] < API_SECONDS
    else:
        assert functions()[name]["Timeout"] <= 900


def test_all_titles_are_reconciled_by_a_function_that_no_request_waits_for() -> None:
    assert [event["Type"] for event in functions()["ReconcileTitles"]["Events"].values()] == ["ScheduleV2"]
    assert functions()["ReconcileTitles"]["Timeout"] == 900
    assert [event["Type"] for event in functions()["ReconcileLore"]["Events"].values()] == ["Api"]


def test_a_mass_import_does_not_throttle_the_embedding_model_into_failure() -> None:
    """On AWS alone: the embedded cloud would throttle where there is nothing to spare."""

    def reserved(parameters: dict[str, str]) -> Any:
        return Stage(parameters).value(functions()["EmbedAndIndex"]).get("ReservedConcurrentExecutions")

    assert reserved(SERVERLESS) == "10"
    assert reserved({**SERVERLESS, "EmbeddingConcurrency": "25"}) == "25"
    assert reserved({**SERVERLESS, "EmbeddingConcurrency": "0"}) is None
    assert reserved({**LOCAL, "EmbeddingConcurrency": "25"}) is None
    assert [name for name, body in functions().items() if "ReservedConcurrentExecutions" in body] == ["EmbedAndIndex"]


def test_defect_11_a_model_call_gives_up_before_its_function_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from npcops.adapters.bedrock import runtime_client

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    config: Any = runtime_client().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < functions()["Converse"]["Timeout"]


@pytest.mark.parametrize(
    ("stage", "names"),
    [("local", FUNCTIONS), ("serverless", FUNCTIONS), ("domain", ["SearchLore"])],
    ids=["local", "serverless", "domain"],
)
def test_every_function_starts_with_exactly_the_environment_of_the_template(stage: str, names: list[str]) -> None:
    assert start({name: Stage(STAGES[stage]).environment(name) for name in names}) == {}


@pytest.mark.parametrize(
    ("function", "variable"),
    [("Converse", "PLAYERS_TABLE"), ("AuthorizeRequest", "JWKS_URL"), ("ReconcileLore", "HYDRATION_STATE_MACHINE")],
)
def test_a_function_that_lacks_a_variable_says_which(function: str, variable: str) -> None:
    environment = Stage(LOCAL).environment(function)
    del environment[variable]
    assert variable.lower() in start({function: environment})[function]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_variable_without_a_reader(name: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "layers/npcops/npcops").rglob("*.py"))
    for variable in functions()[name]["Environment"]["Variables"]:
        # The SDK reads where services are.
        assert variable.startswith(("POWERTOOLS_", "AWS_ENDPOINT_URL_")) or variable.lower() in code, variable


def test_folder_names_are_made_of_logical_ids() -> None:
    assert folder("PlanHydration") == "plan_hydration"
