"""What a client asks to be spoken, checked as Polly checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.polly.errors import PollyError, invalid
from local.polly.voices import GENERATIVE, NEURAL, STANDARD, VOICES, Voice

LONGEST_TEXT = 3000
ENGINES = (STANDARD, NEURAL, "long-form", GENERATIVE)
MARK_TYPES = ("sentence", "ssml", "viseme", "word")
_COMPRESSED = (8000, 16000, 22050, 24000, 44100, 48000)
RATES = {"mp3": _COMPRESSED, "ogg_vorbis": _COMPRESSED, "pcm": (8000, 16000), "json": _COMPRESSED}


@dataclass(frozen=True)
class Speech:
    """A valid request: `output` is a format of RATES, `rate` its sample rate in hertz."""

    text: str
    voice: Voice
    output: str
    rate: int
    mark_types: tuple[str, ...]

    @classmethod
    def of(cls, body: Any) -> Speech:
        """Raises PollyError as Polly does."""
        if not isinstance(body, dict):
            raise invalid("The request body is not a JSON object.")
        text, output = _text(body), _one_of(body, "OutputFormat", tuple(RATES))
        if body.get("VoiceId") not in VOICES:
            raise invalid("Value at 'voiceId' failed to satisfy constraint: Member must satisfy enum value set.")
        voice = VOICES[body["VoiceId"]]
        engine = _one_of(body, "Engine", ENGINES, STANDARD)
        if engine not in voice.engines:
            raise PollyError("EngineNotSupportedException", f"Voice {voice.id} does not support the {engine} engine.")
        if body.get("LanguageCode") not in (None, voice.language):
            raise PollyError("LanguageNotSupportedException", f"Voice {voice.id} speaks {voice.language} only.")
        return cls(text, voice, output, _rate(body, output, engine), _mark_types(body, output, engine))


def _text(body: dict[str, Any]) -> str:
    text = body.get("Text")
    if not isinstance(text, str):
        raise invalid("Value null at 'text' failed to satisfy constraint: Member must not be null.")
    if _one_of(body, "TextType", ("text", "ssml"), "text") == "ssml":
        raise PollyError("InvalidSsmlException", "SSML is not served by the local Polly.")
    if len(text) > LONGEST_TEXT:
        raise PollyError("TextLengthExceededException", "Maximum text length has been exceeded.")
    return text


def _rate(body: dict[str, Any], output: str, engine: str) -> int:
    usual = 16000 if output == "pcm" else 22050 if engine == STANDARD else 24000
    try:
        rate = int(body.get("SampleRate") or usual)
    except (TypeError, ValueError):
        rate = 0
    if rate not in RATES[output]:
        raise PollyError("InvalidSampleRateException", f"The sample rate is not valid for {output}.")
    return rate


def _mark_types(body: dict[str, Any], output: str, engine: str) -> tuple[str, ...]:
    types = body.get("SpeechMarkTypes") or []
    if not isinstance(types, list) or not set(map(str, types)) <= set(MARK_TYPES):
        raise invalid("Value at 'speechMarkTypes' failed to satisfy constraint: Member must satisfy enum value set.")
    if types and output != "json":
        raise PollyError("MarksNotSupportedForFormatException", "Speech marks come in the format json only.")
    if output == "json" and (not types or engine == GENERATIVE):
        raise invalid("Speech marks need speechMarkTypes, and an engine that has them.")
    if "ssml" in types:
        raise PollyError("SsmlMarksNotSupportedForTextTypeException", "The text is not SSML.")
    return tuple(types)


def _one_of(body: dict[str, Any], name: str, values: tuple[str, ...], default: str | None = None) -> str:
    value = body.get(name, default)
    if value not in values:
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must satisfy enum value set.")
    return str(value)
