"""Turns of streams end before their function does: records and voices get what time there is, and no more."""

from __future__ import annotations

import logging
import math

import pytest

from npcops.dialogue import TurnRequest, VoiceRequest
from npcops.errors import StoreUnavailable
from npcops.stream_turn import END_SECONDS, RECORD_SECONDS, SECONDS_TO_COMPLETE, VOICE_SECONDS
from npcops.streaming import TurnStream
from tests.fake_time import FakeTime
from tests.streams import Client, Records, stream
from tests.unit.test_stream_turn import ASKED, Stage, kinds


class Hanging(Records):
    """Records that never answer."""

    def __init__(self, beside: FakeTime) -> None:
        super().__init__()
        self._beside = beside

    def _fail(self) -> None:
        self._beside.spend(math.inf)


def test_records_that_hang_cost_a_turn_less_than_two_seconds(caplog: pytest.LogCaptureFixture) -> None:
    stage, client = Stage(), Client()
    began = stage.beside.now()
    with caplog.at_level(logging.WARNING):
        stage.using(Hanging(stage.beside)).speak("game", "ann", "mira", ASKED, stream(client, stage.time))
    assert kinds(client)[-1] == "turn.completed"
    assert stage.beside.now() - began == pytest.approx(RECORD_SECONDS + END_SECONDS)
    assert [record.getMessage() for record in caplog.records] == ["turn not recorded", "end of turn not recorded"]


def test_a_turn_that_cannot_be_looked_up_in_time_is_a_problem() -> None:
    stage = Stage()
    began = stage.beside.now()
    with pytest.raises(StoreUnavailable):
        stage.using(Hanging(stage.beside)).resume("game", "ann", "t1", stream(Client(), stage.time))
    assert stage.beside.now() - began == pytest.approx(RECORD_SECONDS)


@pytest.mark.parametrize(("left", "waited"), [(20.0, VOICE_SECONDS), (3.0, 3.0 - SECONDS_TO_COMPLETE), (0.5, 0.0)])
def test_the_voice_is_waited_for_only_while_the_turn_can_still_be_told(left: float, waited: float) -> None:
    stage, client = Stage(), Client()
    to = TurnStream(client.post, None, stage.time, stage.time.after, lambda: left)
    stage.turns.speak("game", "ann", "mira", TurnRequest("Who are you?", voice=VoiceRequest()), to)
    assert stage.voices.waited == [waited]
    assert kinds(client)[-1] == "turn.completed"


def test_at_the_end_of_its_time_a_turn_is_told_rather_than_recorded() -> None:
    stage, client = Stage(), Client()
    began = stage.beside.now()
    to = TurnStream(client.post, None, stage.time, stage.time.after, lambda: 1.25)
    stage.using(Hanging(stage.beside)).speak("game", "ann", "mira", ASKED, to)
    assert stage.beside.now() - began == pytest.approx(RECORD_SECONDS + 0.25)
    assert kinds(client)[-1] == "turn.completed"
