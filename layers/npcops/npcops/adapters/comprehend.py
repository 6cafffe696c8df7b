"""How toxic texts are, by Amazon Comprehend's DetectToxicContent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from npcops.adapters.bedrock_errors import model_errors
from npcops.errors import ModelFailed

if TYPE_CHECKING:
    from mypy_boto3_comprehend import ComprehendClient

# Limits of the API: segments a call, bytes (UTF-8) a segment. It reads English alone.
SEGMENTS, SEGMENT_BYTES = 10, 1024
LANGUAGE: Final = "en"
NAME = "Comprehend DetectToxicContent"


@cache
def client() -> ComprehendClient:
    """One client a process; nobody waits for it."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client("comprehend", config=config)


class ComprehendToxicity:
    """`ToxicityModel`. A long text is as toxic as the worst of its parts."""

    def __init__(self, client: ComprehendClient) -> None:
        self._client = client

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        """See ToxicityModel; None but for English, and for empty texts. Raises ModelFailed or ModelUnavailable."""
        if language.lower().partition("-")[0] != LANGUAGE:
            return [None] * len(texts)
        parts = [(number, part) for number, text in enumerate(texts) for part in _segments(text)]
        worst: list[float | None] = [None] * len(texts)
        for start in range(0, len(parts), SEGMENTS):
            batch = parts[start : start + SEGMENTS]
            for (number, _), toxicity in zip(batch, self._ask([part for _, part in batch]), strict=True):
                worst[number] = max(worst[number] or 0.0, toxicity)
        return worst

    def _ask(self, segments: list[str]) -> list[float]:
        with model_errors(NAME):
            answer = self._client.detect_toxic_content(
                TextSegments=[{"Text": segment} for segment in segments], LanguageCode=LANGUAGE
            )
        found = [result.get("Toxicity") for result in answer.get("ResultList", ())]
        if len(found) != len(segments) or not all(isinstance(toxicity, int | float) for toxicity in found):
            raise ModelFailed("Comprehend did not answer with a toxicity for each text.")
        return [float(toxicity) for toxicity in found if toxicity is not None]


def _segments(text: str) -> Iterator[str]:
    """Parts of at most 1 KB, cut between characters, and between words where there are some."""
    rest = text.strip()
    while rest:
        part = rest.encode()[:SEGMENT_BYTES].decode(errors="ignore")
        if len(part) < len(rest) and (space := part.rfind(" ")) > 0:
            part = part[:space]
        yield part
        rest = rest[len(part) :].lstrip()
