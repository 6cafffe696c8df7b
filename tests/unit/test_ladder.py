"""The ladder: who answers when models are slow, fail, ramble or say what they must not."""

from __future__ import annotations

import math

import pytest

from npcops.dialogue import Speech, Usage
from npcops.errors import Disconnected, GuardrailIntervened, ModelFailed, ModelUnavailable
from npcops.ladder import Nothing, Rung, Take
from npcops.model_calls import Delta, Reply
from tests.climbing import END, FIRST, LEAKING, MALFORMED, SMALLER, USAGE, Climbing, PlainSaying, Step

THROTTLED = ModelUnavailable("throttled")
AYE: list[Step] = [0.5, "Aye, ", 0.5, "that I do.", END]
NAY: list[Step] = [0.5, "Nay.", END]
NEVER: list[Step] = [math.inf]


def test_the_first_model_answers_and_nobody_else_is_asked() -> None:
    climb = Climbing(big=AYE, small=NAY)
    take = climb.speak()
    assert take == Take(Speech("Aye, that I do.", emotion="warm"), "model", "big-id", USAGE, (), 0.5)
    assert climb.ear.events == ["Aye, ", "that I do."]
    assert (climb.models.calls, climb.fake.now()) == (["big"], 1)
    assert climb.all_ended


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (NEVER, "model-slow"),
        ([2.5, "Late.", END], "model-slow"),
        ([THROTTLED], "model-unavailable"),
        ([ModelFailed("wrong id")], "model-failed"),
        ([KeyError("delta")], "model-failed"),
        ([], "model-failed"),
        ([0.1, MALFORMED, END], "model-malformed"),
        ([0.1, END], "model-malformed"),
        ([1.9, "Aye, ", 1, THROTTLED], "model-unavailable"),
    ],
)
def test_a_model_that_fails_makes_way_for_the_next(script: list[Step], cause: str) -> None:
    climb = Climbing(big=script, small=NAY)
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.speech.say, take.answer, take.model, take.why) == ("Nay.", "smaller-model", "small-id", (cause,))
    assert climb.ear.text == "Nay."
    assert climb.all_ended


def test_a_silent_model_is_given_up_when_its_time_is_up() -> None:
    climb = Climbing(big=NEVER, small=NAY)
    take = climb.speak(first_token=2)
    assert isinstance(take, Take)
    assert take.first_at == climb.fake.now() == 2.5


def test_a_model_that_has_begun_may_take_its_time() -> None:
    climb = Climbing(big=[1.5, "Aye, ", 5, "that I do.", END], small=NAY)
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.speech.say, take.why, climb.fake.now()) == ("Aye, that I do.", (), 6.5)


@pytest.mark.parametrize("script", [["Aye. And ", THROTTLED], ["Aye. And ", Reply(MALFORMED, None, "", "", USAGE)]])
def test_words_of_a_model_that_failed_are_unsaid_when_others_come(script: list[Step]) -> None:
    climb = Climbing(big=script, small=[0.5, "Nay, ", 0.5, "not ", "I.", END])
    take = climb.speak()
    assert isinstance(take, Take)
    assert climb.ear.events == ["Aye. And ", "<unsaid>", "Nay, ", "not ", "I."]
    assert take.first_at == 0.5


def test_the_last_model_may_be_silent_until_the_end() -> None:
    climb = Climbing(big=[THROTTLED], small=[6, "Nay.", END])
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.speech.say, climb.fake.now()) == ("Nay.", 6)


def test_a_model_may_be_silent_until_the_end_when_no_time_is_left_for_another() -> None:
    climb = Climbing(big=[2.1, "Aye.", END], small=NAY)
    take = climb.speak(seconds=2.2)
    assert isinstance(take, Take)
    assert (take.answer, climb.models.calls) == ("model", ["big"])


def test_when_nobody_answers_there_is_nothing_in_time() -> None:
    climb = Climbing(big=NEVER, small=NEVER)
    assert climb.speak() == Nothing(("model-slow",), Usage())
    assert climb.fake.now() == 8
    assert climb.all_ended


def test_causes_are_told_in_order_and_once() -> None:
    climb = Climbing(big=[ModelFailed("no")], small=[THROTTLED], third=[ModelFailed("no")])
    assert climb.speak(FIRST, SMALLER, Rung("smaller-model", "third")) == Nothing(
        ("model-failed", "model-unavailable"), Usage()
    )


@pytest.mark.parametrize("seconds", [-1, 0, 0.2])
def test_without_time_nobody_is_asked(seconds: float) -> None:
    climb = Climbing(big=AYE, small=NAY)
    assert climb.speak(seconds=seconds) == Nothing(("model-slow",), Usage())
    assert climb.models.calls == []


def test_what_is_whole_when_time_runs_out_is_the_answer() -> None:
    climb = Climbing(big=[1, "Aye. That ", 9, "I do.", END], small=NAY)
    take = climb.speak()
    assert take == Take(Speech("Aye."), "cut-short", "big", Usage(), ("model-slow",), 8)
    assert climb.ear.events == ["Aye. That ", "<unsaid>", "Aye."]
    assert (climb.fake.now(), climb.models.calls) == (8, ["big"])
    assert climb.all_ended


def test_an_answer_cut_at_a_sentence_is_not_said_again() -> None:
    climb = Climbing(big=[1, "Aye. ", "I do.", 9, " So."], small=NAY)
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.speech.say, take.first_at) == ("Aye. I do.", 1)
    assert climb.ear.events == ["Aye. ", "I do."]


def test_half_a_sentence_is_no_answer() -> None:
    climb = Climbing(big=[1, "Aye, that ", 9, "I do.", END])
    assert climb.speak(FIRST) == Nothing(("model-slow",), Usage())
    assert climb.ear.events == ["Aye, that ", "<unsaid>"]


def test_a_stream_that_breaks_is_cut_when_no_model_is_left() -> None:
    climb = Climbing(big=[1, "Aye. That ", THROTTLED])
    take = climb.speak(FIRST)
    assert take == Take(Speech("Aye."), "cut-short", "big", Usage(), ("model-unavailable",), 1)
    assert climb.ear.text == "Aye."


@pytest.mark.parametrize("second", [[THROTTLED], NEVER, [1, "Nay, ", 9, "that I do not."], [1, MALFORMED, END]])
def test_whole_sentences_of_a_stream_that_broke_are_better_than_nothing(second: list[Step]) -> None:
    climb = Climbing(big=["Aye.", THROTTLED], small=second)
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.speech.say, take.answer, take.model) == ("Aye.", "cut-short", "big")
    assert take.why[0] == "model-unavailable"
    assert climb.ear.text == "Aye."


def test_what_stands_already_is_not_unsaid_for_a_model_that_says_nothing() -> None:
    climb = Climbing(big=["Aye.", THROTTLED], small=NEVER)
    climb.speak()
    assert climb.ear.events == ["Aye."]


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ([0.1, "Aye. ", GuardrailIntervened("withheld")], "guardrail"),
        ([GuardrailIntervened("withheld")], "guardrail"),
        ([0.1, "Aye. ", LEAKING, END], "leak"),
        ([0.1, Reply(f"Aye. {LEAKING}", None, "big", "end_turn", USAGE)], "leak"),
    ],
)
def test_a_leak_and_a_guardrail_end_it_at_once(script: list[Step], cause: str) -> None:
    climb = Climbing(big=script, small=NAY)
    nothing = climb.speak()
    assert isinstance(nothing, Nothing)
    assert nothing.why == (cause,)
    assert (climb.ear.text, climb.models.calls) == ("", ["big"])
    assert climb.all_ended


def test_a_guardrail_is_told_after_the_causes_before_it() -> None:
    climb = Climbing(big=[THROTTLED], small=[GuardrailIntervened("withheld")])
    assert climb.speak() == Nothing(("model-unavailable", "guardrail"), Usage())


def test_a_guardrail_may_also_come_of_reading() -> None:
    def withheld(reply: Reply) -> Speech:
        raise GuardrailIntervened("withheld")

    climb = Climbing(big=AYE, small=NAY)
    assert climb.speak(reading=withheld) == Nothing(("guardrail",), USAGE)
    assert climb.ear.text == ""


def test_a_reply_in_one_piece_is_said_in_one_piece() -> None:
    climb = Climbing(big=[1.5, Reply(" Aye. ", None, "big-id", "end_turn", USAGE)])
    take = climb.speak(FIRST)
    assert isinstance(take, Take)
    assert (take.speech.say, take.first_at, climb.ear.events) == ("Aye.", 1.5, ["Aye."])


def test_a_reply_that_reads_otherwise_than_it_was_shown_is_said_anew() -> None:
    climb = Climbing(big=[1, " Aye. ", 1, END])
    take = climb.speak(FIRST)
    assert isinstance(take, Take)
    assert climb.ear.events == [" Aye. ", "<unsaid>", "Aye."]
    assert take.first_at == 2


def test_words_that_are_held_back_are_said_at_the_end() -> None:
    class Shy(PlainSaying):
        def feed(self, delta: Delta) -> str:
            return ""

    climb = Climbing(big=AYE)
    take = climb.speak(FIRST, saying=Shy)
    assert isinstance(take, Take)
    assert (climb.ear.events, take.first_at) == (["Aye, that I do."], 1)


def test_every_reply_is_paid_for() -> None:
    climb = Climbing(big=[MALFORMED, END], small=NAY)
    take = climb.speak()
    assert isinstance(take, Take)
    assert (take.usage.input_tokens, take.usage.output_tokens, take.usage.cost_usd) == (200, 20, 1.0)
    climb = Climbing(big=[MALFORMED, END], small=[THROTTLED])
    assert climb.speak() == Nothing(("model-malformed", "model-unavailable"), USAGE)


@pytest.mark.parametrize("word", ["Aye", "that"])
def test_when_the_listener_goes_every_call_ends(word: str) -> None:
    climb = Climbing(hangs_up_at=word, big=AYE, small=NAY)
    with pytest.raises(Disconnected):
        climb.speak(hedge=0.1)
    assert climb.all_ended
