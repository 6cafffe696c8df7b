"""The state machine assess_model under every fault, and what it asks of an evaluation and tells of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from npcops.errors import StoreUnavailable
from npcops.evaluations import Comparison, Outcome
from npcops.golden import GoldenCase
from npcops.plans import Configuration
from npcops.tunings import TuningRequest
from npcops.turn_ids import moment
from tests.callback_steps import Waiting
from tests.machine_player import Fault, Run
from tests.tuning_flow import LABEL, TUNING, TuningFlow, ended
from tests.tuning_memory import HELD_OUT

TOKEN = "evaluate01"
COMPARISONS = (
    Comparison("pass_rate", 0.9, 0.8, 0.1, -0.05, 0.25, 20),
    Comparison("similarity", 0.71, 0.52, 0.19, 0.08, 0.3, 18),
    Comparison("groundedness", 0.66, 0.7, -0.04, -0.1, 0.02, 20),
)


@pytest.fixture
def flow() -> TuningFlow:
    return TuningFlow()


def play(flow: TuningFlow, then: Callable[[], None]) -> Run:
    """Up to where the evaluation runs; then what happens to it, and to the end."""
    flow.take(flow.tuned())
    run = flow.runs[-1]
    while "PollAssessment" not in run.visited:
        run.step()
    then()
    flow.machines.finish()
    return run


def answer(flow: TuningFlow) -> Waiting:
    """What the step was told: exactly once."""
    assert flow.steps.answers[TOKEN] == 1
    return flow.steps.steps[TOKEN]


def assert_nothing_left(flow: TuningFlow, reason: str) -> None:
    told = answer(flow)
    assert (told.status, reason in told.reason) == ("Failed", True), told.reason
    assert flow.models.paid == flow.models.running == []
    assert (flow.tuning.deployment, flow.tuning.failure) == ("", told.reason)


def test_a_model_that_passed_is_reported_with_its_figures_and_stays(flow: TuningFlow) -> None:
    run = play(flow, lambda: flow.evaluations.conclude("passed", COMPARISONS))
    assert ended(run) == ("SUCCEEDED", "Assessed")
    (evaluation,) = flow.evaluations.kept
    assert answer(flow).outputs == {
        "Outcome": "passed",
        "Evaluation": evaluation,
        "EvaluationUri": f"s3://evaluations/saltmarrow/{evaluation}/report.json",
        "PassRate": "0.9000",
        "BaselinePassRate": "0.8000",
        "Similarity": "0.7100",
        "BaselineSimilarity": "0.5200",
        "Groundedness": "0.6600",
        "Better": "yes",
    }
    assert flow.models.paid == [flow.tuning.deployment]
    assert (flow.tuning.evaluation, flow.tuning.outcome) == (evaluation, "passed")


@pytest.mark.parametrize("outcome", ["failed", "incomplete"])
def test_defect_14_a_model_that_did_not_pass_is_freed_before_the_pipeline_hears_of_it(
    flow: TuningFlow, outcome: Outcome
) -> None:
    run = play(flow, lambda: flow.evaluations.conclude(outcome))
    assert ended(run) == ("SUCCEEDED", "Assessed")
    assert run.visited.index("FreeThroughput") < run.visited.index("ReportAssessment")
    assert flow.models.paid == []
    told = answer(flow)
    assert (told.status, told.outputs["Outcome"], told.outputs["Better"]) == ("Succeeded", outcome, "not-shown")
    assert told.outputs["Similarity"] == "unknown"  # the registry takes no empty text


@pytest.mark.parametrize("function", ["StartAssessment", "PollAssessment", "ReportAssessment"])
def test_defect_14_an_error_of_any_task_frees_the_model(flow: TuningFlow, function: str) -> None:
    body = flow.tuned()
    work, calls = flow.functions[function], []

    def failing(event: object) -> object:
        calls.append(event)
        if function == "ReportAssessment" and len(calls) > 1:
            return work(event)
        raise KeyError("verdict")

    flow.functions[function] = failing
    flow.take(body)
    run = flow.runs[-1]
    run.step()
    flow.evaluations.conclude("passed")
    flow.machines.finish()
    assert (ended(run), run.error) == (("FAILED", "AssessmentFailed"), "KeyError")
    assert_nothing_left(flow, "stopped unexpectedly (KeyError)")


def test_an_evaluation_that_failed_is_told_in_its_own_words(flow: TuningFlow) -> None:
    run = play(flow, lambda: flow.evaluations.fail("A model did not answer."))
    assert ended(run) == ("SUCCEEDED", "NotAssessed")
    assert_nothing_left(flow, "A model did not answer.")


def test_an_evaluation_that_was_interrupted_is_noticed(flow: TuningFlow) -> None:
    run = play(flow, lambda: flow.evaluations.runs.update(dict.fromkeys(flow.evaluations.runs, False)))
    assert ended(run) == ("SUCCEEDED", "NotAssessed")
    assert_nothing_left(flow, "was interrupted")


def test_an_evaluation_that_does_not_end_is_given_up_past_its_bound(flow: TuningFlow) -> None:
    run = play(flow, lambda: None)
    assert (ended(run), run.error) == (("FAILED", "AssessmentFailed"), "EvaluationTookTooLong")
    assert run.visited.count("PollAssessment") == 12 * 60
    assert_nothing_left(flow, "more than 12 hours")


def test_where_there_is_nothing_to_play_nothing_is_begun(flow: TuningFlow) -> None:
    body = flow.tuned()
    flow.held_out.cases = ()
    flow.cards.cards = {name: msgspec.structs.replace(card, suites=()) for name, card in flow.cards.cards.items()}
    assert ended(flow.play(body)) == ("SUCCEEDED", "NotAssessed")
    assert_nothing_left(flow, "nothing to compare the model by")
    assert flow.evaluations.kept == {}


@pytest.mark.parametrize("function", ["StartAssessment", "PollAssessment", "ReportAssessment"])
@pytest.mark.parametrize("done", [False, True])
def test_throttling_and_lost_answers_pass(flow: TuningFlow, function: str, done: bool) -> None:
    body = flow.tuned()
    flow.first(function, StoreUnavailable("Throttled."), Fault("Lambda.Unknown"), done=done)
    flow.take(body)
    run = flow.runs[-1]
    while "PollAssessment" not in run.visited:
        run.step()
    flow.evaluations.conclude("passed")
    flow.machines.finish()
    assert ended(run) == ("SUCCEEDED", "Assessed")
    assert answer(flow).status == "Succeeded"
    assert len(flow.models.paid) == len(flow.evaluations.kept) == 1


def test_a_verdict_that_nobody_waits_for_frees_the_model(flow: TuningFlow) -> None:
    def then() -> None:
        flow.evaluations.conclude("passed")
        flow.steps.give_up()

    run = play(flow, then)
    assert ended(run) == ("SUCCEEDED", "NotAssessed")
    assert flow.models.paid == []
    assert TOKEN not in flow.steps.answers


def test_a_pipeline_that_is_being_stopped_frees_the_model_and_is_told(flow: TuningFlow) -> None:
    run = play(flow, flow.steps.stop)
    assert ended(run) == ("SUCCEEDED", "NotAssessed")
    assert_nothing_left(flow, "The pipeline was stopped.")
    assert flow.steps.status == "Stopped"


def test_a_pipeline_that_gives_up_at_the_last_moment_leaves_nothing(flow: TuningFlow) -> None:
    flow.take(flow.tuned())
    run = flow.runs[-1]
    while "PollAssessment" not in run.visited:
        run.step()
    flow.evaluations.conclude("passed")
    while run.state != "ReportAssessment":
        run.step()
    flow.steps.give_up()
    flow.machines.finish()
    assert ended(run) == ("SUCCEEDED", "NobodyWaits")
    assert flow.models.paid == []


def test_the_candidate_is_the_model_and_the_baseline_what_players_have(flow: TuningFlow) -> None:
    play(flow, lambda: flow.evaluations.conclude("passed"))
    (evaluation,) = flow.evaluations.kept.values()
    model = flow.tuning.model
    assert evaluation.request.candidate == Configuration(LABEL, model=model)
    assert evaluation.request.baseline == Configuration(LABEL)
    assert (evaluation.request.greedy, evaluation.request.judge) == (True, True)
    assert evaluation.request.note == f"Tuning {TUNING}"
    assert evaluation.requested_by == "writer"


def test_those_who_have_cases_in_a_suite_play_it_and_all_play_what_was_held_out(flow: TuningFlow) -> None:
    """Otto's suite has no case of his, and nobody has a card of the ghost: an evaluation would refuse both."""
    play(flow, lambda: flow.evaluations.conclude("passed"))
    (evaluation,) = flow.evaluations.kept.values()
    assert evaluation.request.npcs == ("mira",)
    assert flow.evaluations.cases[evaluation.id] == HELD_OUT[:1]


def test_only_the_npcs_of_the_tuning_are_evaluated() -> None:
    flow = TuningFlow(TuningRequest("lines", npcs=("otto",)))
    flow.held_out.cases = (
        GoldenCase("h1", "otto", "persona", ("Who?",)),
        GoldenCase("h2", "mira", "persona", ("Who?",)),
    )
    play(flow, lambda: flow.evaluations.conclude("passed"))
    (evaluation,) = flow.evaluations.kept.values()
    assert evaluation.request.npcs == ()
    assert [case.npc for case in flow.evaluations.cases[evaluation.id]] == ["otto"]


def test_of_many_held_out_cases_an_evaluation_plays_a_thousand(flow: TuningFlow) -> None:
    flow.held_out.cases = tuple(GoldenCase(f"h{n}", "mira", "persona", ("Who?",)) for n in range(1200))
    play(flow, lambda: flow.evaluations.conclude("passed"))
    (cases,) = flow.evaluations.cases.values()
    assert len(cases) == 1000


def test_the_id_of_an_evaluation_sorts_by_when_it_was_begun(flow: TuningFlow) -> None:
    body = flow.tuned()
    begun = flow.clock.now
    flow.take(body)
    flow.machines.finish()
    (evaluation,) = flow.evaluations.kept
    assert moment(evaluation) == pytest.approx(begun * 1000)
    assert len(evaluation) == 22
