"""Plays a state machine of `statemachines/` as Step Functions would, in no time, with a test's own functions and clock.

    player = Player("tune_model", {"StartTuningJob": start, "PollTuningJob": poll, ...}, clock,
                    {"TuningPollSeconds": "600", ...})
    run = player.start({"token": "..."})  # begins: nothing has run yet
    run.finish()                          # to the end; or run.step(), a state at a time, and run.kill() in between
    assert (run.status, run.state) == ("SUCCEEDED", "Tuned")

A function takes the payload of its task and returns what Lambda would, or a struct; what it raises is an error of its
class's name, as Lambda reports it, or any other if it raises `Fault`. Waits and retries move `clock` (which is
`tests.clock.Clock` or anything with `now` in seconds); jitter takes the longest time. `run.visited` are the states
entered, in order; `run.calls` the functions called, each retry being a call. `PlayedMachines` is a `MachineStarter`.

It reads the real files: JSONata, and states of type Task (`lambda:invoke`), Pass, Wait, Choice, Succeed and Fail, with
Retry, Catch, Assign, Arguments and Output. What it does not know it refuses, as it does an expression that yields
nothing (null too) and a variable that was never assigned, which are errors on AWS too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from tests.infra.asl import expressions
from tests.infra.descriptions import machine_text
from tests.machine_language import Refused, check, evaluated, names, only, plain

Function = Callable[[Any], Any]
# A machine that has entered so many states is taken to go in circles.
MOST_STATES = 5000


class Ticking(Protocol):
    """A clock that is moved."""

    now: float


class Fault(Exception):
    """An error of any name, such as `Lambda.Unknown` or `States.Timeout`."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(name)
        self.name, self.cause = name, cause


class Run:
    """One execution. `status` is Step Functions' (`RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`)."""

    def __init__(self, player: Player, name: str, given: Any) -> None:
        self._player, self.name = player, name
        self.status, self.state, self.output = "RUNNING", str(player.definition["StartAt"]), plain(given)
        self.error = self.cause = ""
        self.visited: list[str] = []
        self.calls: list[str] = []
        self.variables: dict[str, Any] = {}
        self._began = player.clock.now
        moment = datetime.fromtimestamp(self._began, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        execution = {"Id": f"{player.arn}:{name}", "Name": name, "StartTime": moment, "Input": plain(given)}
        self._context = {"Execution": execution, "StateMachine": {"Name": player.name}}

    def finish(self) -> Run:
        """Go on to the end."""
        while self.status == "RUNNING":
            self.step()
        return self

    def kill(self) -> None:
        """Stop it between two states."""
        if self.status == "RUNNING":
            self.status = "ABORTED"

    def step(self) -> None:
        """Enter the next state and leave it."""
        assert self.status == "RUNNING", f"the execution has {self.status}"
        most = self._player.definition.get("TimeoutSeconds")
        if most is not None and self._player.clock.now - self._began > most:
            self.status = "TIMED_OUT"
            return
        if len(self.visited) >= MOST_STATES:
            raise Refused(f"going in circles: {self.visited[-12:]}")
        state = self._player.definition["States"][self.state]
        self.visited.append(self.state)
        getattr(self, f"_{state['Type'].lower()}")(state)

    def _task(self, state: dict[str, Any]) -> None:
        function = re.fullmatch(r"\$\{(\w+)Arn\}", state["Arguments"]["FunctionName"])
        assert function, "a function is named by its substitution"
        payload = self._value(state["Arguments"]["Payload"])
        attempts: dict[int, int] = {}
        while True:
            try:
                result = {"Payload": self._call(function[1], payload), "StatusCode": 200}
            except Fault as fault:
                if not self._again(state, fault, attempts):
                    self._caught(state, fault)
                    return
                continue
            self._leave(state, state, result=result, otherwise=result)
            return

    def _call(self, function: str, payload: Any) -> Any:
        self.calls.append(function)
        try:
            return plain(self._player.functions[function](plain(payload)))
        except Fault:
            raise
        except AssertionError:
            raise
        except Exception as error:
            told = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            raise Fault(type(error).__name__, json.dumps(told)) from error

    def _again(self, state: dict[str, Any], fault: Fault, attempts: dict[int, int]) -> bool:
        """Wait as the first rule says that names the error, if it allows one more attempt."""
        for number, rule in enumerate(state.get("Retry", [])):
            if names(rule, fault.name):
                done = attempts[number] = attempts.get(number, 0) + 1
                if done > rule.get("MaxAttempts", 3):
                    return False
                seconds = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** (done - 1)
                self._player.clock.now += min(seconds, rule.get("MaxDelaySeconds", seconds))
                return True
        return False

    def _caught(self, state: dict[str, Any], fault: Fault) -> None:
        error = {"Error": fault.name, "Cause": fault.cause}
        for rule in state.get("Catch", []):
            if names(rule, fault.name):
                self._leave(state, rule, error=error, otherwise=error)
                return
        self.status, self.error, self.cause = "FAILED", fault.name, fault.cause

    def _pass(self, state: dict[str, Any]) -> None:
        self._leave(state, state, otherwise=self.output)

    def _wait(self, state: dict[str, Any]) -> None:
        seconds = self._value(state["Seconds"])
        if isinstance(seconds, bool) or seconds != int(seconds) or seconds < 0:
            raise Refused(f"{self.state} waits for {seconds} seconds")
        self._player.clock.now += seconds
        self._leave(state, state, otherwise=self.output)

    def _choice(self, state: dict[str, Any]) -> None:
        for rule in state["Choices"]:
            found = self._value(rule["Condition"])
            if not isinstance(found, bool):
                raise Refused(f"a condition of {self.state} is {found}")
            if found:
                self._leave(state, rule, otherwise=self.output)
                return
        if "Default" not in state:
            raise Refused(f"{self.state} does not know what to choose")
        self._leave(state, {"Next": state["Default"], **only(state, "Assign")}, otherwise=self.output)

    def _succeed(self, state: dict[str, Any]) -> None:
        self._leave(state, {**state, "End": True}, otherwise=self.output)

    def _fail(self, state: dict[str, Any]) -> None:
        self.error, self.cause = (str(self._value(state.get(name, ""))) for name in ("Error", "Cause"))
        self.status = "FAILED"

    def _leave(
        self,
        state: dict[str, Any],
        rule: Mapping[str, Any],
        result: Any = None,
        error: Any = None,
        otherwise: Any = None,
    ) -> None:
        """Assign and put out what the rule says; all of it sees the variables as they were before."""
        given = {name: value for name, value in (("result", result), ("errorOutput", error)) if value is not None}
        assigned = {name: self._value(value, **given) for name, value in rule.get("Assign", {}).items()}
        output = self._value(rule["Output"], **given) if "Output" in rule else otherwise
        self.variables |= assigned
        self.output = output
        if rule.get("End"):
            self.status = "SUCCEEDED"
        else:
            self.state = rule["Next"]

    def _value(self, node: Any, **given: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._value(value, **given) for key, value in node.items()}
        if isinstance(node, list):
            return [self._value(value, **given) for value in node]
        found = list(expressions(node))
        if not found:
            return node
        known = {"states": {"input": self.output, "context": self._context, **given}, **self.variables}
        return evaluated(self._player.filled(found[0]), known)


class Player:
    """A state machine with its functions by logical id, and the values of its substitutions that are no functions."""

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Function],
        clock: Ticking,
        substitutions: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.functions, self.clock = name, functions, clock
        self.arn = f"arn:aws:states:eu-central-1:123456789012:execution:{name}"
        self._substitutions = dict(substitutions or {})
        self.definition: dict[str, Any] = json.loads(machine_text(name))
        check(self.definition)

    def start(self, given: Any, name: str = "one") -> Run:
        """Begin an execution."""
        return Run(self, name, given)

    def filled(self, expression: str) -> str:
        """An expression with its substitutions."""
        return re.sub(r"\$\{(\w+)\}", lambda found: self._substitutions[found[1]], expression)


class PlayedMachines:
    """`MachineStarter`: what was started waits in `runs`, by name, until a test plays it."""

    def __init__(self, players: Mapping[str, Player]) -> None:
        """`players` by what the functions know the machines by."""
        self._players = players
        self.runs: dict[str, Run] = {}
        self.failures: list[Exception] = []

    def start(self, machine: str, name: str, given: dict[str, Any]) -> str:
        """See MachineStarter."""
        if self.failures:
            raise self.failures.pop(0)
        arn = f"{self._players[machine].arn}:{name}"
        if arn not in self.runs:
            self.runs[arn] = self._players[machine].start(given, name)
        return arn

    def running(self, execution: str) -> bool:
        """See MachineStarter."""
        return self.runs[execution].status == "RUNNING"

    def finish(self) -> None:
        """Play everything that runs to its end, whatever starts meanwhile included."""
        while waiting := [run for run in self.runs.values() if run.status == "RUNNING"]:
            for run in waiting:
                run.finish()
