"""A turn on its way to a client: in order, gathered while frames are slow, and never after the client has gone."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import Disconnected
from npcops.streaming import PAUSE_SECONDS, TurnStream, in_background
from tests.streams import Client, Time, stream, turn


def kinds(client: Client) -> list[str]:
    return [event["event"] for event in client.events]


def test_the_first_words_go_out_at_once() -> None:
    client, time = Client(), Time()
    to = stream(client, time, "mine")
    to.started("t1")
    to.said("Well")
    assert client.events == [
        {"event": "turn.started", "turn_id": "t1", "npc": "mira", "ref": "mine"},
        {"event": "say.delta", "turn_id": "t1", "seq": 1, "text": "Well"},
    ]


def test_words_that_follow_soon_are_sent_together_when_it_is_time() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    to.said("Well ")
    for word in ("met", ", ", "Ann"):
        to.said(word)
        time.passes(PAUSE_SECONDS / 4)
    assert [event["text"] for event in client.events] == ["Well "]
    time.passes(PAUSE_SECONDS / 4)
    assert [event["text"] for event in client.events] == ["Well ", "met, Ann"]
    assert time.later == []


def test_words_that_come_after_the_pause_wait_for_nothing() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    for word in ("Well ", "met", "."):
        to.said(word)
        time.passes(PAUSE_SECONDS)
    assert [event["text"] for event in client.events] == ["Well ", "met", "."]


def test_while_a_frame_is_slow_the_words_gather() -> None:
    """The pause counts from when the last frame had gone, so a slow client gets fewer and longer ones."""
    client, time = Client(), Time()
    client.on_post = lambda: time.sleep(2.0)
    to = stream(client, time)
    to.said("Well ")
    for word in "met by the ferry":
        to.said(word)
    assert len(client.frames) == 1
    time.passes(PAUSE_SECONDS)
    assert len(client.frames) == 2
    assert client.said == "Well met by the ferry"


def test_whatever_else_is_told_comes_after_the_words_before_it() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    to.started("t1")
    to.said("Well ")
    to.said("met.")
    to.completed(turn("t1"))
    assert kinds(client) == ["turn.started", "say.delta", "say.delta", "turn.completed"]
    assert client.events[-1]["turn"]["say"] == client.said == "Well met."
    time.passes(1)
    assert len(client.frames) == 4


def test_words_taken_back_are_never_sent_and_those_sent_are_taken_back() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    to.unsaid()
    assert client.frames == []
    to.said("Bad ")
    to.said("words")
    to.unsaid()
    to.unsaid()
    to.said("Good")
    time.passes(1)
    assert kinds(client) == ["say.delta", "say.reset", "say.delta"]
    assert client.said == "Good"
    assert [event["seq"] for event in client.events if "seq" in event] == [1, 2]


@given(
    st.lists(st.one_of(st.text(max_size=5), st.none(), st.floats(0, 0.1)), max_size=40),
    st.floats(0, 0.1),
)
def test_however_it_is_said_the_client_has_it_in_the_end(script: list[str | float | None], slow: float) -> None:
    client, time, expected = Client(), Time(), ""
    client.on_post = lambda: time.sleep(slow)
    to = stream(client, time)
    to.started("t1")
    for step in script:
        if isinstance(step, str):
            text = step.encode(errors="ignore").decode()
            expected += text
            to.said(text)
        elif step is None:
            expected = ""
            to.unsaid()
        else:
            time.passes(step)
    to.completed(turn("t1"))
    assert client.said == expected
    numbers = [event["seq"] for event in client.events if "seq" in event]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_client_that_has_gone_ends_the_turn_at_the_next_word() -> None:
    client, time = Client(closes_after=1), Time()
    to = stream(client, time)
    to.said("Well ")
    time.passes(PAUSE_SECONDS)
    for _ in range(2):
        with pytest.raises(Disconnected):
            to.said("met")


def test_that_a_client_has_gone_is_noticed_between_words_too() -> None:
    client, time = Client(closes_after=1), Time()
    to = stream(client, time)
    to.said("Well ")
    to.said("met")
    time.passes(PAUSE_SECONDS)
    with pytest.raises(Disconnected):
        to.said(".")
    with pytest.raises(Disconnected):
        to.unsaid()
    with pytest.raises(Disconnected):
        to.problem({})


def test_why_nothing_is_sent_any_more_is_known() -> None:
    client, time = Client(closes_after=0), Time()
    to = stream(client, time)
    assert to.failure is None
    with pytest.raises(Disconnected) as raised:
        to.said("Well")
    assert to.failure is raised.value


def test_a_turn_keeps_the_id_that_its_client_knows() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    to.turn_id = "t1"
    to.started("t2")
    to.said("Well ")
    assert [event["turn_id"] for event in client.events] == ["t1", "t1"]


def test_that_the_voice_failed_is_said_with_the_turn() -> None:
    client, time = Client(), Time()
    to = stream(client, time)
    to.voiceless({"detail": "Polly is down."})
    to.completed(turn("t1"))
    assert client.events[-1]["turn"]["voice_problem"] == {"detail": "Polly is down."}


def test_a_problem_names_the_turn_or_what_asked_for_it() -> None:
    client, time = Client(), Time()
    stream(client, time, "mine").problem({"status": 400})
    to = stream(client, time)
    to.started("t1")
    to.problem({"status": 503})
    assert [{**event, "problem": 0} for event in client.events if event["event"] == "problem"] == [
        {"event": "problem", "problem": 0, "ref": "mine"},
        {"event": "problem", "problem": 0, "turn_id": "t1"},
    ]


def test_with_real_time_the_words_left_waiting_are_sent_without_another_call() -> None:
    client, both = Client(), threading.Event()
    client.on_post = lambda: both.set() if len(client.frames) == 2 else None
    to = TurnStream(client.post)
    to.said("Well ")
    to.said("met")
    assert both.wait(10)
    assert client.said == "Well met"


def test_work_for_later_keeps_no_process_alive() -> None:
    seen = threading.Event()
    daemons: list[bool] = []

    def work() -> None:
        daemons.append(threading.current_thread().daemon)
        seen.set()

    in_background(0.001, work)
    assert seen.wait(10)
    assert daemons == [True]
