"""What a client asks to be judged, checked as Comprehend checks it."""

from __future__ import annotations

from typing import Any

from local.comprehend.errors import ComprehendError, invalid

MOST_SEGMENTS = 10
PII_BYTES = 100 * 1024
PII_READS = ("en", "es")
SEGMENT_BYTES = 1024
READS = "en"
LANGUAGES = (READS, "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")


def segments_of(body: Any) -> list[str]:
    """The texts of a DetectToxicContent request. Raises ComprehendError as Comprehend does."""
    language, segments = _language(body), body.get("TextSegments")
    if not isinstance(segments, list) or not segments:
        raise invalid("Value at 'textSegments' failed to satisfy constraint: Member must have length 1 or more.")
    texts = [_text(segment) for segment in segments]
    if language != READS:
        raise ComprehendError("UnsupportedLanguageException", f"Toxicity is not told for the language {language}.")
    if len(texts) > MOST_SEGMENTS:
        raise ComprehendError("InvalidRequestException", f"There are more than {MOST_SEGMENTS} text segments.")
    if any(len(text.encode()) > SEGMENT_BYTES for text in texts):
        raise ComprehendError("TextSizeLimitExceededException", f"A segment exceeds {SEGMENT_BYTES} bytes.")
    return texts


def document_of(body: Any) -> str:
    """The text of a DetectPiiEntities request. Raises ComprehendError as Comprehend does."""
    language, text = _language(body), _text(body)
    if language not in PII_READS:
        raise ComprehendError("UnsupportedLanguageException", f"Personal data is not found in language {language}.")
    if len(text.encode()) > PII_BYTES:
        raise ComprehendError("TextSizeLimitExceededException", f"The text exceeds {PII_BYTES} bytes.")
    return text


def _language(body: Any) -> str:
    if not isinstance(body, dict):
        raise ComprehendError("SerializationException", "The request body is not a JSON object.")
    language = body.get("LanguageCode")
    if language not in LANGUAGES:
        raise invalid("Value at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set.")
    return str(language)


def _text(segment: Any) -> str:
    text = segment.get("Text") if isinstance(segment, dict) else None
    if not isinstance(text, str) or not text:
        raise invalid("Value at 'text' failed to satisfy constraint: Member must have length 1 or more.")
    return text
