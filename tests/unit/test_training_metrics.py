"""The losses of a job are read as it writes them, also from files that are not finished; and runs are described."""

from __future__ import annotations

import msgspec
import pytest

from npcops.errors import InvalidRequest, NotFound
from npcops.training_metrics import losses
from npcops.tuning_state import LINKED, Tunings, list_tunings
from npcops.tunings import DataReport, LossPoint, StepState, Tuning, TuningRequest
from tests.resources import Resources
from tests.tuning_runs import Runs

JOB = "output/model-customization-job-xyz/"
TRAINING = f"{JOB}training_artifacts/step_wise_training_metrics.csv"
VALIDATION = f"{JOB}validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
REPORT = DataReport("chat", "local", 12, {"duplicate": 2}, {"train": 8}, {"train": 8}, 900, 120, {"mira": 10})


@pytest.fixture
def runs(moto_resources: Resources, title: str) -> Runs:
    return Runs(moto_resources, title)


def written(runs: Runs, training: str = "", validation: str = "") -> tuple[LossPoint, ...]:
    for name, text in ((TRAINING, training), (VALIDATION, validation)):
        if text:
            runs.files.put(runs.title, "t1", name, text.encode())
    return losses(runs.files, runs.title, "t1")


def test_training_and_validation_meet_at_their_step(runs: Runs) -> None:
    found = written(
        runs,
        "step_number,epoch_number,training_loss,perplexity\n0,0,2.5,12.1\n5,1,1.25,3.5\n",
        "step_number,epoch_number,validation_loss,perplexity\n5,1,1.5,4.5\n9,2,1.4,4.1\n",
    )
    assert found == (LossPoint(0, 0, 2.5), LossPoint(5, 1, 1.25, 1.5), LossPoint(9, 2, None, 1.4))


def test_steps_are_in_order_and_the_last_word_on_a_step_counts(runs: Runs) -> None:
    found = written(runs, "step_number,epoch_number,training_loss\n7,1,1.0\n3,0,2.0\n7,1,0.9\n")
    assert [(point.step, point.training) for point in found] == [(3, 2.0), (7, 0.9)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", []),
        ("step_number,epoch_number,training_loss\n", []),
        ("step_number,epoch_number,training_loss\n1,0,2.0\n2,0", [1]),
        ("step_number,epoch_number,training_loss\n1,0,2.0\n2,0,nan\n3,0,inf\n4,0,many\n5,,1.0\n", [1, 5]),
        ("\ufeffstep_number,epoch_number,training_loss\r\n1,0,2.0\r\n", [1]),
        ("something,else\n1,2\n", []),
    ],
)
def test_what_cannot_be_read_yet_is_left_out(runs: Runs, text: str, steps: list[int]) -> None:
    assert [point.step for point in written(runs, text)] == steps


def test_there_are_no_losses_of_another_run(runs: Runs) -> None:
    written(runs, "step_number,epoch_number,training_loss\n1,0,2.0\n")
    assert losses(runs.files, runs.title, "t") == losses(runs.files, f"{runs.title}-2", "t1") == ()


def looking(runs: Runs) -> Tunings:
    return Tunings(runs.tunings, runs.files, runs.pipeline)


def test_a_run_that_waits_has_a_recipe_and_nothing_more(runs: Runs) -> None:
    asked = TuningRequest(dataset="spring", hyperparameters={"epochCount": "3"})
    offered = runs.offer(runs.title, "ann", asked, "jsonl")
    found = looking(runs).describe(runs.title, offered.tuning)
    assert (found.pipeline, found.losses, found.data, found.files) == (None, (), None, {})
    assert found.hyperparameters["epochCount"] == "3"
    assert len(found.hyperparameters) > 1


def test_a_run_under_way_tells_steps_losses_data_and_files(runs: Runs) -> None:
    runs.take(runs.upload())
    (tuning,) = runs.tunings.newest(runs.title, 1)
    steps = (StepState("Preprocess", "Succeeded"), StepState("Tune", "Executing"))
    runs.pipeline.ends(tuning.execution, "Executing", *steps)
    runs.files.put(runs.title, tuning.id, "data/report.json", msgspec.json.encode(REPORT))
    runs.files.put(runs.title, tuning.id, TRAINING, b"step_number,epoch_number,training_loss\n1,0,2.0\n")
    found = looking(runs).describe(runs.title, tuning.id)
    assert found.pipeline is not None
    assert found.pipeline.steps == steps
    assert (found.data, found.losses) == (REPORT, (LossPoint(1, 0, 2.0),))
    assert list(found.files) == [name for name in LINKED if name in ("request.json", "data/report.json")]


def test_a_run_whose_pipeline_was_made_anew_is_still_told(runs: Runs) -> None:
    runs.take(runs.upload())
    (tuning,) = runs.tunings.newest(runs.title, 1)
    runs.pipeline.runs.clear()
    assert looking(runs).describe(runs.title, tuning.id).pipeline is None


def test_another_title_s_run_is_not_found(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", TuningRequest(dataset="spring"), "jsonl")
    with pytest.raises(NotFound):
        looking(runs).describe(f"{runs.title}-2", offered.tuning)


def test_a_list_goes_on_where_its_page_ended(runs: Runs) -> None:
    for number in range(5):
        runs.tunings.begin(Tuning(runs.title, f"{number:022x}", "ann", "", TuningRequest(dataset="spring")))
    first = list_tunings(runs.tunings, runs.title, "3", None)
    second = list_tunings(runs.tunings, runs.title, "3", first.next)
    assert [one.id[-1] for one in (*first.tunings, *second.tunings)] == ["4", "3", "2", "1", "0"]
    assert second.next is None


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", ""])
def test_a_page_has_up_to_a_hundred(runs: Runs, limit: str) -> None:
    with pytest.raises(InvalidRequest):
        list_tunings(runs.tunings, runs.title, limit, None)
