"""A `TuningPipeline` in memory whose callback steps wait for their answers, as SageMaker's do."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from npcops.errors import NotFound
from npcops.tunings import PipelineRun, StepState

EXECUTION = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/npcops-test-tune/execution/abcdefghijkl"
NAMES = {"tune": "Tune", "evaluate": "Evaluate"}


@dataclass
class Waiting:
    """A callback step, and what it was told."""

    name: str
    status: str = "Executing"
    outputs: dict[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass
class MemoryCallbacks:
    """One execution of the pipeline. `answers` counts, by token, what was taken; what came too late was not."""

    status: str = "Executing"
    steps: dict[str, Waiting] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)

    def wait(self, token: str, arguments: dict[str, str], status: str = "Executing") -> str:
        """A step begins to wait; the body of its message."""
        self.steps.setdefault(token, Waiting(NAMES[arguments["Step"]]))
        told = {"token": token, "pipelineExecutionArn": EXECUTION, "status": status, "arguments": arguments}
        return json.dumps(told)

    def start(self, name: str, token: str, parameters: dict[str, str]) -> str:
        """See TuningPipeline."""
        return EXECUTION

    def run(self, execution: str) -> PipelineRun:
        """See TuningPipeline."""
        if execution != EXECUTION:
            raise NotFound("There is no such execution.")
        return PipelineRun(self.status, tuple(StepState(one.name, one.status) for one in self.steps.values()))

    def stop(self, execution: str = EXECUTION) -> None:
        """See TuningPipeline. What waits has to answer before the pipeline is stopped."""
        self.status = "Stopping"

    def give_up(self) -> None:
        """The pipeline ends without waiting any longer."""
        self.status = "Stopped"
        for step in self.steps.values():
            if step.status == "Executing":
                step.status = "Stopped"

    def succeed(self, token: str, outputs: dict[str, str]) -> bool:
        """See TuningPipeline."""
        assert all(isinstance(value, str) and 0 < len(value) <= 1024 for value in outputs.values())
        if not self._taken(token, "Succeeded"):
            return False
        self.steps[token].outputs = outputs
        return True

    def fail(self, token: str, reason: str) -> bool:
        """See TuningPipeline."""
        if not self._taken(token, "Failed"):
            return False
        self.steps[token].reason = reason
        return True

    def _taken(self, token: str, status: str) -> bool:
        step = self.steps.get(token)
        if step is None or step.status != "Executing":
            return False
        step.status = status
        self.answers[token] += 1
        if self.status == "Stopping":
            self.status = "Stopped"
        elif status == "Failed":
            self.status = "Failed"
        return True
