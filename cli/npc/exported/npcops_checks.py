"""Marks answers for lm-evaluation-harness by the words that a case wants, and does not want, to read."""

import json
import re
import unicodedata


def process_results(doc, results):
    """1 or 0 by metric: `passed`, and `required`, in which only cases that must pass can fail."""
    expected = json.loads(doc["case"])["expected"]
    words = _words(results[0])
    passed = (
        bool(words)
        and all(_says(words, phrase) for phrase in expected.get("says_all", []))
        and not any(_says(words, phrase) for phrase in expected.get("says_none", []))
        and any(_says(words, phrase) for phrase in expected.get("says_any", []) or [results[0]])
    )
    return {"passed": float(passed), "required": float(passed or not doc["required"])}


def _says(words, phrase):
    wanted = _words(phrase)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _words(text):
    """Words without case, accents and punctuation."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return re.findall(r"\w+", "".join(character for character in folded if not unicodedata.combining(character)))
