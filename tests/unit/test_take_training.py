"""What an upload of training data leads to: an execution that finds everything it needs, or a reason."""

from __future__ import annotations

import json

import msgspec
import pytest

from npcops import take_training, training_data
from npcops.errors import NotFound
from npcops.training_request import TrainingRequest
from npcops.tunings import TrainingUploaded, Tuning, TuningRequest
from npcops.turn_ids import new_turn_id
from tests.conversation import DIALOGUE, MIRA
from tests.infra.descriptions import pipeline_text
from tests.publishing import publish
from tests.resources import Resources
from tests.tuning_runs import AT, BASE, Outside, Runs


@pytest.fixture
def runs(moto_resources: Resources, title: str) -> Runs:
    return Runs(moto_resources, title)


def test_a_dropped_file_starts_a_run_of_its_own(runs: Runs) -> None:
    upload = runs.upload()
    taken = runs.take(upload)
    tuning = runs.only()
    assert (taken.outcome, taken.tuning) == ("started", tuning.id)
    assert (tuning.state, tuning.key, tuning.object_version) == ("running", upload.key, upload.version)
    assert [tuning.execution] == runs.executions
    assert tuning.request == TuningRequest(
        dataset="spring", base=BASE, throughput="on-demand", note="Uploaded as lines.jsonl"
    )
    assert runs.pipeline.names[tuning.execution] == tuning.id


def test_an_offered_upload_starts_the_run_that_waits_for_it(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", TuningRequest(dataset="spring", npcs=("mira",)), "csv")
    runs.take(runs.upload(offered.key))
    tuning = runs.only()
    assert (tuning.id, tuning.requested_by, tuning.state) == (offered.tuning, "ann", "running")
    assert runs.pipeline.given[tuning.execution]["Npcs"] == "mira"


def test_everything_that_an_execution_names_is_there_before_it_starts(runs: Runs) -> None:
    upload, outside, read = runs.upload(data=b"the data"), Outside(), list[bytes]()

    def look(_: int) -> None:
        if runs.executions and not read:
            (given,) = runs.pipeline.given.values()
            read.extend(runs.read(uri) for uri in (given["DataUri"], given["CodeUri"] + "run.sh", given["RequestUri"]))

    outside.after = look
    runs.taking(outside)(upload)
    tuning = runs.only()
    given = runs.pipeline.given[tuning.execution]
    folder = f"s3://{runs.resources.name('models')}/runs/{runs.title}/{tuning.id}"
    assert given == {
        "Title": runs.title,
        "Tuning": tuning.id,
        "DataUri": f"{folder}/source/data.jsonl",
        "DataVersion": upload.version,
        "RequestUri": f"{folder}/request.json",
        "CodeUri": f"s3://{runs.resources.name('models')}/code/d6/",
        "OutputUri": folder,
        "BaseModel": BASE,
        "Family": "local",
        "Type": "fine-tuning",
        "Throughput": "on-demand",
        "Npcs": "@all",
        "ModelGroup": f"npcops-test-{runs.title}",
    }
    assert given.keys() == {one["Name"] for one in json.loads(pipeline_text())["Parameters"]}
    assert runs.registry.groups == {runs.title}
    assert read[:2] == [b"the data", b"exit 0"]
    request = msgspec.json.decode(read[2], type=TrainingRequest)
    assert (request.title, request.tuning, request.request) == (runs.title, tuning.id, tuning.request)


def test_npcs_learn_by_the_prompt_of_the_family_that_is_tuned(runs: Runs) -> None:
    runs.take(runs.upload())
    request = msgspec.json.decode(runs.files.get(runs.title, runs.only().id, "request.json"), type=TrainingRequest)
    assert [(npc.id, npc.name, npc.system) for npc in request.npcs] == [
        ("mira", "Mira", "Be Mira, briefly."),
        ("otto", "Otto", "Be Otto, briefly."),
    ]


def test_plain_text_is_for_continued_pre_training(runs: Runs) -> None:
    runs.take(runs.upload(f"training/{runs.title}/chronicle/annals.txt", b"In the year of the tide ..."))
    assert runs.only().request.type == "continued-pre-training"
    assert runs.pipeline.given[runs.only().execution]["Type"] == "continued-pre-training"


@pytest.mark.parametrize(
    "key",
    [
        "training/{}/spring/",
        "training/{}/spring",
        "training/{}/Spring/x.jsonl",
        "training/{}/spring/x.parquet",
        "training/{}/spring/jsonl",
        "training/{}-unknown/spring/x.jsonl",
        "training/No Title/spring/x.jsonl",
        "runs/{}/spring/x.jsonl",
    ],
)
def test_what_is_no_training_data_is_skipped_with_a_reason(runs: Runs, key: str) -> None:
    taken = runs.take(runs.upload(key.format(runs.title)))
    assert taken.outcome == "skipped"
    assert taken.reason
    assert not runs.executions
    assert runs.tunings.newest(runs.title, 10) == []


def test_an_empty_object_is_skipped(runs: Runs) -> None:
    assert runs.take(runs.upload(data=b"")).outcome == "skipped"


def test_defect_08_keys_are_taken_as_they_are(runs: Runs) -> None:
    key = f"training/{runs.title}/spring/scènes/Grey+Gull inn %2B 船.jsonl"
    runs.take(runs.upload(key, b"said"))
    tuning = runs.only()
    assert tuning.key == key
    assert runs.read(runs.pipeline.given[tuning.execution]["DataUri"]) == b"said"


def refused(runs: Runs, upload: TrainingUploaded) -> str:
    """The sentence with which a run ended; delivering its data again changes nothing."""
    for expected in ("refused", "known"):
        assert runs.take(upload).outcome == expected
    tuning = runs.only()
    assert not runs.executions
    assert (tuning.state, bool(tuning.ended_at)) == ("failed", True)
    return tuning.failure


def waiting(runs: Runs, **asked: object) -> str:
    """The key of a run that was begun when what it asks for was still there."""
    tuning = Tuning(
        runs.title, new_turn_id(), "ann", AT, msgspec.convert({"dataset": "spring", **asked}, TuningRequest)
    )
    runs.tunings.begin(tuning)
    return f"training/{runs.title}/spring/{tuning.id}.jsonl"


def test_an_npc_that_is_gone_ends_the_run_with_a_sentence(runs: Runs) -> None:
    assert refused(runs, runs.upload(waiting(runs, npcs=["mira", "nobody"]))) == "There is no NPC nobody to be tuned."


def test_a_base_without_a_recipe_ends_the_run_with_a_sentence(runs: Runs) -> None:
    assert "There is no recipe" in refused(runs, runs.upload(waiting(runs, base="no.such-model")))


def test_data_that_do_not_fit_the_type_of_tuning_end_the_run_with_a_sentence(runs: Runs) -> None:
    key = waiting(runs).replace(".jsonl", ".txt")
    assert "continued-pre-training" in refused(runs, runs.upload(key))


def test_data_that_are_gone_end_the_run_with_a_sentence(runs: Runs) -> None:
    upload = runs.upload()
    runs.resources.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version)
    assert refused(runs, upload) == "This version of the data is gone."


def test_a_broken_prompt_ends_the_run_with_a_sentence(runs: Runs) -> None:
    broken = msgspec.structs.replace(DIALOGUE, system="{{ character.nothing.at.all }}")
    publish(runs.catalog, runs.title, "prompts", "dialogue", broken)
    assert refused(runs, runs.upload()).startswith("Prompt dialogue, `system`")


def test_a_title_without_a_prompt_ends_the_run_with_a_sentence(moto_resources: Resources, runs: Runs) -> None:
    runs.title = f"{runs.title}-bare"
    publish(runs.catalog, runs.title, "npcs", "mira", MIRA)
    assert "dialogue" in refused(runs, runs.upload())


def test_data_that_no_job_could_read_are_refused_unread(runs: Runs) -> None:
    assert take_training.MOST_BYTES == training_data.MOST_BYTES
    upload = msgspec.structs.replace(runs.upload(), size=take_training.MOST_BYTES + 1)
    assert "bytes" in refused(runs, upload)


def test_data_of_a_run_that_was_stopped_start_nothing(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", TuningRequest(dataset="spring"), "jsonl")
    runs.stop(runs.title, offered.tuning)
    assert runs.take(runs.upload(offered.key)).outcome == "known"
    assert not runs.executions
    assert runs.only().state == "stopped"


def test_there_is_no_run_to_find_of_what_was_never_begun(runs: Runs) -> None:
    with pytest.raises(NotFound):
        runs.tunings.claim(runs.title, "no-such-run", "k", "v")
