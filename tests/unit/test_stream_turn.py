"""Turns on connections that break: spoken once, found again, and stopped when nobody listens."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec
import pytest

from npcops.dialogue import Clip, TurnRecord, TurnRequest, VoiceRequest
from npcops.errors import Conflict, Disconnected, NotFound, StoreUnavailable
from npcops.speech import Sentence
from npcops.stream_turn import SPEAKING_SECONDS, WAITING_SECONDS, StreamTurn
from npcops.turn_ids import moment
from tests.fake_time import FakeTime
from tests.streams import Client, Converses, Records, Time, stream, turn

ASKED = TurnRequest("Who are you?")


class Voices:
    """In place of ReadAloud; `waited` is how long the rest of each voice may be waited for."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def voicing(self, title: str, npc: str, wanted: VoiceRequest, listener: Any) -> Any:
        waited = self.waited

        class Voiced:
            started, said, unsaid = listener.started, listener.said, listener.unsaid

            def finish(self, seconds: float) -> None:
                waited.append(seconds)
                listener.spoke(Sentence(0, 0, 9), Clip(wanted.format, 22050, b"sound", 400, ()))

        return Voiced()


class Stage:
    """One use case, what it kept and how long it took."""

    def __init__(self, *pieces: str, fails: Exception | None = None) -> None:
        self.time, self.records, self.converse = Time(), Records(), Converses(*pieces, fails=fails)
        self.beside, self.voices = FakeTime(), Voices()
        self.turns = self.using(self.records)

    def using(self, records: Records) -> StreamTurn:
        return StreamTurn(self.converse, records, lambda: self.voices, self.beside, self.time, self.time.sleep)

    def speak(self, client: Client, request: TurnRequest = ASKED) -> Any:
        return self.turns.speak("game", "ann", "mira", request, stream(client, self.time))

    def resume(self, client: Client, turn_id: str, player: str = "ann", title: str = "game") -> Any:
        return self.turns.resume(title, player, turn_id, stream(client, self.time))

    @property
    def record(self) -> TurnRecord:
        (found,) = self.records.kept.values()
        return found


def kinds(client: Client) -> list[str]:
    return [event["event"] for event in client.events]


def test_a_turn_is_told_from_beginning_to_end() -> None:
    stage, client = Stage(), Client()
    told = stage.speak(client)
    assert kinds(client) == ["turn.started", "say.delta", "say.delta", "turn.completed"]
    assert {event["turn_id"] for event in client.events} == {told.turn.turn_id}
    assert client.said == client.events[-1]["turn"]["say"] == told.turn.say
    assert (stage.record.state, stage.record.turn) == ("finished", told.turn)


def test_a_client_that_goes_stops_the_turn() -> None:
    stage, client = Stage("Well ", "met, ", "Ann."), Client(closes_after=2)
    stage.converse.between = lambda: stage.time.passes(0.1)
    with pytest.raises(Disconnected):
        stage.speak(client)
    assert stage.record.state == "stopped"
    assert stage.record.turn is None


def test_a_client_that_goes_at_the_very_end_has_its_turn_when_it_comes_back() -> None:
    stage, client, again = Stage(), Client(closes_after=2), Client()
    told = stage.speak(client)
    assert kinds(client) == ["turn.started", "say.delta"]
    assert stage.resume(again, told.turn.turn_id) is None
    assert kinds(again) == ["turn.started", "turn.completed"]
    assert again.events[-1]["turn"]["say"] == told.turn.say
    assert len(stage.converse.calls) == 1


def test_a_stopped_turn_is_spoken_anew_under_its_id() -> None:
    stage, again = Stage("Well ", "met, ", "Ann."), Client()
    stage.converse.between = lambda: stage.time.passes(0.1)
    with pytest.raises(Disconnected):
        stage.speak(Client(closes_after=2))
    turn_id = stage.record.turn_id
    told = stage.resume(again, turn_id)
    assert told.turn.turn_id == turn_id
    assert again.said == told.turn.say == "Well met, Ann."
    assert {event["turn_id"] for event in again.events} == {again.events[-1]["turn"]["turn_id"]} == {turn_id}
    assert stage.converse.calls[0][:-1] == stage.converse.calls[1][:-1]
    assert (stage.record.state, stage.record.turn) == ("finished", told.turn)


def test_a_turn_that_is_spoken_anew_is_remembered_as_of_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its old id it would be part of snapshots taken meanwhile, and older than Memories made meanwhile."""
    stage = Stage("Well ", "met.")
    stage.converse.between = lambda: stage.time.passes(0.1)
    with pytest.raises(Disconnected):
        stage.speak(Client(closes_after=1))
    later = time.time_ns() + 10_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    told = stage.resume(Client(), stage.record.turn_id)
    first, second = (call[-1] for call in stage.converse.calls)
    assert first == told.turn.turn_id
    assert moment(second) == later // 1_000_000 > moment(first)
    assert (stage.record.turn_id, stage.record.kept_as) == (first, second)


def test_a_problem_with_a_turn_that_is_spoken_anew_names_it_as_the_client_does() -> None:
    stage, client = Stage(fails=NotFound("No such NPC.")), Client()
    stage.records.begin("game", "ann", TurnRecord("t1", "mira", ASKED, "first", stage.time.now, "stopped"))
    to = stream(client, stage.time)
    with pytest.raises(NotFound):
        stage.turns.resume("game", "ann", "t1", to)
    to.problem({})
    assert {event["turn_id"] for event in client.events} == {"t1"}


def test_a_turn_that_another_speaks_is_waited_for() -> None:
    stage, again = Stage(), Client()
    record = TurnRecord("t1", "mira", ASKED, "other", stage.time.now + 20)
    stage.records.begin("game", "ann", record)
    finished = msgspec.structs.replace(record, state="finished", turn=turn("t1"))
    waited = 0

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += 1
        if waited == 3:
            assert stage.records.replace("game", "ann", record, finished)

    turns = StreamTurn(stage.converse, stage.records, Voices, stage.beside, stage.time, sleep)
    assert turns.resume("game", "ann", "t1", stream(again, stage.time)) is None
    assert kinds(again) == ["turn.started", "turn.completed"]
    assert (waited, stage.converse.calls) == (3, [])


def test_a_turn_that_another_goes_on_speaking_is_a_conflict_in_time() -> None:
    stage = Stage()
    stage.records.begin("game", "ann", TurnRecord("t1", "mira", ASKED, "other", stage.time.now + 60))
    began = stage.time.now
    with pytest.raises(Conflict):
        stage.resume(Client(), "t1")
    assert WAITING_SECONDS <= stage.time.now - began <= WAITING_SECONDS + 1
    assert stage.converse.calls == []


def test_a_turn_that_stops_after_long_waiting_is_left_to_the_next_call() -> None:
    """A turn may take nearly as long as the function; begun late, it would be cut off."""
    stage, again = Stage(), Client()
    stage.records.begin("game", "ann", TurnRecord("t1", "mira", ASKED, "other", stage.time.now + 5))
    with pytest.raises(Conflict):
        stage.resume(again, "t1")
    assert stage.resume(again, "t1").turn.turn_id == "t1"


def test_a_turn_whose_speaker_has_died_is_spoken_anew() -> None:
    stage, again = Stage(), Client()
    stage.records.begin("game", "ann", TurnRecord("t1", "mira", ASKED, "dead", stage.time.now))
    stage.time.passes(1)
    assert stage.resume(again, "t1").turn.turn_id == "t1"
    assert stage.record.until == stage.time.now + SPEAKING_SECONDS


def test_two_who_resume_at_once_have_it_spoken_once() -> None:
    stage, second = Stage("Well ", "met."), Client()
    stopped = TurnRecord("t1", "mira", ASKED, "first", stage.time.now, "stopped")
    stage.records.begin("game", "ann", stopped)
    seen: list[Any] = []

    def meanwhile() -> None:
        if not seen:
            seen.append(stage.records.replace("game", "ann", stopped, msgspec.structs.replace(stopped, speaker="late")))

    stage.converse.between = meanwhile
    stage.resume(Client(), "t1")
    assert seen == [False]
    assert stage.resume(second, "t1") is None
    assert len(stage.converse.calls) == 1


def test_only_the_same_player_of_the_same_title_has_the_turn() -> None:
    stage = Stage()
    turn_id = stage.speak(Client()).turn.turn_id
    for caller in ({"player": "bob"}, {"title": "other"}):
        with pytest.raises(NotFound):
            stage.resume(Client(), turn_id, **caller)
    with pytest.raises(NotFound):
        stage.resume(Client(), "0" * 22)


def test_a_player_who_is_erased_meanwhile_does_not_come_back() -> None:
    stage = Stage()
    stage.converse.between = stage.records.kept.clear
    stage.speak(Client())
    assert stage.records.kept == {}


def test_a_failed_turn_can_be_asked_for_again() -> None:
    stage = Stage(fails=NotFound("No such NPC."))
    with pytest.raises(NotFound):
        stage.speak(Client())
    assert stage.record.state == "stopped"


def test_without_its_records_a_turn_is_spoken_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    stage, client = Stage(), Client()
    stage.records.failure = StoreUnavailable("The table.")
    with caplog.at_level(logging.WARNING):
        stage.speak(client)
    assert kinds(client)[-1] == "turn.completed"
    assert [record.getMessage() for record in caplog.records] == ["turn not recorded", "end of turn not recorded"]


def test_who_wants_to_hear_it_hears_it_before_the_turn_is_complete() -> None:
    stage, client, again = Stage(), Client(), Client()
    told = stage.speak(client, TurnRequest("Who are you?", voice=VoiceRequest()))
    assert kinds(client)[-2:] == ["say.audio", "turn.completed"]
    stage.resume(again, told.turn.turn_id)
    assert kinds(again) == ["turn.started", "turn.completed"]
