"""Two models asked beside each other, and models that are left alone for a while."""

from __future__ import annotations

import math

import pytest

from npcops.dialogue import Usage
from npcops.errors import GuardrailIntervened, ModelFailed, ModelUnavailable
from npcops.ladder import Nothing, Rung, Take
from tests.climbing import END, FIRST, MALFORMED, SMALLER, Climbing, Step

THROTTLED = ModelUnavailable("throttled")
NEVER: list[Step] = [math.inf]
NAY: list[Step] = [0.5, "Nay.", END]


def test_the_next_is_asked_beside_a_slow_one_and_the_first_to_speak_is_heard() -> None:
    climb = Climbing(big=[1.9, "Aye.", END], small=NAY)
    take = climb.speak(hedge=0.5)
    assert isinstance(take, Take)
    assert (take.speech.say, take.answer, take.why, take.first_at) == ("Nay.", "smaller-model", ("model-slow",), 1)
    assert climb.ear.events == ["Nay."]
    assert climb.all_ended


def test_the_first_is_heard_if_it_speaks_first_after_all() -> None:
    climb = Climbing(big=[0.9, "Aye", 1, ".", END], small=NAY)
    take = climb.speak(hedge=0.5)
    assert isinstance(take, Take)
    assert (take.speech.say, take.answer, take.why) == ("Aye.", "model", ())
    assert climb.models.calls == ["big", "small"]
    assert climb.all_ended


def test_nobody_is_asked_beside_a_quick_one() -> None:
    climb = Climbing(big=[0.4, "Aye", 3, ".", END], small=NAY)
    climb.speak(hedge=0.5)
    assert climb.models.calls == ["big"]


def test_a_failure_before_its_time_brings_the_next_at_once() -> None:
    climb = Climbing(big=[0.1, THROTTLED], small=NAY)
    take = climb.speak(hedge=0.5)
    assert isinstance(take, Take)
    assert take.first_at == 0.6


@pytest.mark.parametrize(
    ("big", "small", "say"),
    [
        ([1.5, "Aye.", END], [0.2, THROTTLED], "Aye."),
        ([0.7, THROTTLED], [1.5, "Nay.", END], "Nay."),
    ],
)
def test_when_one_of_two_fails_the_other_goes_on(big: list[Step], small: list[Step], say: str) -> None:
    climb = Climbing(big=big, small=small)
    take = climb.speak(hedge=0.5)
    assert isinstance(take, Take)
    assert (take.speech.say, take.why) == (say, () if say == "Aye." else ("model-unavailable",))
    assert climb.all_ended


@pytest.mark.parametrize(("seconds", "say", "why"), [(5, "Aye.", ()), (7, "Nay.", ("model-slow",))])
def test_two_may_be_silent_until_the_end_when_nobody_else_is_left(
    seconds: float, say: str, why: tuple[str, ...]
) -> None:
    climb = Climbing(big=[seconds, "Aye.", END], small=[6, "Nay.", END])
    take = climb.speak(hedge=0.5)
    assert isinstance(take, Take)
    assert (take.speech.say, take.why) == (say, why)
    assert climb.all_ended


def test_of_two_silent_ones_the_first_is_given_up_for_a_third() -> None:
    climb = Climbing(big=NEVER, small=NEVER, third=[0.5, "Well.", END])
    take = climb.speak(FIRST, SMALLER, Rung("smaller-model", "third"), hedge=1.5)
    assert isinstance(take, Take)
    assert (take.model, take.why, take.first_at) == ("third-id", ("model-slow",), 3.5)


def test_a_third_is_asked_beside_the_second() -> None:
    climb = Climbing(big=NEVER, small=NEVER, third=NAY)
    take = climb.speak(FIRST, SMALLER, Rung("smaller-model", "third"), hedge=0.5)
    assert isinstance(take, Take)
    assert (take.model, take.first_at) == ("third-id", 1.5)
    assert climb.all_ended


@pytest.mark.parametrize("seconds", [7.2, 1.7])
@pytest.mark.parametrize(("end", "cause"), [(END, "model-malformed"), (THROTTLED, "model-unavailable")])
def test_who_was_not_heard_is_asked_anew_when_the_heard_one_fails(end: Step, cause: str, seconds: float) -> None:
    climb = Climbing(big=[0.7, MALFORMED, 0.2, end], small=NAY)
    take = climb.speak(seconds=seconds, hedge=0.5)
    assert isinstance(take, Take)
    assert (take.speech.say, take.answer, take.why) == ("Nay.", "smaller-model", (cause,))
    assert take.first_at == pytest.approx(1.4)
    assert climb.models.calls == ["big", "small", "small"]
    assert climb.ear.text == "Nay."
    assert climb.all_ended


def test_who_was_not_heard_is_not_asked_anew_without_time() -> None:
    climb = Climbing(big=[0.7, MALFORMED, 0.2, END], small=NAY)
    assert isinstance(climb.speak(seconds=1.0, hedge=0.5), Nothing)
    assert climb.models.calls == ["big", "small"]


def test_who_was_not_heard_takes_its_old_place_again() -> None:
    climb = Climbing(big=[0.7, "Aye. ", 1, THROTTLED], small=[3, "Nay.", END], third=NAY)
    take = climb.speak(FIRST, SMALLER, Rung("smaller-model", "third"), hedge=0.5)
    assert isinstance(take, Take)
    assert climb.models.calls == ["big", "small", "small", "third"]
    assert (take.model, take.why) == ("third-id", ("model-unavailable", "model-slow"))


def test_a_guardrail_ends_both() -> None:
    climb = Climbing(big=[0.7, GuardrailIntervened("withheld")], small=NAY)
    assert climb.speak(hedge=0.5) == Nothing(("guardrail",), Usage())
    assert climb.all_ended


@pytest.mark.parametrize("script", [NEVER, [THROTTLED], ["Aye, ", THROTTLED]])
def test_a_model_that_fails_in_turn_after_turn_is_left_alone(script: list[Step]) -> None:
    climb = Climbing(failures=3, big=script, small=NAY)
    for _ in range(3):
        climb.speak()
    climb.models.calls.clear()
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.answer, take.why, climb.models.calls) == ("smaller-model", ("model-resting",), ["small"])


@pytest.mark.parametrize("script", [[ModelFailed("no")], [MALFORMED, END]])
def test_a_model_that_answers_badly_is_not_left_alone(script: list[Step]) -> None:
    climb = Climbing(failures=2, big=script, small=NAY)
    for _ in range(3):
        climb.speak()
    assert climb.models.calls == ["big", "small"] * 3


def test_a_model_that_fails_now_and_then_is_not_left_alone() -> None:
    climb = Climbing(failures=2, big=[THROTTLED], small=NAY)
    climb.speak()
    climb.models.scripts["big"] = NAY
    climb.speak()
    climb.models.scripts["big"] = [THROTTLED]
    climb.speak()
    assert not climb.breakers.of("big").resting


def test_a_model_that_never_comes_to_an_end_is_left_alone() -> None:
    climb = Climbing(failures=2, big=["Aye. ", math.inf], small=NAY)
    for _ in range(3):
        climb.speak()
    assert climb.models.calls == ["big", "big", "small"]


def test_a_model_that_is_always_beaten_is_left_alone() -> None:
    climb = Climbing(failures=2, big=NEVER, small=NAY)
    for _ in range(3):
        climb.speak(hedge=0.5)
    assert climb.models.calls == ["big", "small", "big", "small", "small"]


def test_a_model_that_was_asked_second_and_not_heard_is_not_to_blame() -> None:
    climb = Climbing(failures=1, big=[0.9, "Aye.", END], small=NAY)
    climb.speak(hedge=0.5)
    assert not climb.breakers.of("small").resting


def test_after_its_rest_a_model_is_tried_again() -> None:
    climb = Climbing(failures=1, big=NEVER, small=NAY)
    climb.speak()
    climb.fake.spend(31)
    climb.speak()
    assert climb.models.calls == ["big", "small", "big", "small"]


def test_when_all_rest_nobody_is_asked() -> None:
    climb = Climbing(failures=1, big=[THROTTLED], small=[THROTTLED])
    climb.speak()
    started, climb.models.calls = climb.fake.now(), []
    assert climb.speak() == Nothing(("model-resting",), Usage())
    assert (climb.models.calls, climb.fake.now()) == ([], started)


@pytest.mark.parametrize("hedge", [None, 0.5])
def test_a_model_is_not_given_up_for_one_that_rests(hedge: float | None) -> None:
    climb = Climbing(failures=1, big=[5, "Aye.", END], small=NAY)
    climb.breakers.of("small").failed()
    take = climb.speak(hedge=hedge)
    assert isinstance(take, Take)
    assert (take.speech.say, take.why, climb.models.calls) == ("Aye.", (), ["big"])
