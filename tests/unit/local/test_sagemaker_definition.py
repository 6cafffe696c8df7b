"""What the local SageMaker reads in a definition, and what it refuses before anything runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.sagemaker import conditions, definition
from local.sagemaker.errors import SageMakerError, StepFailed
from local.sagemaker.expressions import Scope, evaluate, references, walk


def callback(name: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Callback", "SqsQueueUrl": "http://q", "Arguments": {}, **more}


def document(**more: Any) -> dict[str, Any]:
    return {"Version": "2020-12-01", "Steps": [callback("Ask")], **more}


def refused(content: Any) -> str:
    with pytest.raises(SageMakerError) as error:
        definition.parse(content if isinstance(content, str) else json.dumps(content))
    assert error.value.name == "ValidationException"
    return error.value.message


def test_steps_wait_for_what_they_depend_on_and_for_what_they_refer_to() -> None:
    outputs = [{"OutputName": "Word", "OutputType": "String"}]
    inner = callback("Inner", Arguments={"Word": {"Get": "Steps.Ask.OutputParameters['Word']"}})
    equal = {"Type": "Equals", "LeftValue": {"Get": "Steps.Ask.OutputParameters['Word']"}, "RightValue": "x"}
    choice = {"Name": "Choice", "Type": "Condition", "Arguments": {"Conditions": [equal], "ElseSteps": [inner]}}
    steps = definition.parse(
        json.dumps(
            document(Steps=[choice, callback("Ask", OutputParameters=outputs), callback("B", DependsOn=["Ask"])])
        )
    ).steps
    assert {name: sorted(step.needs) for name, step in steps.items()} == {
        "Choice": ["Ask"],
        "Inner": ["Ask"],
        "Ask": [],
        "B": ["Ask"],
    }
    assert steps["Inner"].branch == ("Choice", False)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not valid JSON"),
        (document(Version="2021-01-01"), "Version is 2020-12-01"),
        (document(Extra=1), "it is an object of"),
        (document(Steps=[]), "list of Steps"),
        (document(Steps=[callback("Ask"), callback("Ask")]), "two steps are named Ask"),
        (document(Steps=[callback("no spaces")]), "a step has a Name"),
        (document(Steps=[callback("Ask", CacheConfig={})]), "it has no member CacheConfig"),
        (document(Steps=[callback("Ask", Arguments={"A": {"B": "C"}})]), "the argument A is nested"),
        (document(Steps=[callback("Ask", DependsOn=["Gone"])]), "a step Gone, which is not there"),
        (document(Steps=[callback("Ask", Arguments={"A": {"Get": "Execution.Gone"}})]), "Execution.Gone"),
        (document(Steps=[callback("Ask", Arguments={"A": {"Get": "Elsewhere.x"}})]), "nothing that Get can name"),
        (document(Steps=[callback("Ask", Arguments={"A": {"Std:Join": {"Values": "x"}}})]), "Std:Join takes"),
        (document(Parameters=[{"Name": "A", "Type": "Integer", "DefaultValue": "x"}]), "no Integer"),
        (document(Parameters=[{"Name": "A", "Type": "Number"}]), "a Name of its own and a Type"),
        (document(Steps=[{"Name": "End", "Type": "Fail", "Arguments": {}}, callback("B", DependsOn=["End"])]), "ends"),
        (
            document(
                Steps=[{"Name": "R", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "g", "X": 1}}]
            ),
            "has no member 'X'",
        ),
        (
            document(Steps=[callback("A"), callback("B", Arguments={"X": {"Get": "Steps.A.OutputParameters['Y']"}})]),
            "which does not give it",
        ),
    ],
)
def test_what_is_wrong_is_refused_whole(content: Any, told: str) -> None:
    assert told in refused(content)


def test_values_of_parameters_are_read_by_their_types() -> None:
    parameters = [
        {"Name": "Often", "Type": "Integer"},
        {"Name": "Much", "Type": "Float"},
        {"Name": "Really", "Type": "Boolean"},
        {"Name": "Kind", "Type": "String", "EnumValues": ["a", "b"]},
    ]
    known = definition.parse(json.dumps(document(Parameters=parameters))).parameters
    texts = {"Often": "3", "Much": "0.5", "Really": "true", "Kind": "b"}
    assert [known[name].read(text) for name, text in texts.items()] == [3, 0.5, True, "b"]
    for name, text in {"Often": "x", "Really": "yes", "Kind": "c"}.items():
        with pytest.raises(SageMakerError):
            known[name].read(text)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Type": "Equals", "LeftValue": "a", "RightValue": "a"}, True),
        ({"Type": "GreaterThan", "LeftValue": 2, "RightValue": 1.5}, True),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": 1, "RightValue": 2}, False),
        ({"Type": "LessThan", "LeftValue": 1, "RightValue": 2}, True),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 2, "RightValue": 2}, True),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
        ({"Type": "Not", "Expression": {"Type": "In", "QueryValue": 1, "Values": [2]}}, True),
        ({"Type": "Or", "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 2}]}, False),
    ],
)
def test_conditions_hold_or_not(condition: dict[str, Any], expected: bool) -> None:
    assert list(conditions.problems(condition)) == []
    assert conditions.holds(condition, lambda value: value) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"Type": "Matches", "LeftValue": "a", "RightValue": "a"},
        {"Type": "Equals", "LeftValue": "a"},
        {"Type": "Equals", "LeftValue": ["a"], "RightValue": "a"},
        {"Type": "Or", "Conditions": []},
        {"Type": "Not", "Expression": {"Type": "Matches"}},
        "true",
    ],
)
def test_malformed_conditions_are_told(condition: Any) -> None:
    assert list(conditions.problems(condition))


def test_a_text_is_not_compared_with_a_number() -> None:
    with pytest.raises(StepFailed, match="cannot compare a text with a number"):
        conditions.holds({"Type": "Equals", "LeftValue": "1", "RightValue": 1}, lambda value: value)


def test_expressions_are_evaluated_wherever_they_are() -> None:
    properties = {"Ask": {"Outputs": [{"OutputName": "data", "S3Output": {"S3Uri": "s3://b/k"}}]}}
    scope = Scope(
        {"Title": "salt", "Times": 3}, {"PipelineName": "tune"}, lambda name, path: walk(properties[name], path)
    )
    value = {
        "a": [
            {"Std:Join": {"On": "/", "Values": ["x", {"Get": "Parameters.Times"}, {"Get": "Execution.PipelineName"}]}}
        ],
        "b": {"Get": "Steps.Ask.Outputs['data'].S3Output.S3Uri"},
        "c": {"Get": "Steps.Ask.Outputs[0].OutputName"},
        "d": 1,
    }
    assert evaluate(value, scope) == {"a": ["x/3/tune"], "b": "s3://b/k", "c": "data", "d": 1}
    assert [reference.name for reference in references(value)] == ["Times", "PipelineName", "Ask", "Ask"]


def test_properties_that_are_not_there_are_missed() -> None:
    for path in (("Outputs", "other"), ("Outputs", 3), ("Gone",), ("Outputs", 0, "OutputName", "deeper")):
        with pytest.raises(KeyError):
            walk({"Outputs": [{"OutputName": "data"}]}, path)
