"""The page of a tuning run: what came of it first, the loss, the data, and answers before and after as text alone."""

from __future__ import annotations

from typing import Any

import lxml.html
import msgspec
import pytest

from npcops.evaluations import Comparison, Evaluation, Verdict
from npcops.improvement import improvement
from npcops.plots import HEIGHT, WIDTH, curve
from npcops.tuning_page import FIRST, MOST_PAIRS, tuning_page
from npcops.tunings import DataReport, LossPoint, Tuning, TuningRequest
from tests.evaluating import failed_evaluation, planned, playing

ID = "019a9f3c2b1d7e5a90c4f1"
HOSTILE = ("<script>alert(1)</script>", "\"><img src=x onerror='alert(1)'>", "</q></p><iframe src=//evil.example>")
DATA = DataReport(
    format="pairs",
    family="local",
    read=587,
    dropped={"said by another speaker": 470, "a toxic answer": 1, "the same again": 0},
    examples={"train": 80, "validation": 9, "heldout": 10},
    conversations={"train": 20, "validation": 3, "heldout": 2},
    characters=41_000,
    longest=900,
    speakers={"Delfador": 99},
    notes=("Only the lines of Delfador are learned.",),
)
LOSSES = (
    LossPoint(1, 0.1, 3.9),
    LossPoint(10, 1.0, 2.2, 2.6),
    LossPoint(20, 2.0, 1.5, 2.4),
)
BETTER = Comparison("similarity", 0.8, 0.6, 0.2, 0.1, 0.3, 10)
WORSE = Comparison("groundedness", 0.4, 0.6, -0.2, -0.3, -0.1, 10)
UNCLEAR = Comparison("pass_rate", 0.8, 0.7, 0.1, -0.1, 0.3, 10)


def tuning(**given: Any) -> Tuning:
    request = TuningRequest("wesnoth", ("delfador",), base="qwen.qwen2.5-coder-0.5b-instruct", note="A wizard")
    plain = Tuning("saltmarrow", ID, "ada", "2026-11-20T12:00:00.000+00:00", request, state="registered", version=3)
    return msgspec.structs.replace(plain, **({"outcome": "passed"} | given))


def evaluation(*comparisons: Comparison) -> Evaluation:
    found, _, _, _ = failed_evaluation()
    return msgspec.structs.replace(found, comparisons=comparisons)


def shown(
    run: Tuning, found: Evaluation | None = None, results: Any = (), data: DataReport | None = DATA
) -> lxml.html.HtmlElement:
    page = tuning_page(run, {"epochCount": "3"}, LOSSES, data, found, results)
    return lxml.html.fromstring(page.decode())


def words(node: lxml.html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


def verdict(document: lxml.html.HtmlElement) -> tuple[str, str]:
    [box] = document.xpath("//header/div")
    word, headline = box.xpath("p")
    return words(word), words(headline)


@pytest.mark.parametrize(
    ("comparisons", "better"),
    [
        ((BETTER, UNCLEAR), "yes"),
        ((UNCLEAR,), "not-shown"),
        ((), "not-shown"),
        ((Comparison("similarity", 0.9),), "not-shown"),
        ((BETTER, WORSE), "no"),
        ((Comparison("ms", 1.0, 2.0, -1.0, -2.0, -0.5, 10, False), UNCLEAR), "not-shown"),
    ],
)
def test_better_is_what_chance_would_not_do_and_what_costs_nothing_else(
    comparisons: tuple[Comparison, ...], better: str
) -> None:
    assert improvement(comparisons) == better


@pytest.mark.parametrize(
    ("run", "comparisons", "word", "part"),
    [
        (tuning(), (BETTER, UNCLEAR), "Better", "likeness to the reference became better. It is version 3 and waits"),
        (tuning(), (UNCLEAR,), "Not shown to be better", "No figure changed by more than chance"),
        (tuning(), (BETTER, WORSE), "Passed, but worse in part", "better, but groundedness became worse"),
        (tuning(state="failed", outcome="failed"), (WORSE,), "Not good enough", "groundedness became worse"),
        (tuning(state="failed", outcome="incomplete"), (), "Not decided", "have no result"),
        (tuning(state="failed", outcome="", failure="No quota."), (), "Failed", "before its end: No quota."),
        (tuning(state="running", outcome=""), (), "Under way", "what is known so far"),
        (tuning(state="stopped", outcome=""), (), "Stopped", "Nothing of it can reach players"),
    ],
)
def test_what_came_of_it_comes_first_and_is_not_made_better_than_it_is(
    run: Tuning, comparisons: tuple[Comparison, ...], word: str, part: str
) -> None:
    found = verdict(shown(run, evaluation(*comparisons)))
    assert found[0] == word
    assert part in found[1]


def test_without_anything_yet_the_page_says_so() -> None:
    page = tuning_page(tuning(state="running", outcome=""), {}, (), None, None)
    told = words(lxml.html.fromstring(page.decode()))
    assert "No loss has been measured yet." in told
    assert "The data have not been read yet." in told


def test_the_loss_is_drawn_and_told() -> None:
    [plot] = shown(tuning()).xpath("//*[local-name()='svg']")
    assert plot.get("aria-label") == (
        "Loss by step. Training loss: from 3.900 to 1.500, lowest 1.500. "
        "Validation loss: from 2.600 to 2.400, lowest 2.400."
    )
    assert [dot.xpath("*")[0].text for dot in plot.xpath(".//*[local-name()='circle']")] == [
        "step 10: 2.600",
        "step 20: 2.400",
    ]


def test_a_curve_stays_in_its_box_and_falls_where_the_loss_falls() -> None:
    drawn = curve(LOSSES)
    assert drawn is not None
    points = [tuple(map(float, each.split(","))) for each in drawn.training.split()]
    assert [x for x, _ in points] == sorted({x for x, _ in points})
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert curve([LossPoint(1, 0.0)]) is None
    assert curve([LossPoint(7, 0.5, 2.0)]) is not None


def test_the_data_are_told_with_what_was_left_out() -> None:
    document = shown(tuning())
    rows = {
        words(row.xpath("th")[0]): [words(cell) for cell in row.xpath("td")] for row in document.xpath("//tbody/tr")
    }
    assert rows == {
        "learned": ["80", "20"],
        "watched while learning": ["9", "3"],
        "kept for the evaluation": ["10", "2"],
        "said by another speaker": ["470"],
        "a toxic answer": ["1"],
        "Delfador": ["99"],
    }
    told = words(document)
    assert "587 records of format pairs" in told
    assert "Only the lines of Delfador are learned." in told


def test_answers_stand_side_by_side_before_first_and_what_became_worse_on_top() -> None:
    found, _, results, _ = failed_evaluation()
    document = shown(tuning(), msgspec.structs.replace(found, comparisons=(BETTER,)), results)
    cards = document.xpath("//article")
    assert [words(card.xpath(".//h3")[0]).split(" ", 2)[1] for card in cards] == ["price", "greets-in-hebrew"]
    sides = cards[0].xpath(".//div[@class='sides']/div")
    assert [words(side.xpath("p[@class='name']")[0]) for side in sides] == ["Before", "After"]
    assert words(sides[0].xpath(".//*[@class='says']")[0]) == "Three chips, traveller."
    assert "worse: passed before, fails after" in words(cards[0])


def test_a_few_of_each_kind_are_shown_and_all_in_all_no_more_than_fit() -> None:
    found, _, _, _ = failed_evaluation()
    both = [(playing(f"After {n}."),) for n in range(40)]
    results = [
        msgspec.structs.replace(failed_evaluation()[2][0], planned=planned(f"c{n:02d}", suite="" if n % 2 else "s"))
        for n in range(40)
    ]
    results = [msgspec.structs.replace(each, candidate=after) for each, after in zip(results, both, strict=True)]
    none = msgspec.structs.replace(found, comparisons=(BETTER,), verdict=Verdict("passed", ()))
    cards = shown(tuning(), none, results).xpath("//article")
    tags = [words(card.xpath(".//span[@class='tag']")[0]) for card in cards]
    assert len(cards) == MOST_PAIRS
    assert tags[: 2 * FIRST] == ["kept out of training"] * FIRST + ["another case"] * FIRST


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    def hostile(word: str) -> lxml.html.HtmlElement:
        request = TuningRequest("d", (), (word,), word, note=word, hyperparameters={word: word})
        run = tuning(outcome="", state="failed", failure=word, requested_by=word, model=word, request=request)
        data = msgspec.structs.replace(DATA, speakers={word: 1}, notes=(word,), dropped={word: 1}, format=word)
        found, _, results, _ = failed_evaluation()
        said = msgspec.structs.replace(results[0], candidate=(playing(word),))
        return shown(run, msgspec.structs.replace(found, comparisons=(BETTER,)), [said], data)

    ours, theirs = hostile("plain"), hostile(text)
    assert [node.tag for node in theirs.iter()] == [node.tag for node in ours.iter()]
    assert text in theirs.text_content()
    assert all(link.get("href").startswith("#") for link in theirs.xpath("//a"))
