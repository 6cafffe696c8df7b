"""The functions of callback steps as Lambda loads them, called by the real state machines."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest

from npcops import bootstrap, bootstrap_tuning, wiring, wiring_tuning
from npcops.errors import StoreUnavailable
from npcops.evaluations import Verdict
from npcops.golden import GoldenCase, GoldenSuite
from npcops.tunings import Tuning, TuningRequest
from tests.callback_steps import EXECUTION, MemoryCallbacks
from tests.calls import sample
from tests.clock import Clock
from tests.conversation import MIRA
from tests.custom_models import MemoryCustomModels
from tests.handlers.conftest import Load
from tests.machine_player import PlayedMachines, Player
from tests.publishing import publish
from tests.resources import Resources
from tests.tuning_flow import SUBSTITUTIONS

TUNE_FUNCTIONS = (
    "StartTuningJob PollTuningJob StopTuningJob DeployTunedModel PollDeployment FreeThroughput ReportTuningResult"
)
ASSESS_FUNCTIONS = "StartAssessment PollAssessment FreeThroughput ReportAssessment"
SUITE = GoldenSuite("basics", (GoldenCase("toll", "mira", "must-say", ("What does a crossing cost?",)),))
TOKENS = {"tune": "26vcYbeWsZ", "evaluate": "5kPqRs7TuV"}


class Stage:
    """A stage whose pipeline waits in both callback steps, of one run."""

    def __init__(self, resources: Resources, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.title, self.resources = Clock(1_795_000_000.0), title, resources
        self.steps, self.models = MemoryCallbacks(), MemoryCustomModels(self.clock)
        self.players: dict[str, Player] = {}
        self.machines = PlayedMachines(self.players)
        environment = {
            "TRAINING_BUCKET": resources.name("training"),
            "MODELS_BUCKET": resources.name("models"),
            "TUNING_PIPELINE": "npcops-test-tune",
            "TUNING_ROLE": "arn:aws:iam::123456789012:role/tuning",
            "TUNE_MODEL_MACHINE": "T",
            "ASSESS_MODEL_MACHINE": "A",
            "EVALUATION_STATE_MACHINE": resources.machine,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(bootstrap_tuning, "pipeline", lambda: self.steps)
        monkeypatch.setattr(bootstrap_tuning, "custom_models", lambda: self.models)
        monkeypatch.setattr(bootstrap_tuning, "machines", lambda: self.machines)
        self.tuning = sample("start_tuning_job")["message"]["arguments"]["Tuning"]
        asked = Tuning(title, self.tuning, "writer", "2026-11-20T12:00:00.000+00:00", TuningRequest("lines"))
        bootstrap_tuning.tunings().begin(asked)

    def load(self, load: Load) -> None:
        """Start the functions."""
        for key, machine, names in (("T", "tune_model", TUNE_FUNCTIONS), ("A", "assess_model", ASSESS_FUNCTIONS)):
            folders = {
                name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_") for name in names.split()
            }
            functions = {name: load(folder) for name, folder in folders.items()}
            self.players[key] = Player(machine, functions, self.clock, SUBSTITUTIONS)

    def event(self) -> dict[str, Any]:
        """The sample of the queue, about this run; both steps wait."""
        event: dict[str, Any] = copy.deepcopy(sample("sqs_callback"))
        for record in event["Records"]:
            arguments = json.loads(record["body"])["arguments"] | {"Title": self.title}
            record["body"] = self.steps.wait(TOKENS[arguments["Step"]], arguments)
        return event

    @property
    def kept(self) -> Tuning:
        return bootstrap_tuning.tunings().find(self.title, self.tuning)


@pytest.fixture
def stage_of_tuning(stage: Resources, title: str, monkeypatch: pytest.MonkeyPatch, load: Load) -> Stage:
    made = Stage(stage, title, monkeypatch)
    made.load(load)
    return made


def test_a_tuning_goes_through_its_functions(stage_of_tuning: Stage, load: Load) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    event["Records"].pop()
    assert load("take_callback")(event) == {"batchItemFailures": []}
    flow.machines.finish()
    (run,) = flow.machines.runs.values()
    assert (run.status, run.state) == ("SUCCEEDED", "Tuned")
    told = flow.steps.steps[TOKENS["tune"]]
    assert (told.status, told.outputs["DeploymentArn"]) == ("Succeeded", flow.kept.deployment)
    assert flow.models.paid == [flow.kept.deployment]


def test_a_tuning_that_fails_goes_through_the_others(stage_of_tuning: Stage, load: Load) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    flow.models.job_seconds = float("inf")
    event["Records"].pop()
    load("take_callback")(event)
    flow.machines.finish()
    (run,) = flow.machines.runs.values()
    assert {"StopTuningJob", "FreeThroughput", "ReportTuningResult"} <= set(run.visited)
    assert (run.status, run.error) == ("FAILED", "TuningTookTooLong")
    assert "more than 48 hours" in flow.steps.steps[TOKENS["tune"]].reason
    assert flow.kept.failure == flow.steps.steps[TOKENS["tune"]].reason


def test_an_assessment_goes_through_its_functions(stage_of_tuning: Stage, load: Load) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    catalog = bootstrap.catalog()
    publish(catalog, flow.title, "npcs", "mira", msgspec.structs.replace(MIRA, suites=("basics",)))
    publish(catalog, flow.title, "suites", "basics", SUITE)
    held_out = GoldenCase("h1", "mira", "persona", ("Who are you?",), reference="Mira.")
    wiring_tuning.training_files().put(
        flow.title, flow.tuning, "data/heldout.jsonl", msgspec.json.encode(held_out) + b"\n"
    )
    event["Records"].pop(0)
    load("take_callback")(event)
    (run,) = flow.machines.runs.values()
    while not flow.kept.evaluation:
        run.step()
    evaluations = wiring.evaluations()
    known = evaluations.find(flow.title, flow.kept.evaluation)
    assert known.request.candidate.model == json.loads(event["Records"][0]["body"])["arguments"]["Model"]
    assert known.request.npcs == ("mira",)
    evaluations.replace(msgspec.structs.replace(known, state="concluded", verdict=Verdict("passed", ())))
    flow.machines.finish()
    assert (run.status, run.state) == ("SUCCEEDED", "Assessed")
    outputs = flow.steps.steps[TOKENS["evaluate"]].outputs
    assert (outputs["Outcome"], outputs["Evaluation"]) == ("passed", known.id)
    where = f"evaluations/{flow.title}/{known.id}/report/report.json"
    assert outputs["EvaluationUri"] == f"s3://{flow.resources.name('evaluations')}/{where}"


def test_defect_04_every_message_of_a_batch_is_taken_and_a_bad_one_stops_no_other(
    stage_of_tuning: Stage, load: Load
) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    first, last = event["Records"]
    unreadable = {**first, "messageId": "unreadable", "body": "{"}
    refused = {**first, "messageId": "refused", "body": json.dumps({"token": "26vcYbeWs0", "arguments": {}})}
    flow.steps.wait("26vcYbeWs0", {"Step": "tune"})
    event["Records"] = [first, unreadable, refused, last]
    assert load("take_callback")(event) == {"batchItemFailures": [{"itemIdentifier": "unreadable"}]}
    assert len(flow.machines.runs) == 2
    assert flow.steps.answers == {"26vcYbeWs0": 1}


def test_defect_04_a_batch_that_is_delivered_again_starts_nothing_again(stage_of_tuning: Stage, load: Load) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    event["Records"].pop()
    take = load("take_callback")
    for _ in range(3):
        assert take(event) == {"batchItemFailures": []}
    flow.machines.finish()
    assert take(event) == {"batchItemFailures": []}
    assert len(flow.machines.runs) == 1
    assert set(flow.models.started.values()) == {1}
    assert flow.steps.run(EXECUTION).steps[0].status == "Succeeded"


def test_a_message_waits_on_the_queue_while_nothing_can_be_started(stage_of_tuning: Stage, load: Load) -> None:
    flow, event = stage_of_tuning, stage_of_tuning.event()
    flow.machines.failures = [StoreUnavailable("Throttled.")]
    first = event["Records"][0]["messageId"]
    assert load("take_callback")(event) == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert len(flow.machines.runs) == 1
