"""One name everywhere: folder, logical id, state, substitution, operation, sample."""

import re

import pytest

from tests.infra.asl import scopes
from tests.infra.descriptions import (
    ROOT,
    folder,
    functions,
    machine,
    machine_text,
    operations,
    pipeline_text,
    resources,
    template,
)

FUNCTIONS = sorted(functions())


def test_every_folder_is_a_function_and_every_function_has_its_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == {folder(name) for name in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_built_from_the_folder_of_its_name(name: str) -> None:
    assert functions()[name]["CodeUri"] == f"functions/{folder(name)}/"
    assert functions()[name]["Handler"] == "app.handler"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_pure_source(name: str) -> None:
    found = {path.name for path in (ROOT / "functions" / folder(name)).iterdir() if path.name != "__pycache__"}
    assert found == {"app.py"}


@pytest.mark.parametrize("name", sorted(resources("AWS::Serverless::StateMachine")))
def test_a_task_state_has_the_name_of_its_function(name: str) -> None:
    states = [state for scope in scopes(machine(folder(name))) for state in scope["States"].items()]
    called = {task: state["Arguments"]["FunctionName"] for task, state in states if state["Type"] == "Task"}
    assert called == {task: f"${{{task}Arn}}" for task in called}
    assert called.keys() <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(resources("AWS::Serverless::StateMachine")))
def test_every_substitution_is_bound_and_every_binding_is_used(name: str) -> None:
    """A function's ARN, or a parameter."""
    bound = resources("AWS::Serverless::StateMachine")[name]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", machine_text(folder(name)))) == set(bound)
    arn = {one: {"Fn::GetAtt": [one.removesuffix("Arn"), "Arn"]} for one in bound}
    assert bound == {one: {"Ref": one} if one in template()["Parameters"] else arn[one] for one in bound}


def test_a_state_machine_has_the_name_of_its_file() -> None:
    for name, body in resources("AWS::Serverless::StateMachine").items():
        assert body["Properties"]["DefinitionUri"] == f"statemachines/{folder(name)}.asl.json"
        assert (ROOT / body["Properties"]["DefinitionUri"]).exists()


def test_an_operation_has_the_name_of_its_function() -> None:
    for operation in operations().values():
        function = operation["operationId"][0].upper() + operation["operationId"][1:]
        assert f"${{{function}.Arn}}" in operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_a_layer_has_the_name_of_its_folder_and_its_makefile_a_target_for_it() -> None:
    for name, body in resources("AWS::Serverless::LayerVersion").items():
        place = body["Properties"]["ContentUri"]
        # What processing jobs run is no library of functions, and has a folder of its own.
        above = "" if name == "TrainingLayer" else "layers/"
        assert place == f"{above}{folder(name.removesuffix('Layer'))}/"
        assert f"build-{name}:" in (ROOT / place / "Makefile").read_text()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_sample_event(name: str) -> None:
    triggers = {
        "Remember": "sqs_turn_spoken",
        "SampleTurn": "sqs_turn_spoken",
        "StreamTurn": "stream/speak",
        "TakeCallback": "sqs_callback",
    }
    places = [f"{folder(name)}.json", f"api/{folder(name)}.json", f"{triggers.get(name)}.json"]
    assert any((ROOT / "events" / place).exists() for place in places)


def test_every_parameter_and_condition_is_used() -> None:
    text = re.sub(r"(?m)#.*$", "", (ROOT / "template.yaml").read_text()) + pipeline_text()
    unused = [
        name
        for name in (*template()["Parameters"], *template()["Conditions"])
        if len(re.findall(rf"\b{name}\b", text)) < 2
    ]
    assert unused == []


def test_names_that_are_given_are_given_per_stage() -> None:
    """Two stages may share an account: a fixed name would make the second deployment fail."""
    fixed = re.findall(r"(?m)^\s+(?:Name|\w+Name|PolicyName): (npcops[^$\n]*)$", (ROOT / "template.yaml").read_text())
    assert fixed == []
    schedule = functions()["ReconcileTitles"]["Events"]["Nightly"]["Properties"]
    assert "${Stage}" in schedule["Name"]["Fn::Sub"]
