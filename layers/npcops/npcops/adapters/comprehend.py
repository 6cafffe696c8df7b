"""How toxic texts are, and what personal data they hold, by Amazon Comprehend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import boto3
from botocore.config import Config

from npcops.adapters.bedrock_errors import model_errors
from npcops.errors import ModelFailed
from npcops.personal_data import Found

if TYPE_CHECKING:
    from mypy_boto3_comprehend import ComprehendClient

# Limits of the API: segments a call, bytes (UTF-8) a segment. It reads English alone.
SEGMENTS, SEGMENT_BYTES = 10, 1024
LANGUAGE: Final = "en"
NAME = "Comprehend DetectToxicContent"
# A request may hold 100 KB; it costs by its length, but no less than 300 characters, so lines go together. In shorter
# ones more is found, and a line is only as far from others as from its neighbours.
PII_NAME = "Comprehend DetectPiiEntities"
PII_BYTES, PII_CHARACTERS, PII_OVERLAP = 40_000, 8000, 200
PII_LANGUAGES: tuple[Literal["en", "es"], ...] = ("en", "es")
_BETWEEN = "\n\n"
_Piece = tuple[int, int, str]


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


class ComprehendPersonalData:
    """`PersonalDataModel` by DetectPiiEntities, which reads English and Spanish. Many short texts go in one request."""

    def __init__(self, client: ComprehendClient) -> None:
        self._client = client

    def find(self, texts: Sequence[str], language: str) -> list[list[Found]] | None:
        """See PersonalDataModel."""
        code = next((each for each in PII_LANGUAGES if each == language.lower().partition("-")[0]), None)
        if code is None:
            return None
        found: list[list[Found]] = [[] for _ in texts]
        for pieces in _documents(texts):
            for entity in self._entities(_BETWEEN.join(text for _, _, text in pieces), code):
                _place(entity, pieces, found)
        return found

    def _entities(self, text: str, code: Literal["en", "es"]) -> list[Found]:
        with model_errors(PII_NAME):
            answer = self._client.detect_pii_entities(Text=text, LanguageCode=code)
        try:
            return [
                Found(str(each["Type"]), int(each["BeginOffset"]), int(each["EndOffset"]), float(each["Score"]))
                for each in answer["Entities"]
            ]
        except (KeyError, TypeError, ValueError):
            raise ModelFailed("Comprehend did not answer with entities.") from None


def _documents(texts: Sequence[str]) -> Iterator[list[_Piece]]:
    """Pieces of texts (number, offset in it, words) that fit into one request together."""
    waiting: list[_Piece] = []
    size = 0
    for number, text in enumerate(texts):
        for offset, piece in _pieces(text):
            length = len(piece.encode()) + len(_BETWEEN)
            if waiting and size + length > PII_BYTES:
                yield waiting
                waiting, size = [], 0
            waiting.append((number, offset, piece))
            size += length
    if waiting:
        yield waiting


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Parts of a text of at most PII_CHARACTERS, with their offsets; they overlap, so that nothing is cut through."""
    step = PII_CHARACTERS - PII_OVERLAP
    for offset in range(0, max(len(text) - PII_OVERLAP, 1), step):
        if text[offset : offset + PII_CHARACTERS].strip():
            yield offset, text[offset : offset + PII_CHARACTERS]


def _place(entity: Found, pieces: Sequence[_Piece], found: list[list[Found]]) -> None:
    """Adds what was found in a document to the texts that it is of."""
    start = 0
    for number, offset, piece in pieces:
        begin, end = max(entity.begin - start, 0), min(entity.end - start, len(piece))
        if begin < end:
            found[number].append(Found(entity.kind, offset + begin, offset + end, entity.score))
        start += len(piece) + len(_BETWEEN)
