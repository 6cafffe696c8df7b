"""The local Comprehend: what is asked is checked as AWS checks it, and it learns from what people labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.comprehend.asked import MOST_SEGMENTS, PII_BYTES, SEGMENT_BYTES, document_of, segments_of
from local.comprehend.classifier import Classifier, train
from local.comprehend.corpus import HELD_OUT, LEARNED, read
from local.comprehend.errors import ComprehendError
from local.comprehend.ngrams import BUCKETS, pieces
from local.comprehend.personal import entities_of

KIND = [f"The heron stood on the {number} mile of quiet mud." for number in range(40)]
RUDE = [f"You rotten scoundrel number {number}, be gone!" for number in range(40)]


def asked(*texts: str, **changes: Any) -> dict[str, Any]:
    return {"LanguageCode": "en", "TextSegments": [{"Text": text} for text in texts], **changes}


def test_the_texts_are_read_in_their_order() -> None:
    assert segments_of(asked("One.", "Zwölf.")) == ["One.", "Zwölf."]
    assert segments_of(asked("ä" * (SEGMENT_BYTES // 2))) == ["ä" * (SEGMENT_BYTES // 2)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ([], "SerializationException"),
        (asked("Hm.", LanguageCode="xx"), "ValidationException"),
        (asked("Hm.", LanguageCode=None), "ValidationException"),
        (asked("Hm.", LanguageCode="de"), "UnsupportedLanguageException"),
        (asked(), "ValidationException"),
        (asked("Hm.", TextSegments=None), "ValidationException"),
        (asked("Hm.", TextSegments=["Hm."]), "ValidationException"),
        (asked(""), "ValidationException"),
        (asked(*["Hm."] * (MOST_SEGMENTS + 1)), "InvalidRequestException"),
        (asked("ä" * (SEGMENT_BYTES // 2) + "b"), "TextSizeLimitExceededException"),
    ],
)
def test_what_comprehend_refuses_is_refused(body: Any, name: str) -> None:
    with pytest.raises(ComprehendError) as error:
        segments_of(body)
    assert (error.value.name, error.value.status) == (name, 400)


@settings(deadline=None)
@given(st.text())
def test_any_text_has_pieces_each_once(text: str) -> None:
    found = pieces(text)
    assert len(found)
    assert np.all(np.diff(found) > 0)
    assert found[0] >= 0
    assert found[-1] < BUCKETS


def test_shouting_and_blanks_change_nothing() -> None:
    assert np.array_equal(pieces("Oh  nooooooo\n"), pieces("oh nooo"))
    assert not np.array_equal(pieces("no"), pieces("on"))


def test_it_learns_what_the_labels_say_and_is_the_same_each_time() -> None:
    texts, toxic = [*KIND[:30], *RUDE[:30]], [False] * 30 + [True] * 30
    made = train(texts, toxic)
    assert max(map(made.toxicity, KIND[30:])) < 0.5 < min(map(made.toxicity, RUDE[30:]))
    assert made.toxicity("") == train(texts, toxic).toxicity("")
    turned = train(texts, [not label for label in toxic])
    assert max(map(turned.toxicity, RUDE[30:])) < 0.5


def test_a_classifier_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    made, file = train([*KIND, *RUDE], [False] * 40 + [True] * 40), tmp_path / "new" / "made.npz"
    made.save(file)
    assert Classifier.load(file).toxicity(RUDE[0]) == made.toxicity(RUDE[0])
    assert [found.name for found in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"", b"PK no archive"])
def test_a_damaged_classifier_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "made.npz").write_bytes(content)
    with pytest.raises((OSError, ValueError, EOFError)):
        Classifier.load(tmp_path / "made.npz")


def test_no_text_is_both_learned_from_and_held_out(tmp_path: Path) -> None:
    rows = "".join(f'{int(number % 5 == 0)},"A line, number {number}."\n' for number in range(500))
    (tmp_path / "texts.csv").write_text("is_offensive,text\n" + rows, "utf-8")
    learned, held = (set(read(tmp_path / "texts.csv", share)) for share in (LEARNED, HELD_OUT))
    assert learned
    assert held
    assert not learned & held
    assert {toxic for _, toxic in learned} == {True, False}
    assert all(toxic == (int(text.split()[-1][:-1]) % 5 == 0) for text, toxic in learned | held)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(each["Type"], text[each["BeginOffset"] : each["EndOffset"]]) for each in entities_of(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to anna.berg@example.org.", [("EMAIL", "anna.berg@example.org")]),
        ("Card 4111 1111 1111 1111, not 4111 1111 1111 1112.", [("CREDIT_DEBIT_NUMBER", "4111 1111 1111 1111")]),
        ("DE89 3704 0044 0532 0130 00", [("INTERNATIONAL_BANK_ACCOUNT_NUMBER", "DE89 3704 0044 0532 0130 00")]),
        ("I live at 12 Elm Road, Springfield, IL 62704.", [("ADDRESS", "12 Elm Road, Springfield, IL 62704")]),
        ("Vivo en Calle Mayor 12, 28013 Madrid.", [("ADDRESS", "Calle Mayor 12, 28013 Madrid")]),
        ("My password is hunter42x.", [("PASSWORD", "hunter42x")]),
        ("Ring +44 20 7946 0958 or 81.2.69.142", [("PHONE", "+44 20 7946 0958"), ("IP_ADDRESS", "81.2.69.142")]),
        ("The password is salt, at the third house on Cheap Steps, says Jory Slake, aged 34.", []),
        ("", []),
    ],
)
def test_personal_data_is_found_by_its_form(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


@settings(deadline=None)
@given(st.text(max_size=200))
def test_entities_are_in_order_and_apart(text: str) -> None:
    places = [place for each in entities_of(text) for place in (each["BeginOffset"], each["EndOffset"])]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ([], "SerializationException"),
        ({"Text": "Hm.", "LanguageCode": "xx"}, "ValidationException"),
        ({"Text": "Hm.", "LanguageCode": "de"}, "UnsupportedLanguageException"),
        ({"Text": "", "LanguageCode": "es"}, "ValidationException"),
        ({"Text": "a" * (PII_BYTES + 1), "LanguageCode": "en"}, "TextSizeLimitExceededException"),
    ],
)
def test_what_comprehend_refuses_to_look_through_is_refused(body: Any, name: str) -> None:
    with pytest.raises(ComprehendError) as error:
        document_of(body)
    assert error.value.name == name
