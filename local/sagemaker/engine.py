"""Runs executions: begins each step when what it waits for has succeeded, and ends when nothing is left to do.

Every change of an execution is one transaction, with what the cloud is to be told of it. Jobs are started after it: a
process that is killed in between finds the step executing when it comes back, and starts its job then.
"""

from __future__ import annotations

import string
import time
from collections.abc import Callable
from functools import partial

from local.identifiers import identifier
from local.sagemaker import definition, events, steps
from local.sagemaker.definition import Step
from local.sagemaker.errors import StepFailed, conflict, missing
from local.sagemaker.jobs import Jobs
from local.sagemaker.processing import Outcome
from local.sagemaker.records import (
    EXECUTING,
    FAILED,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    UNDER_WAY,
    Callback,
    Delivery,
    Execution,
    StepRun,
)
from local.sagemaker.registry import Registry
from local.sagemaker.step_kinds import CALLBACK, CONDITION, FAIL, PROCESSING
from local.sagemaker.store import Store

TOKEN_LENGTH = 10
MOST_REASON = 1024
RECENT_SECONDS = 86_400.0
_AFTER_A_STEP = "Step failure: One or multiple steps failed."
Launch = Callable[[], None]


class Engine:
    """All executions. Safe to use from many threads."""

    def __init__(self, store: Store, jobs: Jobs, registry: Registry) -> None:
        self._store, self._jobs, self._registry = store, jobs, registry

    def resume(self) -> None:
        """Go on with whatever an earlier process left: jobs are started anew, callbacks keep waiting."""
        for execution in self._store.all(Execution):
            if execution.status in UNDER_WAY:
                self._change(execution.arn, self._resume)

    def begin(self, execution: Execution) -> None:
        """Keep a new execution. It runs once `advance` is called."""
        with self._store.change():
            self._store.put(execution.arn, execution)
            self._store.deliver(events.of_execution(execution, ""))

    def advance(self, arn: str) -> None:
        """Begin what can begin."""
        self._change(arn, lambda _: [])

    def stop(self, arn: str) -> None:
        """Stop an execution: jobs at once, callbacks when they are answered. Raises SageMakerError."""
        self._change(arn, self._stop)

    def answer(self, token: str, client_token: str, outputs: dict[str, str] | None, reason: str) -> str:
        """What a callback step waited for: its outputs, or None and why it failed. Returns the execution's ARN.

        Raises SageMakerError for a token that is not known, and for one that was answered.
        """
        callback = self._store.find(Callback, token)
        if callback is None:
            raise missing(f"There is no callback step with the token {token}.")

        def told(execution: Execution) -> list[Launch]:
            step, again = execution.steps[callback.step], self._store.find(Callback, token)
            if again and client_token and again.answered_by == client_token:
                return []
            if step.status not in UNDER_WAY:
                raise conflict(f"The callback step {step.name} has ended already: {step.status}.")
            if outputs is None:
                self._end(execution, step, FAILED, reason)
            else:
                declared = definition.parse(execution.definition).steps[step.name].body.get("OutputParameters", [])
                step.properties["OutputParameters"] = steps.typed_outputs(outputs, declared)
                self._end(execution, step, SUCCEEDED)
            self._store.put(token, Callback(callback.execution, callback.step, client_token))
            return []

        self._change(callback.execution, told)
        return callback.execution

    def remind(self) -> int:
        """Send the messages of all callback steps that wait once more, and return how many these are; tell of recent
        ends once more as well.

        AWS has no such thing; but work that was under way in the embedded cloud does not survive its end.
        """
        waiting = 0
        with self._store.change():
            for execution in self._store.all(Execution):
                if execution.status not in UNDER_WAY and execution.modified > time.time() - RECENT_SECONDS:
                    self._store.deliver(events.of_execution(execution, EXECUTING))
                for run in execution.steps.values():
                    if run.token and run.status in UNDER_WAY:
                        self._message(execution, run)
                        waiting += 1
        return waiting

    def undeliverable(self, delivery: Delivery, reason: str) -> None:
        """A message that its queue will never take ends its step."""
        if delivery.kind != "message":
            return

        def failed(execution: Execution) -> list[Launch]:
            step = execution.steps[delivery.step]
            if step.status in UNDER_WAY:
                self._end(execution, step, FAILED, f"ClientError: {reason}")
            return []

        self._change(delivery.execution, failed)

    def _job_ended(self, arn: str, name: str, outcome: Outcome) -> None:
        def ended(execution: Execution) -> list[Launch]:
            step = execution.steps[name]
            status = "Completed" if outcome.status == SUCCEEDED else outcome.status
            step.properties |= {"ExitMessage": outcome.message, "ProcessingJobStatus": status}
            self._end(execution, step, outcome.status, outcome.reason)
            return []

        self._change(arn, ended)

    def _change(self, arn: str, change: Callable[[Execution], list[Launch]]) -> None:
        """Change an execution and begin what can begin then; jobs are launched once all of it is kept."""
        with self._store.change():
            execution = self._store.find(Execution, arn)
            assert execution is not None
            launches = change(execution)
            while (step := self._next(execution)) is not None:
                launches += self._begin(execution, step)
            self._settle(execution)
            self._store.put(arn, execution)
        for launch in launches:
            launch()

    def _next(self, execution: Execution) -> Step | None:
        if execution.status != EXECUTING or any(run.status == FAILED for run in execution.steps.values()):
            return None
        done = {run.name: run for run in execution.steps.values() if run.status == SUCCEEDED}
        for step in definition.parse(execution.definition).steps.values():
            if step.name in execution.steps or not step.needs <= set(done):
                continue
            if step.branch is None:
                return step
            condition, outcome = step.branch
            if condition in done and done[condition].properties["Outcome"] == str(outcome):
                return step
        return None

    def _begin(self, execution: Execution, step: Step) -> list[Launch]:
        run = StepRun(step.name, step.type, time.time())
        execution.steps[step.name] = run
        self._tell(execution, run, "")
        try:
            if step.type == CONDITION:
                run.properties["Outcome"] = str(steps.outcome(execution, step))
            elif step.type == FAIL:
                raise StepFailed(steps.failure(execution, step))
            elif step.type == CALLBACK:
                self._call_back(execution, step, run)
                return []
            elif step.type == PROCESSING:
                named, told_apart = step.name[:20].strip("-_").replace("_", "-"), identifier(10, string.ascii_letters)
                run.job = f"pipelines-{execution.id}-{named}-{told_apart}"
                run.properties = steps.job(execution, step, run.job)
                return [self._launch(execution, run)]
            else:
                run.properties = steps.register(execution, step, self._registry)
        except StepFailed as failed:
            self._end(execution, run, FAILED, str(failed))
        else:
            self._end(execution, run, SUCCEEDED)
        return []

    def _call_back(self, execution: Execution, step: Step, run: StepRun) -> None:
        run.token = identifier(TOKEN_LENGTH, string.ascii_letters)
        run.queue = steps.queue(execution, step)
        self._store.put(run.token, Callback(execution.arn, run.name))
        self._message(execution, run)

    def _message(self, execution: Execution, run: StepRun) -> None:
        step = definition.parse(execution.definition).steps[run.name]
        message = steps.message(execution, step, run)
        self._store.deliver(Delivery("message", message, run.queue, execution.arn, run.name))

    def _launch(self, execution: Execution, run: StepRun) -> Launch:
        ended = partial(self._job_ended, execution.arn, run.name)
        return partial(self._jobs.start, run.job, dict(run.properties), ended)

    def _resume(self, execution: Execution) -> list[Launch]:
        launches = []
        for run in execution.steps.values():
            if run.job and run.status == EXECUTING:
                run.attempts += 1
                launches.append(self._launch(execution, run))
            elif run.job and run.status == STOPPING:
                self._end(execution, run, STOPPED)
        return launches

    def _stop(self, execution: Execution) -> list[Launch]:
        if execution.status not in UNDER_WAY:
            raise conflict(f"Only executions that are Executing can be stopped; this one is {execution.status}.")
        if execution.status == STOPPING:
            return []
        self._turn(execution, STOPPING)
        running = [run for run in execution.steps.values() if run.status == EXECUTING]
        for run in running:
            run.status = STOPPING
            self._tell(execution, run, EXECUTING)
            if run.token:
                self._message(execution, run)
        return [partial(self._jobs.stop, run.job) for run in running if run.job]

    def _end(self, execution: Execution, run: StepRun, status: str, reason: str = "") -> None:
        before, run.status, run.ended, run.failure = run.status, status, time.time(), reason[:MOST_REASON]
        self._tell(execution, run, before)

    def _settle(self, execution: Execution) -> None:
        """End the execution if nothing runs and nothing will begin."""
        if execution.status not in UNDER_WAY or any(run.status in UNDER_WAY for run in execution.steps.values()):
            return
        if execution.status == STOPPING:
            self._turn(execution, STOPPED)
        elif any(run.status == FAILED for run in execution.steps.values()):
            execution.failure = _AFTER_A_STEP
            self._turn(execution, FAILED)
        else:
            self._turn(execution, SUCCEEDED)

    def _turn(self, execution: Execution, status: str) -> None:
        before, execution.status, execution.modified = execution.status, status, time.time()
        self._store.deliver(events.of_execution(execution, before))

    def _tell(self, execution: Execution, run: StepRun, before: str) -> None:
        self._store.deliver(events.of_step(execution, run, steps.metadata(run), before))
