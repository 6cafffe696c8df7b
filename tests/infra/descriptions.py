"""The files that describe the application, parsed: template, state machine, API, samples."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "123456789012", "eu-central-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "npcops-dev",
    "AWS::URLSuffix": "amazonaws.com",
}
SERVERLESS = {
    "Stage": "dev",
    "ChatModelId": "eu.amazon.nova-lite-v1:0",
    "ChatFoundationModelId": "amazon.nova-lite-v1:0",
    "TokenIssuer": "https://auth.example.com/",
    "JwksUrl": "https://auth.example.com/jwks.json",
}
DOMAIN = {**SERVERLESS, "VectorStore": "opensearch-domain"}
LOCAL = {**SERVERLESS, "Stage": "local", "VectorStore": "sqlite", "VectorStorePath": "lore.sqlite3"}
ABSENT = object()


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read as their long forms."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


@cache
def template() -> dict[str, Any]:
    """template.yaml with long-form functions."""
    return dict(yaml.load((ROOT / "template.yaml").read_text(), _Loader))


@cache
def api() -> dict[str, Any]:
    """api/openapi.yaml."""
    return dict(yaml.safe_load((ROOT / "api/openapi.yaml").read_text()))


@cache
def machine_text(name: str = "hydrate_lore") -> str:
    """A state machine's definition, with its placeholders."""
    return (ROOT / f"statemachines/{name}.asl.json").read_text()


def machine(name: str = "hydrate_lore") -> dict[str, Any]:
    """A state machine's definition; a new copy each time."""
    return dict(json.loads(machine_text(name)))


def pipeline_text() -> str:
    """The pipeline's definition, with the functions of CloudFormation in it."""
    return (ROOT / "pipelines/tune.json").read_text()


def sample(name: str) -> Any:
    """events/{name}.json."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def resources(*types: str) -> dict[str, dict[str, Any]]:
    """The template's resources of these types, by logical id."""
    return {name: body for name, body in template()["Resources"].items() if body["Type"] in types}


def functions() -> dict[str, dict[str, Any]]:
    """Properties of each function, the globals merged in as SAM does."""
    common = template()["Globals"]["Function"]
    merged = {}
    for name, body in resources("AWS::Serverless::Function").items():
        own = body["Properties"]
        variables = {
            **common["Environment"]["Variables"],
            **own.get("Environment", {}).get("Variables", {}),
        }
        layers = [*common["Layers"], *own.get("Layers", [])]
        merged[name] = {**common, **own, "Environment": {"Variables": variables}, "Layers": layers}
    return merged


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """The API's operations by (method, path)."""
    return {(verb, path): body for path, item in api()["paths"].items() for verb, body in item.items()}


def folder(logical_id: str) -> str:
    """The folder of a function: PlanHydration lives in plan_hydration."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id).lower()


class Stage:
    """The template as one stage sees it: parameters filled in, conditions decided."""

    def __init__(self, parameters: dict[str, str]) -> None:
        declared = template()["Parameters"]
        self.parameters = {name: str(body["Default"]) for name, body in declared.items() if "Default" in body}
        self.parameters |= parameters
        missing = declared.keys() - self.parameters.keys()
        assert not missing, f"parameters without a value: {missing}"

    def holds(self, condition: Any) -> bool:
        """Decide a condition, by name or spelled out."""
        if isinstance(condition, str):
            return self.holds(template()["Conditions"][condition])
        ((function, value),) = condition.items()
        if function == "Fn::Equals":
            left, right = (self.value(side) for side in value)
            return bool(left == right)
        assert function == "Fn::Not", f"{function} is not used so far"
        return not self.holds(value[0])

    def value(self, node: Any) -> Any:
        """A value with its functions evaluated; resources become readable stand-ins."""
        if isinstance(node, list):
            return [found for item in node if (found := self.value(item)) is not ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref":
                return self._ref(argument)
            if function == "Fn::GetAtt":
                return self._ref(argument[0]) if argument[1] == "QueueName" else f"{argument[0]}.{argument[1]}"
            if function == "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._substitute(found[1])), argument)
            if function == "Fn::Join":
                return argument[0].join(map(str, self.value(argument[1])))
            if function == "Fn::Split":
                return str(self.value(argument[1])).split(argument[0])
            if function == "Fn::If":
                return self.value(argument[1] if self.holds(argument[0]) else argument[2])
        return {key: found for key, value in node.items() if (found := self.value(value)) is not ABSENT}

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources that exist at this stage."""
        return {
            name: body
            for name, body in template()["Resources"].items()
            if "Condition" not in body or self.holds(body["Condition"])
        }

    def environment(self, function: str) -> dict[str, str]:
        """Exactly the variables that the function gets from the template."""
        variables = self.value(functions()[function]["Environment"]["Variables"])
        return {name: str(value) for name, value in variables.items()}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        return PSEUDO.get(name) or self.parameters.get(name, name)

    def _substitute(self, name: str) -> Any:
        return name if "." in name else self._ref(name)
