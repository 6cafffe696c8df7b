"""The local Comprehend as botocore sees it, and with the classifier that it trains: how well it tells players' chat."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local import models
from local.comprehend.app import create_app
from local.comprehend.classifier import Classifier
from local.comprehend.corpus import HELD_OUT, NAME, read
from local.comprehend.detector import INSTALL, Detector
from tests.local.doubles import served

LINES = Path(__file__).with_name("chat_lines.tsv")


class Told(Detector):
    """Tells what a test wants."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.broken = False

    async def toxicity(self, texts: Any) -> list[float]:
        if self.broken:
            raise RuntimeError("It broke.")
        return [len(text) / 100 for text in texts]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(told: Told) -> Iterator[Any]:
    with served(create_app(told)) as url:
        yield client_of(url)


def client_of(url: str) -> Any:
    return boto3.client(
        "comprehend",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_each_segment_has_its_number(client: Any) -> None:
    answer = client.detect_toxic_content(TextSegments=[{"Text": "a" * 50}, {"Text": "b" * 25}], LanguageCode="en")
    assert answer["ResultList"] == [{"Labels": [], "Toxicity": 0.5}, {"Labels": [], "Toxicity": 0.25}]


def test_personal_data_is_told_by_its_place(client: Any) -> None:
    text = "Schön: write to anna@example.org."
    (entity,) = client.detect_pii_entities(Text=text, LanguageCode="en")["Entities"]
    assert text[entity["BeginOffset"] : entity["EndOffset"]] == "anna@example.org"
    assert (entity["Type"], entity["Score"] > 0.9) == ("EMAIL", True)
    assert client.detect_pii_entities(Text="Hola.", LanguageCode="es")["Entities"] == []


def test_errors_have_their_names(client: Any, told: Told) -> None:
    errors = client.exceptions
    with pytest.raises(errors.UnsupportedLanguageException):
        client.detect_toxic_content(TextSegments=[{"Text": "Nein."}], LanguageCode="de")
    with pytest.raises(errors.UnsupportedLanguageException):
        client.detect_pii_entities(Text="Nein.", LanguageCode="de")
    with pytest.raises(errors.TextSizeLimitExceededException):
        client.detect_toxic_content(TextSegments=[{"Text": "a" * 1025}], LanguageCode="en")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.detect_sentiment(Text="Hm.", LanguageCode="en")
    told.broken = True
    with pytest.raises(errors.InternalServerException, match="see its log"):
        client.detect_toxic_content(TextSegments=[{"Text": "Hm."}], LanguageCode="en")


def test_without_the_texts_it_says_what_is_missing(tmp_path: Path) -> None:
    with served(create_app(Detector(tmp_path))) as url:
        with pytest.raises(ClientError, match="InternalServerException") as error:
            client_of(url).detect_toxic_content(TextSegments=[{"Text": "Hm."}], LanguageCode="en")
        assert INSTALL in error.value.response["Error"]["Message"]
        assert httpx.get(url + "/health").json() == {"toxicity": INSTALL}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """The one that the first call makes; it is kept, so that later runs only read it."""
    if not models.installed(NAME, models.default_directory()):
        pytest.skip(f"the texts to learn from are not installed; run: python -m local.models {NAME}")
    return Detector(models.default_directory()).obtain()


@pytest.mark.models
def test_it_tells_texts_that_it_has_not_seen(real: Classifier) -> None:
    held = list(read(models.weights_file(NAME, models.default_directory()), HELD_OUT))[::6]
    assert area([real.toxicity(text) for text, _ in held], [toxic for _, toxic in held]) > 0.97


@pytest.mark.models
def test_it_tells_most_of_players_chat(real: Classifier) -> None:
    with LINES.open(encoding="utf-8", newline="") as stream:
        lines = [(text, toxic == "1") for toxic, text in csv.reader(stream, delimiter="\t")]
    scores, labels = [real.toxicity(text) for text, _ in lines], [toxic for _, toxic in lines]
    assert area(scores, labels) > 0.88
    assert np.mean([(score > 0.5) == toxic for score, toxic in zip(scores, labels, strict=True)]) > 0.78


def area(scores: list[float], labels: list[bool]) -> float:
    """How often a toxic text has a higher score than another (the area under the ROC curve); a tie counts half."""
    toxic = np.asarray([score for score, label in zip(scores, labels, strict=True) if label])
    other = np.sort([score for score, label in zip(scores, labels, strict=True) if not label])
    below = np.searchsorted(other, toxic, "left") + np.searchsorted(other, toxic, "right")
    return float(below.mean() / 2 / len(other))
