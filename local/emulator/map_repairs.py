"""Repairs to MiniStack's Distributed Map: its fields in JSONata, which MiniStack 1.5.33 reads as JSONPath there."""

from __future__ import annotations

from typing import Any

# Of those that a Distributed Map may have, these are the ones that npcops uses; ItemSelector is not among them.
EVALUATED = ("ItemReader", "MaxConcurrency", "ToleratedFailurePercentage")
RESULTING = ("Output", "Assign")


def evaluate_jsonata(stepfunctions: Any) -> None:
    """Evaluate the fields of a Distributed Map before it runs, and what it puts out afterwards.

    As on AWS, what was assigned outside is not seen inside.
    """
    run = stepfunctions._run_distributed_map

    def run_in_jsonata(
        state: dict[str, Any], given: Any, effective: Any, processor: dict[str, Any], execution: Any, context: Any
    ) -> tuple[Any, Any]:
        if stepfunctions._state_query_language(state, context) != "JSONata":
            outcome: tuple[Any, Any] = run(state, given, effective, processor, execution, context)
            return outcome
        plain = {name: value for name, value in state.items() if name not in RESULTING}
        for name in EVALUATED:
            if name in state:
                plain[name] = stepfunctions._apply_jsonata_template(state[name], given, context)
        inside = {**context, "variables": {}}
        result, following = run(plain, given, effective, processor, execution, inside)
        output = stepfunctions._apply_jsonata_output(state, given, context, result=result, default=result)
        stepfunctions._apply_state_assign(state, given, context, result=result)
        return output, following

    stepfunctions._run_distributed_map = run_in_jsonata
