"""Which language an answer is in: short lines, names in them, and sentences of another language."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.languages import is_in, same, spoken
from tests.infra.descriptions import ROOT

LINES = {
    "de": "Das weiß ich nicht, da müsst Ihr den Bader am Kai fragen.",
    "fr": "Mon frère n'est jamais rentré cette nuit-là, voyageur.",
    "es": "Mi hermano no volvió a casa aquella noche, viajero.",
    "it": "Non lo so, e non tiro mai a indovinare, viaggiatore.",
    "nl": "Dat weet ik niet, en ik ga er ook niet naar raden.",
    "pl": "Tego nie wiem i nie będę zgadywać, podróżny.",
    "ru": "Мой брат не вернулся домой той ночью, путник.",
    "ja": "弟はあの夜、帰ってこなかった。",
    "zh": "我弟弟那天夜里没有回来。",
    "ko": "내 동생은 그날 밤 돌아오지 않았소.",
    "tr": "Bunu bilmiyorum, tahmin de etmem, yolcu.",
    "ar": "لا أعرف ذلك ولن أخمن أيها المسافر.",
}


@pytest.mark.parametrize("tag", LINES)
def test_a_line_is_in_its_own_language_and_in_no_other(tag: str) -> None:
    assert is_in(LINES[tag], tag) is True
    assert is_in(LINES[tag], f"{tag.upper()}-XX") is True
    assert [other for other in (*LINES, "en") if other != tag and is_in(LINES[tag], other) is not False] == []


def test_english_lines_of_the_sample_world_are_english() -> None:
    said = []
    for file in sorted((ROOT / "world/npcs").glob("*.yaml")):
        card = yaml.safe_load(file.read_text("utf-8"))
        said += [example["reply"] for example in card["examples"]]
        said += [line for lines in card["fallbacks"].values() for line in lines]
    assert len(said) > 50
    assert [line for line in said if is_in(line, "en") is False] == []


def test_one_sentence_of_another_language_is_enough_for_no() -> None:
    assert is_in(f"It costs three chips to cross, traveller. {LINES['de']}", "en") is False


@pytest.mark.parametrize("text", ["", "Aye.", "Hm.", "…", "42!", "Hobb 3", "🦆🦆🦆"])
def test_of_next_to_nothing_it_cannot_be_told(text: str) -> None:
    assert is_in(text, "en") is None
    assert spoken(text) is None


def test_a_language_that_the_model_does_not_know_cannot_be_told() -> None:
    assert is_in(LINES["de"], "tlh") is None


def test_tags_are_compared_by_language() -> None:
    assert same("en-GB", "en-US") is True
    assert same("zh", "yue") is True
    assert same("en", "de") is False
    assert same(None, "en") is None


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert is_in(text, "en") in (True, False, None)
