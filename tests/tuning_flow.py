"""The work of callback steps from end to end: the real state machines and use cases, on ports in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from npcops.assess_model import PollAssessment, StartAssessment
from npcops.report_assessment import ReportAssessment
from npcops.report_tuning import ReportTuningResult
from npcops.start_evaluation import StartEvaluation
from npcops.take_callback import TakeCallback, Taken
from npcops.tuned_throughput import DeployTunedModel, FreeThroughput, PollDeployment
from npcops.tuning_callbacks import Callbacks, read_message
from npcops.tuning_failures import Failure
from npcops.tuning_jobs import PollTuningJob, StartTuningJob, StopTuningJob
from npcops.tunings import Tuning, TuningRequest
from tests.callback_steps import MemoryCallbacks, Waiting
from tests.clock import Clock
from tests.custom_models import MemoryCustomModels
from tests.machine_player import Function, PlayedMachines, Player, Run
from tests.tuning_memory import Cards, HeldOut, MemoryEvaluations, MemoryTunings
from tests.tuning_runs import Outside

TITLE, TUNING, BASE = "saltmarrow", "019a9c4f2d803f1b2c4d5e", "amazon.nova-lite-v1:0"
RUN = f"s3://models/runs/{TITLE}/{TUNING}"
TUNE = {
    "Step": "tune",
    "Title": TITLE,
    "Tuning": TUNING,
    "BaseModel": BASE,
    "Type": "fine-tuning",
    "Throughput": "on-demand",
    "TrainingUri": f"{RUN}/data/train.jsonl",
    "ValidationUri": f"{RUN}/data/validation.jsonl",
    "OutputUri": f"{RUN}/output/",
}
SUBSTITUTIONS = {
    "TuningPollSeconds": "600",
    "TuningMostHours": "48",
    "DeploymentPollSeconds": "60",
    "DeploymentMostMinutes": "120",
    "AssessmentPollSeconds": "60",
    "AssessmentMostHours": "12",
}
LABEL = "production"
TOKEN = "tune000001"


class TuningFlow:
    """A tuning whose pipeline has come to its callback steps. `outside` sees every call of a port.

    `bounds` are parameters of the template that are not as usual.
    """

    def __init__(self, request: TuningRequest | None = None, **bounds: str) -> None:
        self.clock, self.outside = Clock(1_795_000_000.0), Outside()
        begun = Tuning(TITLE, TUNING, "writer", "2026-11-20T12:00:00.000+00:00", request or TuningRequest("lines"))
        self.store, self.steps = MemoryTunings(begun), MemoryCallbacks()
        self.models, self.evaluations = MemoryCustomModels(self.clock), MemoryEvaluations()
        self.cards, self.held_out = Cards(), HeldOut()
        self.functions = self._functions()
        players = {
            "T": Player("tune_model", self.functions, self.clock, SUBSTITUTIONS | bounds),
            "A": Player("assess_model", self.functions, self.clock, SUBSTITUTIONS | bounds),
        }
        self.machines = PlayedMachines(players)
        self.take = TakeCallback(self.machines, self.steps, {"tune": "T", "evaluate": "A"})

    def _functions(self) -> dict[str, Function]:
        watch = self.outside.watch
        store, models, evaluations, callbacks = (
            watch(self.store),
            watch(self.models),
            watch(self.evaluations),
            Callbacks(watch(self.steps)),
        )
        files, cards = watch(self.held_out), watch(self.cards)
        start_job = StartTuningJob(store, files, models, callbacks, "test")
        poll_job, stop_job = PollTuningJob(store, models, callbacks), StopTuningJob(models)
        deploy, poll_deployment = DeployTunedModel(store, models, "test"), PollDeployment(models)
        free, report_tuning = FreeThroughput(store, models, callbacks), ReportTuningResult(store, callbacks)
        begin = StartEvaluation(evaluations, evaluations, evaluations)
        assess = StartAssessment(store, files, cards, begin, callbacks, LABEL)
        poll_assessment = PollAssessment(store, evaluations, evaluations, callbacks)
        report_assessment = ReportAssessment(store, evaluations, evaluations, callbacks)
        return {
            "StartTuningJob": lambda event: start_job(read_message(event["message"])),
            "PollTuningJob": lambda event: poll_job(read_message(event["message"]), event["job"]),
            "StopTuningJob": lambda event: stop_job(event["job"]),
            "DeployTunedModel": lambda event: deploy(read_message(event["message"]), event["custom_model"]),
            "PollDeployment": lambda event: poll_deployment(event["deployment"]),
            "FreeThroughput": lambda event: free(read_message(event["message"])),
            "ReportTuningResult": lambda event: report_tuning(*_report(event)),
            "StartAssessment": lambda event: assess(read_message(event["message"]), event["at"]),
            "PollAssessment": lambda event: poll_assessment(read_message(event["message"])),
            "ReportAssessment": lambda event: report_assessment(*_report(event)),
        }

    @property
    def tuning(self) -> Tuning:
        """What is kept of it."""
        return self.store.find(TITLE, TUNING)

    @property
    def runs(self) -> list[Run]:
        """Every execution that was started."""
        return list(self.machines.runs.values())

    def tune(self, token: str = TOKEN, **arguments: str) -> str:
        """The step Tune waits; its message."""
        return self.steps.wait(token, TUNE | arguments)

    def tuned(self) -> str:
        """The step Tune has ended well, and Evaluate waits; its message."""
        self.take(self.tune())
        self.machines.finish()
        outputs = self.steps.steps[TOKEN].outputs
        given = {name: outputs[name] for name in ("Model", "DeploymentArn")}
        told = {
            "Step": "evaluate",
            "Title": TITLE,
            "Tuning": TUNING,
            **given,
            "HeldoutUri": f"{RUN}/data/heldout.jsonl",
        }
        return self.steps.wait("evaluate01", told)

    def play(self, body: str) -> Run:
        """A message is taken, and its work is done to the end."""
        taken: Taken = self.take(body)
        self.machines.finish()
        return self.machines.runs[taken.execution]

    def always(self, function: str, error: Exception) -> None:
        """From now on a function fails."""

        def failing(event: Any) -> Any:
            raise error

        self.functions[function] = failing

    def first(self, function: str, *errors: Exception, done: bool = False) -> None:
        """The first calls of a function fail, before their work, or after it is `done`."""
        left, work = list(errors), self.functions[function]

        def failing(event: Any) -> Any:
            if not left:
                return work(event)
            if done:
                work(event)
            raise left.pop(0)

        self.functions[function] = failing


def _report(event: Any) -> tuple[Any, Failure]:
    return read_message(event["message"]), msgspec.convert(event["failure"], Failure)


def answer(flow: TuningFlow) -> Waiting:
    """What the step Tune was told: exactly once."""
    assert flow.steps.answers == {TOKEN: 1}
    return flow.steps.steps[TOKEN]


def assert_tuned(flow: TuningFlow) -> None:
    """The pipeline has gone on with a model that was trained and bought once."""
    told = answer(flow)
    (deployment,) = flow.models.paid
    assert told.status == "Succeeded"
    assert (told.outputs["DeploymentArn"], told.outputs["Model"]) == (deployment, f"{BASE}@{deployment}")
    assert set(flow.models.started.values()) == set(flow.models.purchases.values()) == {1}
    assert flow.models.running == []


def assert_nothing_left(flow: TuningFlow, reason: str) -> None:
    """The pipeline was told why, and nothing runs or is paid for."""
    told = answer(flow)
    assert (told.status, reason in told.reason) == ("Failed", True), told.reason
    assert flow.models.paid == flow.models.running == []
    assert flow.tuning.deployment == ""
    assert flow.tuning.failure == told.reason


def ended(run: Run) -> tuple[str, str]:
    """The status of an execution, and its last state."""
    return run.status, run.state
