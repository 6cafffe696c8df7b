"""The state machine promote_model with everything behind it: by percent, watched, returned, and broken off anywhere."""

from __future__ import annotations

import msgspec
import pytest

from npcops.errors import Conflict, StoreUnavailable
from npcops.promotions import Promoted, PromotionRequest, SideFigures
from npcops.shift_traffic import reasons_of
from tests.gating import STAGE_MODEL
from tests.machine_player import Fault, Run
from tests.promoting import ALARM, BY, Models, plan_of
from tests.resources import Resources


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    """Version 1 is current, version 2 a candidate."""
    made = Models(moto_resources)
    assert made.promote(1, percents=(100,), minutes=0.0).status == "SUCCEEDED"
    made.register(2)
    made.approve(2)
    made.bus.events.clear()
    return made


def usual(models: Models, **worse: float) -> None:
    """Both models have spoken; the new one is worse in what is named."""
    fine = SideFigures(turns=100, failed=2, ms=100_000, slow=5, cost_usd=0.1, measured=40, groundedness=32.0)
    models.live.figures = {
        models.served(1).model: fine,
        models.served(2).model: msgspec.structs.replace(fine, **worse),
    }


def until(run: Run, state: str) -> None:
    while run.state != state:
        run.step()


def test_players_are_shifted_percent_by_percent_and_then_for_good(models: Models) -> None:
    usual(models)
    _, run = models.start(2)
    heard = []
    while run.status == "RUNNING":
        if run.state == "Wait" and (not heard or heard[-1] != models.heard()):
            heard.append(models.heard())
        run.step()
    assert (run.status, run.state) == ("SUCCEEDED", "PromotionSettled")
    few, half, everybody = (found.get(2, 0) for found in heard)
    assert 8 <= few <= 36
    assert 80 <= half <= 120
    assert everybody == 200
    assert models.promotions.get(models.title).current == models.served(2)
    assert models.promotions.get(models.title).previous == models.served(1)
    assert models.consistent()
    assert models.bus.kinds() == ["ModelPromoted.v1"]


def test_each_percent_is_watched_for_its_time_and_several_times(models: Models) -> None:
    began = models.clock.now
    _, run = models.start(2, percents=(25, 100), minutes=60.0)
    run.finish()
    assert models.clock.now - began == 2 * 3600
    assert run.calls.count("WatchShift") == 2 * 15
    began = models.clock.now
    models.register(3)
    models.approve(3)
    _, run = models.start(3, percents=(100,), minutes=0.0)
    run.finish()
    assert (run.state, models.clock.now) == ("PromotionSettled", began)


@pytest.mark.parametrize(
    ("worse", "told"),
    [
        ({"failed": 12}, "did not answer 12%"),
        ({"failed": 60}, "did not answer 60 of 100"),
        ({"slow": 30}, "30% of its turns were slow"),
        ({"ms": 170_000}, "1,700 ms on average"),
        ({"cost_usd": 0.2}, "A turn of it cost $0.00200"),
        ({"groundedness": 20.0}, "groundedness was 0.50"),
    ],
)
def test_a_worse_model_goes_back_by_itself_and_says_why(models: Models, worse: dict[str, float], told: str) -> None:
    usual(models)
    _, run = models.start(2)
    until(run, "WhatNow")
    assert models.heard().keys() == {1, 2}
    usual(models, **worse)
    run.finish()
    assert (run.status, run.state) == ("SUCCEEDED", "PromotionReturned")
    assert models.heard() == {1: 200}
    assert models.consistent()
    ((kind, detail),) = models.bus.events
    assert (kind, detail["version"], detail["percent"]) == ("ModelReturned.v1", 2, 10)
    assert told in detail["reasons"][0]
    assert told in models.promotions.moves(models.title, 1)[0].why


def test_by_few_turns_nothing_is_judged_but_that_it_does_not_answer(models: Models) -> None:
    usual(models)
    models.live.figures[models.served(2).model] = SideFigures(turns=6, failed=2, ms=60_000, slow=6, cost_usd=1.0)
    assert models.start(2)[1].finish().state == "PromotionSettled"
    models.roll_back()
    models.live.figures[models.served(2).model] = SideFigures(turns=6, failed=3)
    assert models.start(2)[1].finish().state == "PromotionReturned"


def test_without_figures_of_what_players_have_failures_alone_are_judged(models: Models) -> None:
    models.live.figures = {models.served(2).model: SideFigures(turns=100, failed=5, ms=900_000, cost_usd=9.0)}
    assert models.start(2)[1].finish().state == "PromotionSettled"
    models.roll_back()
    models.live.figures = {models.served(2).model: SideFigures(turns=100, failed=11)}
    assert models.start(2)[1].finish().state == "PromotionReturned"


def test_sides_are_the_new_model_since_its_percent_and_the_other_since_the_beginning(models: Models) -> None:
    _, run = models.start(2)
    until(run, "WatchShift")
    run.step()
    (_, first), (other, began) = models.live.asked[-2:]
    assert other == models.served(1).model
    models.live.asked.clear()
    while len(models.live.asked) < 2 * 30:
        run.step()
    assert models.live.asked[-2][1] > first
    assert models.live.asked[-1] == (other, began)
    models.roll_back()
    models.roll_back()
    run.finish()
    models.start(2)[1].finish()
    assert models.live.asked[-1][0] == STAGE_MODEL


def test_an_alarm_in_the_middle_takes_everybody_back(models: Models) -> None:
    _, run = models.start(2)
    while run.visited.count("ShiftTraffic") != 2:
        run.step()
    models.alarms.ringing.add(ALARM)
    run.finish()
    assert run.state == "PromotionReturned"
    assert models.heard() == {1: 200}
    assert models.bus.events[-1][1]["reasons"] == [f"Alarm {ALARM} is ringing."]
    assert models.bus.events[-1][1]["percent"] == 50


def test_two_promotions_at_once_are_one(models: Models) -> None:
    """Both looked when nothing was under way: the one whose first step comes first goes on."""
    models.register(3)
    models.approve(3)
    _, second = models.start(2)
    _, third = models.start(3)
    third.step()
    third.step()
    second.finish()
    assert (second.status, second.state) == ("SUCCEEDED", "PromotionOvertaken")
    third.finish()
    assert third.state == "PromotionSettled"
    assert models.promotions.get(models.title).current == models.served(3)
    assert models.promotions.get(models.title).previous == models.served(1)
    assert models.bus.kinds()[1:] == ["ModelPromoted.v1"]


def test_a_promotion_under_way_lets_no_other_begin(models: Models) -> None:
    models.register(3)
    models.approve(3)
    _, run = models.start(2)
    until(run, "Wait")
    with pytest.raises(Conflict, match="Version 2 is being promoted"):
        models.start(3)
    run.finish()
    assert models.start(3)[1].finish().state == "PromotionSettled"


@pytest.mark.parametrize("state", ["Wait", "WatchShift", "WhatNow", "ShiftTraffic", "SettlePromotion"])
def test_a_rollback_during_a_shift_stands(models: Models, state: str) -> None:
    _, run = models.start(2)
    until(run, "Wait")
    until(run, state)
    rolled = models.roll_back()
    assert (rolled.version, rolled.to) == (2, 1)
    assert models.heard() == {1: 200}
    run.finish()
    assert (run.status, run.state) == ("SUCCEEDED", "PromotionOvertaken")
    assert models.heard() == {1: 200}
    assert models.consistent()
    assert models.bus.kinds() == ["ModelRolledBack.v1"]


def test_a_step_of_a_promotion_that_is_over_changes_nothing(models: Models) -> None:
    """An execution that hung, and goes on after another promotion."""
    models.register(3)
    models.approve(3)
    started, old = models.start(2)
    until(old, "Wait")
    models.roll_back()
    assert models.start(3)[1].finish().state == "PromotionSettled"
    before = models.promotions.get(models.title)
    given = {"plan": old.variables["plan"], "step": 1, "reasons": ["Late."], "error": {}}
    assert started.promotion == given["plan"]["promotion"]
    for function in ("ShiftTraffic", "WatchShift", "SettlePromotion", "ReturnTraffic"):
        assert models.functions[function](given).action == "overtaken"
    assert models.promotions.get(models.title) == before
    assert models.consistent()


def breaks_off(models: Models, run: Run) -> None:
    """The execution is gone; the bus tells so, with what it was given."""
    run.kill()
    models.back(plan_of({"plan": run.variables.get("plan") or run.output}), reasons_of([], {"Error": "ABORTED"}))


@pytest.mark.parametrize("steps", range(19))
def test_a_crash_between_any_two_states_leaves_nothing_half_done(models: Models, steps: int) -> None:
    _, run = models.start(2, percents=(50, 100), minutes=1.0)
    for _ in range(steps):
        if run.status == "RUNNING":
            run.step()
    ended = run.status != "RUNNING"
    breaks_off(models, run)
    assert models.consistent()
    settled = "SettlePromotion" in run.visited
    assert models.heard() == ({2: 200} if settled else {1: 200})
    assert models.bus.kinds() == (
        ["ModelPromoted.v1"] if settled else ["ModelReturned.v1"] if "ShiftTraffic" in run.visited else []
    )
    if not ended and not settled:
        assert models.start(2)[1].finish().state == "PromotionSettled"


def test_the_crashes_above_reach_from_the_first_state_to_the_last(models: Models) -> None:
    _, run = models.start(2, percents=(50, 100), minutes=1.0)
    run.finish()
    assert len(run.visited) == 14
    assert run.state == "PromotionSettled"


@pytest.mark.parametrize("function", ["ShiftTraffic", "SettlePromotion", "ReturnTraffic"])
def test_a_function_that_dies_when_its_work_is_done_does_it_once(models: Models, function: str) -> None:
    real, died = models.functions[function], []

    def dies(given: dict[str, object]) -> object:
        done = real(given)
        if len(died) < 2:
            died.append(function)
            raise Fault("Lambda.Unknown")
        return done

    models.functions[function] = dies
    _, run = models.start(2)
    if function == "ReturnTraffic":
        models.alarms.ringing.add(ALARM)
    run.finish()
    assert run.state == ("PromotionReturned" if function == "ReturnTraffic" else "PromotionSettled")
    assert models.consistent()
    moves = [move.kind for move in models.promotions.moves(models.title, 2)]
    assert moves == (["returned", "begun"] if function == "ReturnTraffic" else ["promoted", "begun"])
    assert models.bus.kinds() == [f"Model{moves[0].capitalize()}.v1"]


def test_what_could_not_be_told_to_turns_is_told_when_the_step_is_done_again(models: Models) -> None:
    models.parameters.silent = 2
    assert models.start(2)[1].finish().state == "PromotionSettled"
    assert models.parameters.silent == 0
    assert models.consistent()


def test_a_step_that_cannot_be_taken_takes_everybody_back_and_rings(models: Models) -> None:
    real = models.functions["ShiftTraffic"]

    def fails_later(given: dict[str, int]) -> object:
        if given["step"]:
            raise StoreUnavailable("The table of models did not answer.")
        return real(given)

    models.functions["ShiftTraffic"] = fails_later
    _, run = models.start(2)
    run.finish()
    assert (run.status, run.error) == ("FAILED", "StoreUnavailable")
    assert models.heard() == {1: 200}
    assert models.consistent()
    assert models.bus.events[-1][1]["reasons"] == ["The promotion could not go on (StoreUnavailable)."]


def test_a_return_is_tried_for_long(models: Models) -> None:
    real, failed = models.functions["ReturnTraffic"], []

    def fails(given: dict[str, object]) -> object:
        if len(failed) < 25:
            failed.append(1)
            raise StoreUnavailable("The table of models did not answer.")
        return real(given)

    models.functions["ReturnTraffic"] = fails
    _, run = models.start(2)
    until(run, "WatchShift")
    models.alarms.ringing.add(ALARM)
    assert run.finish().state == "PromotionReturned"
    assert models.consistent()


def test_an_abandoned_shift_is_taken_back_before_another_promotion(models: Models) -> None:
    _, run = models.start(2)
    until(run, "Wait")
    run.kill()
    models.register(3)
    models.approve(3)
    _, other = models.start(3)
    assert models.heard() == {1: 200}
    assert other.finish().state == "PromotionSettled"
    kinds = [(move.version, move.kind) for move in models.promotions.moves(models.title, 4)]
    assert kinds == [(3, "promoted"), (3, "begun"), (2, "returned"), (2, "begun")]


def test_after_an_abandoned_shift_what_players_have_is_not_promoted_over_itself(models: Models) -> None:
    """The model before would be lost, and a rollback would change nothing."""
    models.promote(3, percents=(100,), minutes=0.0)
    _, run = models.start(2)
    until(run, "Wait")
    run.kill()
    with pytest.raises(Conflict, match="already"):
        models.start(3)
    assert models.consistent()
    models.roll_back()
    assert models.heard() == {1: 200}


def test_what_speaks_for_some_alone_can_be_promoted_for_all_of_its_own(models: Models) -> None:
    models.promote(3, ("mira", "otto"), percents=(100,), minutes=0.0)
    models.promote(4, ("mira",), percents=(100,), minutes=0.0)
    assert (models.heard("mira"), models.heard("otto")) == ({4: 200}, {3: 200})
    usual(models)
    models.live.figures = {models.served(4).model: SideFigures(turns=100), models.served(3).model: SideFigures(turns=9)}
    _, run = models.start(3)
    until(run, "WatchShift")
    run.step()
    assert [model for model, _ in models.live.asked[-2:]] == [models.served(3).model, models.served(4).model]
    run.finish()
    assert (models.heard("mira"), models.heard("otto")) == ({3: 200}, {3: 200})
    models.roll_back()
    assert (models.heard("mira"), models.heard("otto")) == ({4: 200}, {3: 200})


def test_a_bus_that_fails_delays_the_announcement_and_nothing_else(models: Models) -> None:
    models.bus.failures = [StoreUnavailable("The bus did not answer.")] * 2
    assert models.start(2)[1].finish().state == "PromotionSettled"
    assert models.bus.kinds() == ["ModelPromoted.v1"]


def test_a_version_that_is_rejected_during_its_promotion_goes_back(models: Models) -> None:
    _, run = models.start(2)
    until(run, "WatchShift")
    models.promotions.drop_candidate(models.title, 2)
    assert run.finish().state == "PromotionReturned"
    assert models.bus.events[-1][1]["reasons"] == ["Version 2 is not approved any more."]


def test_what_is_promoted_is_not_promoted_again(models: Models) -> None:
    with pytest.raises(Conflict, match="already"):
        models.start_by(models.title, 1, BY, PromotionRequest())
    assert models.promotions.get(models.title).shift is None
    assert models.promotions.get("another-title") == Promoted()
