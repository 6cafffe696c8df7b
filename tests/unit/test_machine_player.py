"""The player of state machines: it does what Step Functions does with them, and refuses what it does not know."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests import machine_player
from tests.clock import Clock
from tests.machine_language import Refused
from tests.machine_player import Fault, Player, Run

TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "${WorkArn}", "Payload": {"n": "{% $states.input.n %}"}},
    "Assign": {"n": "{% $states.result.Payload.n %}"},
    "Output": {},
    "Next": "Done",
}
DONE = {"Type": "Succeed", "Output": {"n": "{% $n %}"}}


def twice(event: Any) -> Any:
    return {"n": event["n"] * 2}


def run(
    monkeypatch: pytest.MonkeyPatch, states: dict[str, Any], work: Callable[[Any], Any] = twice, **machine: Any
) -> tuple[Run, Clock]:
    """An execution of a machine with these states, the first of them at its start, which is given `n` = 3."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **machine}
    monkeypatch.setattr(machine_player, "machine_text", lambda name: json.dumps(definition))
    clock = Clock()
    return Player("m", {"Work": work}, clock, {"Seconds": "30"}).start({"n": 3}), clock


def test_results_are_assigned_and_put_out(monkeypatch: pytest.MonkeyPatch) -> None:
    played, _ = run(monkeypatch, {"Work": TASK, "Done": DONE})
    played.finish()
    assert (played.status, played.state, played.output) == ("SUCCEEDED", "Done", {"n": 6})


def test_assignments_see_the_variables_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    swap = {"Type": "Pass", "Assign": {"n": "{% $m %}", "m": "{% $n %}"}, "Next": "Done"}
    first = {"Type": "Pass", "Assign": {"n": 1, "m": 2}, "Next": "Swap"}
    played, _ = run(monkeypatch, {"First": first, "Swap": swap, "Done": {"Type": "Succeed"}})
    assert played.finish().variables == {"n": 2, "m": 1}


def test_a_retry_waits_longer_each_time_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(event: Any) -> Any:
        raise KeyError("n")

    retry = {
        "ErrorEquals": ["KeyError"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxDelaySeconds": 10,
        "MaxAttempts": 3,
    }
    caught = {"ErrorEquals": ["States.ALL"], "Assign": {"why": "{% $states.errorOutput.Error %}"}, "Next": "Failed"}
    failed = {"Type": "Fail", "Error": "{% $why %}"}
    task = {**TASK, "Retry": [retry], "Catch": [caught]}
    played, clock = run(monkeypatch, {"Work": task, "Done": DONE, "Failed": failed}, failing)
    before = clock.now
    played.finish()
    assert (played.status, played.error, len(played.calls)) == ("FAILED", "KeyError", 4)
    assert clock.now - before == 2 + 6 + 10


def test_what_nobody_catches_fails_the_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(event: Any) -> Any:
        raise Fault("States.Timeout")

    task = {**TASK, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Done"}]}
    played, _ = run(monkeypatch, {"Work": task, "Done": DONE}, failing)
    assert (played.finish().status, played.error) == ("FAILED", "States.Timeout")


def test_waiting_moves_the_clock_and_a_machine_ends_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = {"Type": "Wait", "Seconds": "{% $number('${Seconds}') %}", "Next": "Wait"}
    played, clock = run(monkeypatch, {"Wait": wait}, TimeoutSeconds=100)
    before = clock.now
    assert played.finish().status == "TIMED_OUT"
    assert clock.now - before == 120


def test_going_in_circles_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    played, _ = run(monkeypatch, {"Round": {"Type": "Pass", "Next": "Round"}})
    with pytest.raises(Refused, match="circles"):
        played.finish()


def _map(states: dict[str, Any]) -> None:
    states["Work"]["Type"] = "Map"


def _field(states: dict[str, Any]) -> None:
    states["Work"]["HeartbeatSeconds"] = 5


def _rule(states: dict[str, Any]) -> None:
    states["Work"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$", "Next": "Done"}]


def _resource(states: dict[str, Any]) -> None:
    states["Work"]["Resource"] = "arn:aws:states:::sqs:sendMessage"


def _nothing(states: dict[str, Any]) -> None:
    states["Work"]["Arguments"]["Payload"] = {"n": "{% $states.input.m %}"}


def _unassigned(states: dict[str, Any]) -> None:
    states["Done"]["Output"] = {"n": "{% $m %}"}


@pytest.mark.parametrize("harm", [_map, _field, _rule, _resource, _nothing, _unassigned])
def test_what_it_does_not_know_it_refuses(
    monkeypatch: pytest.MonkeyPatch, harm: Callable[[dict[str, Any]], None]
) -> None:
    states = copy.deepcopy({"Work": TASK, "Done": DONE})
    harm(states)
    with pytest.raises(Refused):
        run(monkeypatch, states)[0].finish()
