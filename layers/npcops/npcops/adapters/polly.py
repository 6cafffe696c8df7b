"""Speech by Amazon Polly: the audio, and beside it the shapes of the mouth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from urllib3.exceptions import HTTPError as TransportError

from npcops.adapters.audio_length import UnreadableAudio, milliseconds
from npcops.characters import SpeakingVoice
from npcops.dialogue import AudioFormat, Clip, Viseme, VoiceRequest
from npcops.errors import VoiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_polly import PollyClient

# A voice is an extra: a player who waits for it has the text already. Sentences of one turn are spoken side by side.
QUICK = Config(
    connect_timeout=1,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=8,
)
OUTPUT_FORMATS: dict[AudioFormat, Literal["mp3", "ogg_vorbis", "pcm"]] = {
    "mp3": "mp3",
    "ogg": "ogg_vorbis",
    "pcm": "pcm",
}
SAMPLE_RATES: dict[AudioFormat, tuple[int, ...]] = {
    "mp3": (8000, 16000, 22050, 24000),
    "ogg": (8000, 16000, 22050, 24000),
    "pcm": (8000, 16000),
}
MARKLESS_ENGINES = ("generative",)
_LONGEST_REASON = 300
# What to do about a refusal, by its code. The service's own words are not passed on: some quote the request.
_ADVICE = {
    "EngineNotSupportedException": "the voice does not speak with that engine; give the card's speech another one",
    "LanguageNotSupportedException": "the voice does not speak that language; change the card's speech",
    "TextLengthExceededException": "more than 3,000 characters at once; use the stream, which speaks by sentences",
    "InvalidSampleRateException": "the format cannot have that sample rate",
    "ValidationException": "there is no such voice, or not with that engine; change the card's speech",
    "AccessDeniedException": "this function may not call polly:SynthesizeSpeech",
    "ThrottlingException": "too many calls at this moment; try again",
}


@cache
def client() -> PollyClient:
    """One client a process."""
    return boto3.client("polly", config=QUICK)


class PollySynthesizer:
    """`SpeechSynthesizer` by SynthesizeSpeech. The client is made when it is first needed: most turns are read."""

    def __init__(self, client: Callable[[], PollyClient]) -> None:
        self._client = client

    def synthesize(self, text: str, voice: SpeakingVoice, wanted: VoiceRequest) -> Clip:
        """See SpeechSynthesizer. The engine `generative` has no shapes of the mouth."""
        rate = _sample_rate(voice, wanted)
        spoken: dict[str, Any] = {"Text": text, "TextType": "text", "VoiceId": voice.id, "Engine": voice.engine}
        if voice.language:
            spoken["LanguageCode"] = voice.language
        polly = self._client()
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            marks = None if voice.engine in MARKLESS_ENGINES else pool.submit(_marks, polly, spoken)
            audio = _audio(polly, spoken, OUTPUT_FORMATS[wanted.format], rate)
            visemes = marks.result() if marks else ()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        try:
            length = milliseconds(audio, wanted.format, rate)
        except UnreadableAudio as error:
            raise VoiceUnavailable(f"The speech service sent audio that cannot be used: {error}") from None
        return Clip(wanted.format, rate, audio, length, visemes)


def _sample_rate(voice: SpeakingVoice, wanted: VoiceRequest) -> int:
    possible = SAMPLE_RATES[wanted.format]
    if wanted.sample_rate is None:
        return 16000 if wanted.format == "pcm" else 22050 if voice.engine == "standard" else 24000
    if wanted.sample_rate not in possible:
        named = ", ".join(map(str, possible))
        raise VoiceUnavailable(f"{wanted.format} has a sample rate of {named} Hz; ask for one of these or for none.")
    return wanted.sample_rate


def _audio(polly: PollyClient, spoken: dict[str, Any], output: Literal["mp3", "ogg_vorbis", "pcm"], rate: int) -> bytes:
    with speech_errors(spoken["VoiceId"], spoken["Engine"]):
        return polly.synthesize_speech(**spoken, OutputFormat=output, SampleRate=str(rate))["AudioStream"].read()


def _marks(polly: PollyClient, spoken: dict[str, Any]) -> tuple[Viseme, ...]:
    """Marks come as a JSON value a line. Their times are in milliseconds from the beginning of the audio."""
    with speech_errors(spoken["VoiceId"], spoken["Engine"]):
        answer = polly.synthesize_speech(**spoken, OutputFormat="json", SpeechMarkTypes=["viseme"])
        lines = answer["AudioStream"].read().splitlines()
    try:
        marks = [json.loads(line) for line in lines if line.strip()]
        return tuple(Viseme(int(mark["time"]), str(mark["value"])) for mark in marks if mark["type"] == "viseme")
    except (ValueError, KeyError, TypeError):
        raise VoiceUnavailable("The speech service sent speech marks that cannot be read.") from None


@contextmanager
def speech_errors(voice: str, engine: str) -> Iterator[None]:
    """Turns the failures of botocore into VoiceUnavailable. They are not chained: some quote the text."""
    try:
        yield
    except ClientError as error:
        raise VoiceUnavailable(_refusal(voice, engine, error)) from None
    except (BotocoreConnectionError, HTTPClientError, TransportError) as error:
        raise VoiceUnavailable(f"The speech service did not answer in time ({type(error).__name__}).") from None
    except BotoCoreError as error:
        raise VoiceUnavailable(f"The speech service could not be called ({type(error).__name__}).") from None


def _refusal(voice: str, engine: str, error: ClientError) -> str:
    told = error.response.get("Error", {})
    code = str(told.get("Code", "Unknown"))
    if code == "ServiceUnavailableException":
        # Said before any request is looked at, so it quotes none, and tells what is to be done.
        return f"The speech service is not available: {str(told.get('Message', ''))[:_LONGEST_REASON]}"
    if advice := _ADVICE.get(code):
        return f"The speech service refused voice {voice} ({engine}): {advice} ({code})."
    return f"The speech service cannot speak right now ({code}); try again after a moment."
