"""Processing steps: real processes with files from the cloud, and what becomes of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.local.cloud_double import until
from tests.local.pipelined import Bench, callback, processing

COUNT = """
import json, os, pathlib, sys
given, out = map(pathlib.Path, sys.argv[1:3])
files = {str(file.relative_to(given)): file.read_text() for file in sorted(given.rglob("*")) if file.is_file()}
seen = {"files": files, "rest": sys.argv[3:], "python": sys.executable, "environment": dict(os.environ)}
(out / "deep").mkdir()
(out / "deep" / "seen.json").write_text(json.dumps(seen))
message = out.parent.parent / "output" / "message"
message.write_text("counted")
print("what it prints")
"""
BREAK = """
import pathlib, sys
pathlib.Path(sys.argv[2]).parent.parent.joinpath("output", "message").write_text("Line 3 is no JSON.")
sys.exit(7)
"""
SLEEP = "import sys, time; print('begun', flush=True); time.sleep(600)"


def with_script(bench: Bench, script: str) -> None:
    bench.cloud.objects["data/code/job.py"] = script.encode()
    bench.cloud.objects["data/in/one.jsonl"] = b"1"
    bench.cloud.objects["data/in/deep/two.jsonl"] = b"2"


def log_of(bench: Bench, arn: str) -> str:
    job = bench.steps(arn)["Count"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    file = bench.logs / f"{job}.log"
    return file.read_text() if file.exists() else ""


def test_a_job_gets_its_inputs_and_leaves_its_outputs(bench: Bench) -> None:
    with_script(bench, COUNT)
    properties = {
        "Name": {"Get": "Steps.Count.ProcessingJobName"},
        "Where": {"Get": "Steps.Count.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"},
        "Said": {"Get": "Steps.Count.ExitMessage"},
    }
    job = processing("Count", "job.py", "--more", Environment={"TITLE": "saltmarrow"})
    arn = bench.run(job, callback("Then", **properties))
    heard = bench.message()["arguments"]
    assert heard["Where"] == "s3://data/out"
    assert heard["Said"] == "counted"
    assert heard["Name"].startswith(f"pipelines-{arn.rpartition('/')[2]}-Count-")
    seen = json.loads(bench.cloud.objects["data/out/deep/seen.json"])
    assert seen["files"] == {"one.jsonl": "1", "deep/two.jsonl": "2"}
    assert seen["rest"] == ["--more"]
    assert Path(seen["python"]).parent == Path(sys.executable).parent
    assert seen["environment"]["TITLE"] == "saltmarrow"
    assert "PYTHONPATH" not in seen["environment"]
    assert "what it prints" in log_of(bench, arn)
    assert list((bench.folder / "jobs").iterdir()) == []


def test_a_job_that_fails_says_why(bench: Bench) -> None:
    with_script(bench, BREAK)
    arn = bench.run(processing("Count", "job.py"), callback("Then", depends=["Count"]))
    assert bench.ended(arn) == "Failed"
    steps = bench.steps(arn)
    assert list(steps) == ["Count"]
    assert steps["Count"]["FailureReason"] == "AlgorithmError: Line 3 is no JSON., exit code: 7"
    assert bench.cloud.statuses("Step Status Change") == ["Executing", "Failed"]


def test_without_a_message_the_last_line_says_why(bench: Bench) -> None:
    with_script(bench, "import sys; print('begun'); sys.exit('It had enough.')")
    arn = bench.run(processing("Count", "job.py"))
    assert bench.ended(arn) == "Failed"
    assert bench.steps(arn)["Count"]["FailureReason"] == "AlgorithmError: It had enough., exit code: 1"


def test_an_object_can_be_an_input_by_itself(bench: Bench) -> None:
    with_script(bench, COUNT)
    bench.cloud.objects["data/in/one.jsonl.old"] = b"not this one"
    job = processing("Count", "job.py")
    job["Arguments"]["ProcessingInputs"][1]["S3Input"]["S3Uri"] = "s3://data/in/deep/two.jsonl"
    assert bench.ended(bench.run(job)) == "Succeeded"
    assert json.loads(bench.cloud.objects["data/out/deep/seen.json"])["files"] == {"two.jsonl": "2"}


def test_an_input_that_is_not_there_fails_the_job(bench: Bench) -> None:
    with_script(bench, COUNT)
    job = processing("Count", "job.py")
    job["Arguments"]["ProcessingInputs"][1]["S3Input"]["S3Uri"] = "s3://data/nothing/"
    arn = bench.run(job)
    assert bench.ended(arn) == "Failed"
    assert "No S3 objects found" in bench.steps(arn)["Count"]["FailureReason"]


@pytest.mark.parametrize("key", ["data/in/../../evil", "data/in/x/../../../evil"])
def test_a_key_cannot_lead_out_of_the_folder(bench: Bench, key: str) -> None:
    with_script(bench, COUNT)
    bench.cloud.objects[key] = b"evil"
    arn = bench.run(processing("Count", "job.py"))
    assert bench.ended(arn) == "Failed"
    assert "no path below" in bench.steps(arn)["Count"]["FailureReason"]


def test_a_job_that_runs_too_long_is_ended(bench: Bench) -> None:
    with_script(bench, SLEEP)
    arn = bench.run(processing("Count", "job.py", seconds=1))
    assert bench.ended(arn) == "Failed"
    assert "MaxRuntimeExceeded" in bench.steps(arn)["Count"]["FailureReason"]


def test_stopping_ends_a_job_at_once(bench: Bench) -> None:
    with_script(bench, SLEEP)
    arn = bench.run(processing("Count", "job.py"), callback("Then", depends=["Count"]))
    until(lambda: "begun" in log_of(bench, arn))
    bench.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert bench.ended(arn) == "Stopped"
    assert {name: step["StepStatus"] for name, step in bench.steps(arn).items()} == {"Count": "Stopped"}


def test_arguments_that_turn_out_wrong_fail_the_step(bench: Bench) -> None:
    job = processing("Count", "job.py")
    job["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = {"Get": "Parameters.Machine"}
    arn = bench.run(job, parameters=[{"Name": "Machine", "Type": "String"}], Machine="ml.none")
    assert bench.ended(arn) == "Failed"
    assert "InstanceType" in bench.steps(arn)["Count"]["FailureReason"]
