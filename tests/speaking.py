"""What tests of speech need: a simulated clock, a catalogue, a service that speaks, and somebody who hears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from npcops.characters import NpcCard, SpeakingVoice
from npcops.dialogue import Clip, Viseme, VoiceRequest
from npcops.ports import Catalog
from npcops.speech import ReadAloud, Sentence
from tests.fake_time import FakeTime

MP3 = VoiceRequest()
EMMA = SpeakingVoice("Emma")


class Cards:
    """A catalogue in which every NPC has the same voice, or none."""

    def __init__(self, speech: SpeakingVoice | None = EMMA, error: Exception | None = None) -> None:
        self.speech, self.error = speech, error

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        if self.error:
            raise self.error
        assert (title, name, label) == ("game", "mira", "production")
        return NpcCard(name, name, "", speech=self.speech), "v1"


class Synthesizer:
    """Speech whose audio is the text. `seconds` tells how long a text takes, `errors` of which text it fails."""

    def __init__(self, fake: FakeTime) -> None:
        self.fake = fake
        self.seconds: Callable[[str], float] = lambda text: 0.3
        self.errors: dict[str, Exception] = {}
        self.asked: list[str] = []

    def synthesize(self, text: str, voice: SpeakingVoice, wanted: VoiceRequest) -> Clip:
        assert voice == EMMA
        self.asked.append(text)
        self.fake.spend(self.seconds(text))
        if text in self.errors:
            raise self.errors[text]
        return Clip(wanted.format, 24000, text.encode(), 100, (Viseme(0, "sil"),))


class Heard:
    """A listener that notes everything, and when."""

    def __init__(self, fake: FakeTime) -> None:
        self.fake, self.events = fake, list[tuple[str, Any]]()
        self.at: dict[int, float] = {}

    def started(self, turn_id: str) -> None:
        self.events.append(("started", turn_id))

    def said(self, text: str) -> None:
        self.events.append(("said", text))

    def unsaid(self) -> None:
        self.events.append(("unsaid", None))

    def spoke(self, sentence: Sentence, clip: Clip) -> None:
        self.at[sentence.index] = self.fake.now()
        self.events.append(("spoke", (sentence.index, sentence.start, sentence.end, clip.audio.decode())))

    def voiceless(self, problem: dict[str, Any]) -> None:
        self.events.append(("voiceless", problem))

    def of(self, kind: str) -> list[Any]:
        return [what for name, what in self.events if name == kind]

    @property
    def voices(self) -> list[str]:
        return [text for *_, text in self.of("spoke")]


class Stage:
    """Everything of one test."""

    def __init__(self, speech: SpeakingVoice | None = EMMA, error: Exception | None = None) -> None:
        self.time = FakeTime()
        self.synthesizer, self.heard = Synthesizer(self.time), Heard(self.time)
        catalog = cast("Catalog", Cards(speech, error))
        self.aloud = ReadAloud(self.synthesizer, self.time, catalog, "production")
        self.voicing = self.aloud.voicing("game", "mira", MP3, self.heard)

    def say(self, *pieces: str, pause: float = 0.02) -> None:
        for piece in pieces:
            self.time.spend(pause)
            self.voicing.said(piece)
