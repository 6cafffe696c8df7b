"""One version of training data starts one execution, whatever is told twice, at once, in another order, or again."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from npcops.tunings import TrainingUploaded, TuningRequest
from tests.resources import Resources
from tests.tuning_runs import AT, Code, Interrupted, MemoryPipeline, Outside, Runs


@pytest.fixture
def runs(moto_resources: Resources, title: str) -> Runs:
    return Runs(moto_resources, title)


@pytest.mark.parametrize("times", [2, 5])
def test_what_is_delivered_again_starts_nothing(runs: Runs, times: int) -> None:
    upload = runs.upload()
    outcomes = [runs.take(upload).outcome for _ in range(times)]
    assert outcomes == ["started", *["known"] * (times - 1)]
    assert len(runs.executions) == 1
    assert runs.only().execution == runs.executions[0]


def test_an_event_that_is_told_anew_with_another_time_is_the_same_version(runs: Runs) -> None:
    upload = runs.upload()
    runs.take(upload)
    runs.take(msgspec.structs.replace(upload, at="2026-11-20T12:03:07Z"))
    assert len(runs.executions) == 1
    assert runs.only().state == "running"


def test_deliveries_at_once_start_one_execution(runs: Runs) -> None:
    upload = runs.upload()
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: runs.taking()(upload), range(6)))
    assert len(runs.executions) == 1
    assert {each.tuning for each in taken} == {runs.only().id}
    assert runs.only().execution == runs.executions[0]


class Deliveries:
    """Deliveries of uploads of which nothing is known yet, each to a pipeline of its own."""

    def __init__(self, runs: Runs, offered: bool) -> None:
        self.runs, self._offered = runs, offered

    def upload(self) -> TrainingUploaded:
        self.runs.pipeline = MemoryPipeline()
        self.runs.take = self.runs.taking()
        key = f"training/{self.runs.title}/spring/{secrets.token_hex(4)}.jsonl"
        if self._offered:
            key = self.runs.offer(self.runs.title, "ann", TuningRequest(dataset="spring"), "jsonl").key
        return self.runs.upload(key)

    def points(self) -> range:
        """The calls that one delivery makes to the outside."""
        upload, outside = self.upload(), Outside()
        self.runs.taking(outside)(upload)
        assert outside.calls >= 8
        return range(1, outside.calls + 1)

    def check(self, upload: TrainingUploaded, point: int) -> None:
        """That the upload has one run, which has the one execution there is."""
        newest = self.runs.tunings.newest(self.runs.title, 100)
        (tuning,) = [one for one in newest if one.object_version == upload.version]
        assert (self.runs.executions, tuning.state) == ([tuning.execution], "running"), point


@pytest.mark.parametrize("offered", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_between_any_two_steps_leaves_one_execution_after_a_redelivery(
    runs: Runs, moment: str, offered: bool
) -> None:
    deliveries = Deliveries(runs, offered)
    for point in deliveries.points():
        upload, outside = deliveries.upload(), Outside()

        def crash(number: int, point: int = point) -> None:
            if number == point:
                raise Interrupted

        setattr(outside, moment, crash)
        with pytest.raises(Interrupted):
            runs.taking(outside)(upload)
        assert runs.take(upload).outcome in ("started", "known"), point
        deliveries.check(upload, point)


@pytest.mark.parametrize("offered", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_second_delivery_in_the_midst_of_the_first_starts_nothing_more(
    runs: Runs, moment: str, offered: bool
) -> None:
    deliveries = Deliveries(runs, offered)
    for point in deliveries.points():
        upload, outside = deliveries.upload(), Outside()

        def interfere(number: int, point: int = point, upload: TrainingUploaded = upload) -> None:
            if number == point:
                runs.take(upload)

        setattr(outside, moment, interfere)
        runs.taking(outside)(upload)
        deliveries.check(upload, point)


def test_each_version_of_an_object_has_a_run(runs: Runs) -> None:
    first, second = runs.upload(data=b"one"), runs.upload(data=b"two")
    for upload in (first, second, first, second):
        runs.take(upload)
    assert len(runs.executions) == 2
    learned = {runs.read(runs.pipeline.given[execution]["DataUri"]) for execution in runs.executions}
    assert learned == {b"one", b"two"}


def test_versions_that_are_told_in_another_order_are_learned_as_they_were(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", TuningRequest(dataset="spring", npcs=("otto",)), "jsonl")
    first, second = runs.upload(offered.key, b"one"), runs.upload(offered.key, b"two")
    for upload in (second, first, second, first):
        runs.take(upload)
    newest = {tuning.object_version: tuning for tuning in runs.tunings.newest(runs.title, 10)}
    assert len(runs.executions) == 2
    assert newest[second.version].id == offered.tuning
    for upload, data in ((first, b"one"), (second, b"two")):
        tuning = newest[upload.version]
        assert runs.read(runs.pipeline.given[tuning.execution]["DataUri"]) == data
        assert (tuning.request.npcs, tuning.requested_by) == (("otto",), "ann")


def test_new_code_of_jobs_takes_the_place_of_none_that_runs(runs: Runs) -> None:
    for code in (Code(b"old"), Code(b"newer")):
        runs.taking(code=code)(runs.upload(data=code.files()["run.sh"]))
    read = [runs.read(runs.pipeline.given[one]["CodeUri"] + "run.sh") for one in runs.executions]
    assert read == [b"old", b"newer"]


def test_defect_08_runs_of_the_same_second_do_not_collide(runs: Runs) -> None:
    for number in range(4):
        runs.take(runs.upload(f"training/{runs.title}/spring/{number}.jsonl"))
    assert len({tuning.id for tuning in runs.tunings.newest(runs.title, 10)}) == len(runs.executions) == 4


def test_defect_15_what_runs_write_starts_nothing(runs: Runs) -> None:
    runs.take(runs.upload())
    tuning = runs.only()
    for name in ("data/train.jsonl", "output/metrics.csv", "source/data.jsonl", "request.json"):
        runs.files.put(runs.title, tuning.id, name, b"x")
        written = TrainingUploaded(runs.resources.name("models"), f"runs/{runs.title}/{tuning.id}/{name}", "v", AT, 1)
        assert runs.take(written).outcome == "skipped"
    assert len(runs.executions) == 1
    assert not runs.resources.s3.list_objects_v2(
        Bucket=runs.resources.name("training"), Prefix=f"runs/{runs.title}"
    ).get("Contents")


def test_a_run_that_is_stopped_while_it_is_started_is_stopped_once_it_has(runs: Runs) -> None:
    upload, outside = runs.upload(), Outside()

    def stop(_: int) -> None:
        if runs.executions and runs.only().state == "running":
            runs.stop(runs.title, runs.only().id)

    outside.after = stop
    runs.taking(outside)(upload)
    assert runs.only().state == "stopped"
    assert runs.pipeline.stopped == runs.executions
