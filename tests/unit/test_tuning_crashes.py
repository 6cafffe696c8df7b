"""Callback steps whose work dies between any two states, or in any call to the outside, end as if nothing had been.

An execution that is killed is followed by another when its message comes again; a function that dies is called again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from npcops.errors import TuningRefused
from tests.custom_models import NEVER
from tests.machine_player import Fault
from tests.tuning_flow import TuningFlow

Setting = Callable[[TuningFlow], None]


def _well(flow: TuningFlow) -> None:
    flow.models.job_seconds = 1000


def _refused(flow: TuningFlow) -> None:
    flow.always("StartTuningJob", TuningRefused("Bedrock refused."))


def _failed(flow: TuningFlow) -> None:
    flow.models.job_seconds, flow.models.ends_as = 100, "Failed"


def _stuck(flow: TuningFlow) -> None:
    flow.models.job_seconds, flow.models.stopping_seconds = NEVER, 60


def _never_ready(flow: TuningFlow) -> None:
    flow.models.job_seconds, flow.models.ready_seconds = 100, 3000


def _passed(flow: TuningFlow) -> None:
    _evaluated(flow, lambda: flow.evaluations.conclude("passed"))


def _not_passed(flow: TuningFlow) -> None:
    _evaluated(flow, lambda: flow.evaluations.conclude("failed"))


def _evaluation_failed(flow: TuningFlow) -> None:
    _evaluated(flow, lambda: flow.evaluations.fail("A model did not answer."))


def _nothing_to_play(flow: TuningFlow) -> None:
    flow.held_out.cases = ()
    flow.cards.cards.clear()


def _evaluated(flow: TuningFlow, end: Callable[[], None]) -> None:
    """The evaluation ends between the first look at it and the second."""
    look, looks = flow.functions["PollAssessment"], [0]

    def looking(event: object) -> object:
        looks[0] += 1
        if looks[0] == 2:
            end()
        return look(event)

    flow.functions["PollAssessment"] = looking


@dataclass(frozen=True)
class Ending:
    """How a step ends, whatever dies on the way: the pipeline is told `status`, and so much is paid for."""

    setting: Setting
    status: str
    paid: int
    step: str = "Tune"

    def begun(self) -> tuple[TuningFlow, str]:
        """Up to where the message waits in the queue."""
        flow = TuningFlow(TuningMostHours="2", DeploymentMostMinutes="10")
        body = flow.tuned() if self.step == "Evaluate" else flow.tune()
        flow.machines.runs.clear()
        self.setting(flow)
        return flow, body

    def assert_reached(self, flow: TuningFlow) -> None:
        """One answer to each step, no job that runs, nothing paid for but what the pipeline has gone on with."""
        told = {step.name: step.status for step in flow.steps.steps.values()}
        assert told[self.step] == self.status
        assert set(flow.steps.answers.values()) == {1}
        assert flow.models.running == []
        assert len(flow.models.paid) == self.paid
        assert max(flow.models.started.values(), default=1) == 1
        assert len(flow.evaluations.kept) <= 1


ENDINGS = {
    "well": Ending(_well, "Succeeded", 1),
    "refused": Ending(_refused, "Failed", 0),
    "failed": Ending(_failed, "Failed", 0),
    "stuck": Ending(_stuck, "Failed", 0),
    "never ready": Ending(_never_ready, "Failed", 0),
    "passed": Ending(_passed, "Succeeded", 1, "Evaluate"),
    "not passed": Ending(_not_passed, "Succeeded", 0, "Evaluate"),
    "evaluation failed": Ending(_evaluation_failed, "Failed", 0, "Evaluate"),
    "nothing to play": Ending(_nothing_to_play, "Failed", 0, "Evaluate"),
}


def states_of(ending: Ending) -> int:
    """How many states are entered if nothing dies."""
    flow, body = ending.begun()
    run = flow.play(body)
    ending.assert_reached(flow)
    return len(run.visited)


@pytest.mark.parametrize("name", ENDINGS)
def test_an_execution_that_is_killed_between_any_two_states_is_made_up_for(name: str) -> None:
    ending = ENDINGS[name]
    most = states_of(ending)
    for killed_after in range(most):
        flow, body = ending.begun()
        flow.take(body)
        (run,) = flow.runs
        for _ in range(killed_after):
            run.step()
        run.kill()
        flow.take(body)
        flow.machines.finish()
        flow.take(body)
        flow.machines.finish()
        ending.assert_reached(flow)


def test_work_that_is_killed_each_time_is_given_up_and_told() -> None:
    flow, body = ENDINGS["well"].begun()
    for _ in range(5):
        assert flow.take(body).outcome == "running"
        flow.runs[-1].kill()
    assert flow.take(body).outcome == "refused"
    assert flow.steps.answers == {"tune000001": 1}
    assert "broken off 5 times" in flow.steps.steps["tune000001"].reason


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ENDINGS)
def test_a_function_that_dies_at_any_call_to_the_outside_is_made_up_for(name: str, moment: str) -> None:
    ending = ENDINGS[name]
    flow, body = ending.begun()
    begun = flow.outside.calls
    flow.play(body)
    most = flow.outside.calls - begun
    for dies_at in range(1, most + 1):
        flow, body = ending.begun()
        first = flow.outside.calls

        def dies(number: int, fatal: int = first + dies_at) -> None:
            if number == fatal:
                raise Fault("Lambda.Unknown", "The process exited.")

        setattr(flow.outside, moment, dies)
        flow.play(body)
        ending.assert_reached(flow)
