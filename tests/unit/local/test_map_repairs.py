"""The repair of the embedded cloud's Distributed Map, on a stand-in of the emulator's module."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from local.emulator import map_repairs

STATE = {
    "Type": "Map",
    "MaxConcurrency": "{% concurrency %}",
    "ToleratedFailurePercentage": 100,
    "ItemReader": {"Arguments": {"Bucket": "{% bucket %}"}},
    "Output": "{% output %}",
    "Assign": {"seen": "{% seen %}"},
    "Next": "Done",
}


def emulator(language: str, ran: list[Any]) -> Any:
    """What the repair uses of MiniStack; an expression evaluates to itself in capitals."""

    def evaluated(value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, dict):
            return {name: evaluated(inner) for name, inner in value.items()}
        return value[2:-2].strip().upper() if isinstance(value, str) and value.startswith("{%") else value

    def run(state: Any, given: Any, effective: Any, processor: Any, execution: Any, context: Any) -> Any:
        ran.append((state, context))
        return ["result"], state["Next"]

    def assign(state: Any, given: Any, context: Any, result: Any) -> None:
        context["variables"].update(evaluated(state["Assign"]))

    return SimpleNamespace(
        _run_distributed_map=run,
        _state_query_language=lambda *_: language,
        _apply_jsonata_template=evaluated,
        _apply_jsonata_output=lambda state, *_, **__: evaluated(state["Output"]),
        _apply_state_assign=assign,
    )


def test_fields_are_evaluated_before_and_output_and_variables_after() -> None:
    ran: list[Any] = []
    module, context = emulator("JSONata", ran), {"variables": {"loaded": 1}}
    map_repairs.evaluate_jsonata(module)
    outcome = module._run_distributed_map(STATE, {}, {}, {}, {}, context)
    assert outcome == ("OUTPUT", "Done")
    ((state, inside),) = ran
    assert (state["MaxConcurrency"], state["ItemReader"]["Arguments"]["Bucket"]) == ("CONCURRENCY", "BUCKET")
    assert state["ToleratedFailurePercentage"] == 100
    assert not {"Output", "Assign"} & state.keys()
    assert inside["variables"] == {}
    assert context["variables"] == {"loaded": 1, "seen": "SEEN"}


def test_a_machine_in_jsonpath_is_left_as_it_is() -> None:
    ran: list[Any] = []
    module = emulator("JSONPath", ran)
    map_repairs.evaluate_jsonata(module)
    assert module._run_distributed_map(STATE, {}, {}, {}, {}, {"variables": {}}) == (["result"], "Done")
    assert ran[0][0] is STATE
