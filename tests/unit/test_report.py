"""The report of an evaluation: all of it as data, and one page on which every answer is only text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import jsonschema
import lxml.html
import msgspec
import pytest

from npcops import claims, judging, report_cases
from npcops.dialogue import Usage
from npcops.playings import CaseResult, Claim, Judgement
from npcops.report import Report, render
from npcops.report_cases import marked
from npcops.verdicts import conclude
from tests import evaluating
from tests.evaluating import (
    Evaluated,
    failed_evaluation,
    incomplete_evaluation,
    passed_evaluation,
    planned,
    playing,
    steady,
)

SAMPLES = (failed_evaluation, passed_evaluation, incomplete_evaluation)


def html(evaluated: Evaluated) -> str:
    data, kind = render(*evaluated)["report.html"]
    assert kind == "text/html; charset=utf-8"
    return data.decode()


def words(node: lxml.html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_data_come_back_as_they_were(sample: Callable[[], Evaluated]) -> None:
    evaluation, plan, results, conclusion = sample()
    data, kind = render(evaluation, plan, results, conclusion)["report.json"]
    report = msgspec.json.decode(data, type=Report)
    assert (kind, report.format) == ("application/json", "npcops-report/1")
    assert report.verdict == conclusion.verdict
    assert [result.planned.key for result in report.cases] == [result.planned.key for result in results]
    assert list(report.cases) == results
    assert len(report.cases) + len(report.missing) == len(plan.cases)
    assert msgspec.json.encode(report) == data


def test_the_data_keep_to_the_published_schema() -> None:
    schema = msgspec.json.decode((evaluating.ROOT / "api" / "report.schema.json").read_bytes())
    told = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Report)))
    assert schema == told, "a field of the report has changed: scripts/report_schema.py writes the schema anew"
    for sample in SAMPLES:
        jsonschema.validate(msgspec.json.decode(render(*sample())["report.json"][0]), schema)


def test_what_it_cost_is_all_that_was_played_and_judged_once() -> None:
    evaluation, plan, _, conclusion = failed_evaluation()
    dear = playing("Three chips.", judging=Usage(500, 20, 0, 0.25))
    for before, told in (((playing("Aye."), dear), "$0.50"), ((dear,), "$0.25")):
        results = [CaseResult(plan.cases[0], (dear,), before)]
        page = lxml.html.fromstring(html((evaluation, plan, results, conclusion)))
        (tile,) = [words(one) for one in page.xpath("//ul[@class='tiles']/li") if "cost of this" in words(one)]
        assert tile.startswith(told)


def test_results_are_in_the_order_of_the_plan_whatever_order_they_come_in() -> None:
    evaluation, plan, results, conclusion = failed_evaluation()
    backwards = render(evaluation, plan, results[::-1], conclusion)
    assert backwards == render(evaluation, plan, results, conclusion)


def test_what_verdicts_conclude_becomes_a_report() -> None:
    evaluation, plan, results, _ = failed_evaluation()
    unplayed = msgspec.structs.replace(results[-1], candidate=())
    conclusion = conclude(plan, [*results[:-1], unplayed], evaluating.AT)
    files = render(evaluation, plan, [*results[:-1], unplayed], conclusion)
    report = msgspec.json.decode(files["report.json"][0], type=Report)
    assert (report.verdict.outcome, report.missing) == ("incomplete", (unplayed.planned.key,))
    assert report.comparisons
    document = lxml.html.fromstring(files["report.html"][0].decode())
    rows = [words(row.xpath("th")[0]) for row in document.xpath("//table//tr[td]")]
    assert {"Cases passed", "Groundedness", "Time", "Time of slow answers", "Cost"} <= set(rows)
    assert words(document.xpath("//article[contains(@class, 'regressed')]//h3")[0]).startswith("✗ price")


@pytest.mark.parametrize(
    ("sample", "word", "sentence"),
    [
        (failed_evaluation, "Failed", "The candidate should not go to players: 1 of 9 cases has become worse."),
        (passed_evaluation, "Passed", "The candidate may go to players: it does everything that its suites ask for."),
        (
            incomplete_evaluation,
            "Not decided",
            "2 of 5 cases have no result, so there is no verdict yet. Resume the evaluation.",
        ),
    ],
)
def test_the_verdict_comes_first_in_one_sentence(sample: Callable[[], Evaluated], word: str, sentence: str) -> None:
    document = lxml.html.fromstring(html(sample()))
    [verdict] = document.xpath("//header/div")
    assert word in words(verdict.xpath("p")[0])
    assert words(verdict.xpath("p")[1]) == sentence
    assert document.xpath("//body/*")[0].tag == "header"


def test_reasons_lead_to_their_cases() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    links = document.xpath("//h2[@id='reasons']/following-sibling::ul[1]//a")
    assert [words(link) for link in links] == ["price", "price", "twice"]
    assert all(document.get_element_by_id(link.get("href")[1:]) is not None for link in links)


def test_every_link_stays_on_the_page() -> None:
    for sample in SAMPLES:
        document = lxml.html.fromstring(html(sample()))
        targets = [link.get("href") for link in document.xpath("//a")]
        assert targets
        assert all(target.startswith("#") and document.get_element_by_id(target[1:]) is not None for target in targets)


def test_a_regressed_case_shows_both_answers_its_checks_passages_and_costs() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    [card] = document.xpath("//article[contains(@class, 'regressed')]")
    answers = [words(answer) for answer in card.xpath(".//*[@class='says'][ancestor::div[contains(@class, 'side')]]")]
    assert answers == [
        "A crossing costs nine crowns.[not in the lore: 12 %] Fair winds, traveller.",
        "Three chips, traveller.",
    ]
    assert words(card.xpath(".//mark")[0]).startswith("A crossing costs nine crowns.")
    told = words(card)
    assert "It says none of: three chips." in told
    assert "1.20 s" in told
    assert "$0.00040" in told
    [cited] = card.xpath(".//div[contains(@class, 'passage cited')]")
    assert "cited by baseline" in words(cited)
    assert "A crossing costs three chips." in words(cited)


def test_a_judge_who_does_not_count_is_marked_as_advice() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    [judgement] = document.xpath("//p[contains(., 'Judge on')]")
    assert "advice, does not count" in words(judgement)
    assert "not known yet" in words(judgement)
    case = CaseResult(
        planned("judged"), (playing("Yes.", judgements=(Judgement("in-persona", True, "In her voice.", 0.71),)),)
    )
    evaluation, plan, results, conclusion = failed_evaluation([case])
    judged = lxml.html.fromstring(html((evaluation, plan, results, conclusion)))
    assert "advice" not in words(judged.xpath("//p[contains(., 'In her voice.')]")[0])


def test_cases_come_worst_first_and_those_that_pass_are_folded() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    headings = [heading.get("id") for heading in document.xpath("//section/h2")]
    assert headings == ["regressed", "failing", "improved", "passing"]
    assert len(document.xpath("//article")) == 2
    assert len(document.xpath("//section//details[contains(@class, 'card')]")) == 7
    assert not document.xpath("//article/ancestor::details")


def test_cases_without_a_result_are_named() -> None:
    document = lxml.html.fromstring(html(incomplete_evaluation()))
    [listed] = document.xpath("//h2[@id='missing']/following-sibling::ul[1]")
    assert [words(item) for item in listed] == ["wenna-core/steady-3", "wenna-core/steady-4"]


def test_what_changed_stands_before_and_after_and_line_by_line() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    assert [words(node) for node in document.xpath("//h2[@id='changes']/following-sibling::p[1]/*[@dir]")] == [
        "0.3",
        "0.5",
    ]
    gone = [words(line) for line in document.xpath("//div[@class='gone']")]
    assert gone == ["− Answer in one or two sentences.", "− Keep the chain's secret."]
    assert [words(word) for word in document.xpath("//div[@class='come']//ins")] == ["three"]


def test_each_plot_tells_in_words_what_it_shows() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    plots = document.xpath("//*[local-name()='svg']")
    assert plots
    for plot in plots:
        assert plot.get("aria-hidden") == "true" or (plot.get("role") == "img" and len(plot.get("aria-label")) > 40)
    kinds = words(document.xpath("//h3[text()='Cases that pass, by kind']/..")[0])
    assert "Known fact, with its source ▼ worse 0 of 1 1 of 1 before" in kinds
    rows = {words(row.xpath("th")[0]): words(row) for row in document.xpath("//table//tr[td]")}
    assert "−5 points−11 points to −1 points ▼ worse" in rows["Cases passed"]
    assert "● no clear difference" in rows["Groundedness"]
    assert "▲ better" in rows["Time"]


def test_without_a_baseline_nothing_is_compared() -> None:
    document = lxml.html.fromstring(html(passed_evaluation()))
    told = words(document)
    assert "The candidate was compared with nothing." in told
    assert "worse than before" not in told
    assert not document.xpath("//*[contains(@class, 'side') and contains(@class, 'baseline')]")


def test_every_answer_finds_its_own_direction() -> None:
    page = html(failed_evaluation())
    document = lxml.html.fromstring(page)
    spoken = document.xpath("//*[contains(@class, 'says') or self::q or contains(@class, 'text')]")
    assert spoken
    assert all(node.get("dir") == "auto" for node in spoken)
    assert "אני ונה, בעלת המעבורת." in page


def test_headings_go_down_step_by_step() -> None:
    document = lxml.html.fromstring(html(failed_evaluation()))
    levels = [int(node.tag[1]) for node in document.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_case_that_was_played_several_times_shows_the_one_that_failed() -> None:
    says = ("Three chips.", "Nine crowns.", "Three, always.")
    times = tuple(playing(say, passed=number != 1) for number, say in enumerate(says))
    document = lxml.html.fromstring(html(failed_evaluation([CaseResult(planned("often"), times)])))
    [card] = document.xpath("//details[contains(@class, 'card')][.//h3[contains(., 'often')]]")
    assert "passes 2 of 3 times" in words(card)
    assert words(card.xpath(".//*[@class='says']")[0]) == "Nine crowns."
    assert [words(say) for say in card.xpath(".//details//*[@class='says']")] == ["Three chips.", "Three, always."]


def test_what_the_lore_does_not_say_is_marked_where_it_stands() -> None:
    say = "It is three chips. It is made of gold. Fair winds."
    claims = (
        Claim("It is three chips.", 0.9, "a", 0.2),
        Claim("It is made of gold.", 0.1),
        Claim("Fair winds.", 0.8),
        Claim("It was said otherwise.", 0.1),
    )
    pieces = [(piece.text, piece.mark) for piece in marked(say, claims)]
    assert pieces == [
        ("It is three chips.", "elsewhere"),
        (" ", ""),
        ("It is made of gold.", "unsupported"),
        (" Fair winds.", ""),
        ("It was said otherwise.", "unsupported"),
    ]


def test_what_counts_is_what_scoring_says() -> None:
    assert (report_cases.SUPPORTED, report_cases.AGREED) == (claims.SUPPORTED, judging.ENOUGH_KAPPA)


def test_two_hundred_cases_fit_on_a_page_that_opens_quickly() -> None:
    long = "A rather long answer that goes on about the river, its chain, and its chips. " * 6
    many = [steady(number, say=long, size=110) for number in range(6, 200)]
    page = html(failed_evaluation(many))
    assert len(lxml.html.fromstring(page).xpath("//details[contains(@class, 'card')]")) > 190
    assert len(page.encode()) < 3_000_000
