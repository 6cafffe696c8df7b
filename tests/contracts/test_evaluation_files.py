"""The contracts of `EvaluationFiles` and `EvaluationStarter`: plans, items, results, reports, uploads, executions."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from npcops.adapters.aws_services import StepFunctionsEvaluations
from npcops.adapters.s3_evaluations import S3EvaluationFiles
from npcops.adapters.s3_files import client as s3_client
from npcops.errors import NotFound, StoreUnavailable, TooLarge
from npcops.studio_ports import EvaluationFiles
from npcops.turn_ids import new_turn_id
from tests.evaluation_samples import a_plan, a_result, a_title, case
from tests.resources import Resources


@pytest.fixture
def files(resources: Resources) -> EvaluationFiles:
    return S3EvaluationFiles(resources.s3, resources.name("evaluations"))


@pytest.fixture
def title() -> str:
    return a_title()


def test_a_plan_of_a_thousand_cases_is_read_as_it_was_written(files: EvaluationFiles, title: str) -> None:
    plan = a_plan(title, "e1", cases=1000)
    files.put_plan(plan)
    assert files.plan(title, "e1") == plan


def test_the_first_plan_stays(files: EvaluationFiles, title: str) -> None:
    first = a_plan(title, "e1", judge_model="first")
    files.put_plan(first)
    files.put_plan(a_plan(title, "e1", judge_model="second"))
    assert files.plan(title, "e1") == first


def test_of_many_who_load_at_once_all_get_the_same_plan(files: EvaluationFiles, title: str) -> None:
    def load(number: int) -> str:
        files.put_plan(a_plan(title, "e1", judge_model=f"judge-{number}"))
        return files.plan(title, "e1").judge_model

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(load, range(12)))) == 1


def test_what_was_never_written_is_not_found(files: EvaluationFiles, title: str) -> None:
    for read in (
        lambda: files.plan(title, "e1"),
        lambda: files.result(title, "e1", "basics.case-0"),
        lambda: files.report_url(title, "e1", "report.html", 60),
        lambda: files.uploaded(f"cases/{title}/e1.jsonl", 100),
    ):
        with pytest.raises(NotFound):
            read()
    assert files.cases(title, "e1") == ()
    assert files.done(title, "e1") == set()
    assert list(files.results(title, "e1")) == []


def test_no_title_and_no_evaluation_reads_another_s(files: EvaluationFiles, title: str) -> None:
    plan = a_plan(title, "e1")
    files.put_plan(plan)
    files.put_cases(title, "e1", [case("own")])
    files.put_result(title, "e1", a_result(plan.cases[0]))
    for strange, evaluation in ((f"{title}-2", "e1"), (title[:-1], "e1"), (title, "e"), (title, "e11")):
        assert files.done(strange, evaluation) == set()
        assert files.cases(strange, evaluation) == ()
        with pytest.raises(NotFound):
            files.plan(strange, evaluation)


def test_items_are_lines_that_the_state_machine_reads(files: EvaluationFiles, resources: Resources, title: str) -> None:
    keys = [f"basics.case-{number}" for number in range(1000)]
    bucket, name = files.put_items(title, "e1", keys)
    lines = resources.s3.get_object(Bucket=bucket, Key=name)["Body"].read().decode().splitlines()
    items = [json.loads(line) for line in lines]
    assert [item["key"] for item in items] == keys
    assert items[0] == {"title": title, "evaluation": "e1", "key": "basics.case-0"}
    files.put_items(title, "e1", keys[:1])
    assert resources.s3.get_object(Bucket=bucket, Key=name)["Body"].read().count(b"\n") == 1


def test_a_thousand_results_are_counted_and_read(files: EvaluationFiles, title: str) -> None:
    plan = a_plan(title, "e1", cases=1005)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda planned: files.put_result(title, "e1", a_result(planned)), plan.cases))
    files.put_report(title, "e1", "report.json", b"{}", "application/json")
    keys = {planned.key for planned in plan.cases}
    assert files.done(title, "e1") == keys
    assert {result.planned.key for result in files.results(title, "e1")} == keys


def test_a_result_takes_the_place_of_an_earlier_one(files: EvaluationFiles, title: str) -> None:
    (planned,) = a_plan(title, "e1").cases
    for baseline in ((), a_result(planned).baseline):
        files.put_result(title, "e1", a_result(planned, baseline=baseline))
    assert files.result(title, "e1", planned.key) == a_result(planned)
    assert list(files.results(title, "e1")) == [a_result(planned)]


def test_cases_that_came_along_are_kept(files: EvaluationFiles, title: str) -> None:
    cases = tuple(case(f"own-{number}", "mira", "Grüße, 船!") for number in range(1000))
    files.put_cases(title, "e1", cases)
    assert files.cases(title, "e1") == cases


def test_a_report_is_read_by_whoever_has_its_address(files: EvaluationFiles, title: str) -> None:
    files.put_report(title, "e1", "report.html", b"<p>good</p>", "text/html; charset=utf-8")
    url = files.report_url(title, "e1", "report.html", 600)
    query = parse_qs(urlsplit(url).query)
    assert f"/evaluations/{title}/e1/report/report.html" in url
    assert {"X-Amz-Expires", "Expires"} & query.keys()


def test_cases_are_uploaded_to_one_key_for_a_while(
    resources: Resources, files: EvaluationFiles, title: str, aws_environment: None
) -> None:
    url, key = S3EvaluationFiles(s3_client(), "some-bucket").upload_url(title, "e1", 900)
    assert key == f"cases/{title}/e1.jsonl"
    assert urlsplit(url).path.endswith(key)
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["900"]
    resources.s3.put_object(Bucket=resources.name("evaluations"), Key=key, Body=b"x" * 100)
    assert files.uploaded(key, 100) == b"x" * 100
    with pytest.raises(TooLarge):
        files.uploaded(key, 99)


@pytest.mark.parametrize(
    "failure",
    [
        *(ClientError({"Error": {"Code": code, "Message": ""}}, "Any") for code in ("SlowDown", "AccessDenied")),
        EndpointConnectionError(endpoint_url="https://bucket"),
    ],
)
def test_a_bucket_that_refuses_or_does_not_answer_is_unavailable(failure: Exception) -> None:
    class Refusing:
        def __getattr__(self, name: str) -> Any:
            def call(**_: Any) -> Any:
                raise failure

            return call

    files = S3EvaluationFiles(Refusing(), "some-bucket")
    for call in (
        lambda: files.put_plan(a_plan("t", "e1")),
        lambda: files.plan("t", "e1"),
        lambda: files.uploaded("cases/t/e1.jsonl", 1),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_an_attempt_is_started_once(resources: Resources, title: str) -> None:
    sfn, evaluation = resources.client("stepfunctions"), new_turn_id()
    starter = StepFunctionsEvaluations(sfn, resources.machine)
    starter.start(title, evaluation, 1)
    starter.start(title, evaluation, 1)
    starter.start(title, evaluation, 2)
    names = [one["name"] for one in sfn.list_executions(stateMachineArn=resources.machine)["executions"]]
    assert sorted(name for name in names if name.startswith(evaluation)) == [f"{evaluation}-1", f"{evaluation}-2"]
    arn = resources.machine.replace(":stateMachine:", ":execution:")
    given = json.loads(sfn.describe_execution(executionArn=f"{arn}:{evaluation}-2")["input"])
    assert given == {"title": title, "evaluation": evaluation, "attempt": 2}


def test_an_attempt_that_was_never_started_does_not_run(resources: Resources) -> None:
    starter = StepFunctionsEvaluations(resources.client("stepfunctions"), resources.machine)
    assert starter.running(new_turn_id(), 1) is False


@pytest.mark.parametrize(("status", "expected"), [("RUNNING", True), ("FAILED", False), ("TIMED_OUT", False)])
def test_whether_an_attempt_runs(resources: Resources, status: str, expected: bool) -> None:
    class Told:
        exceptions = resources.client("stepfunctions").exceptions

        def describe_execution(self, **_: Any) -> Any:
            return {"status": status}

    assert StepFunctionsEvaluations(Told(), resources.machine).running("e1", 1) is expected


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://states"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "StartExecution"),
    ],
)
def test_a_machine_that_does_not_answer_is_unavailable(resources: Resources, failure: Exception) -> None:
    class Broken:
        exceptions = resources.client("stepfunctions").exceptions

        def __getattr__(self, name: str) -> Any:
            def call(**_: Any) -> Any:
                raise failure

            return call

    starter = StepFunctionsEvaluations(Broken(), resources.machine)
    with pytest.raises(StoreUnavailable):
        starter.start("t", "e1", 1)
    with pytest.raises(StoreUnavailable):
        starter.running("e1", 1)


def test_results_survive_what_json_cannot_say_twice(files: EvaluationFiles, title: str) -> None:
    (planned,) = a_plan(title, "e1").cases
    strange = msgspec.structs.replace(planned, case=case("case-0", "mira", 'Quote " and \u2028 and 🦀'))
    files.put_result(title, "e1", a_result(strange))
    assert files.result(title, "e1", planned.key).planned == strange


def test_a_report_is_where_its_uri_says(files: EvaluationFiles, title: str, resources: Resources) -> None:
    files.put_report(title, "e1", "report.json", b"{}", "application/json")
    bucket, _, key = files.report_uri(title, "e1", "report.json").removeprefix("s3://").partition("/")
    assert resources.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"{}"
