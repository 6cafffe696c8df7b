"""The page of an NPC's figures over time."""

from __future__ import annotations

import lxml.html
import pytest

from npcops.catalogue import Move
from npcops.evaluations import LivePoint, Outcome, TrendPoint
from npcops.trend_page import trend_page

NPC = "wenna-tull"


def point(day: int, outcome: Outcome = "passed", **figures: float) -> TrendPoint:
    return TrendPoint(NPC, f"2026-05-{day:02d}T09:00:00Z", f"e-{day}", outcome, 40, 0.9, figures, "d")


def move(day: int, version: str, why: str = "") -> Move:
    return Move("production", version, "v0", "ada", f"2026-05-{day:02d}T12:00:00Z", why, "passed")


def shown(points: list[TrendPoint], moves: list[Move]) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(trend_page(NPC, points, moves).decode())


def plots(document: lxml.html.HtmlElement) -> dict[str, lxml.html.HtmlElement]:
    return {
        figure.xpath("h2")[0].text: figure.xpath("*[local-name()='svg']")[0] for figure in document.xpath("//figure")
    }


def test_each_figure_that_is_known_is_drawn_for_every_evaluation() -> None:
    document = shown([point(1, ms=900.0), point(2, ms=800.0, toxicity=0.01), point(3)], [])
    drawn = plots(document)
    assert list(drawn) == ["Cases passed", "Time", "Toxicity"]
    assert [len(plot.xpath(".//*[local-name()='circle']")) for plot in drawn.values()] == [3, 2, 1]
    assert "From 0.90 s to 0.80 s" in drawn["Time"].get("aria-label")


def test_what_failed_is_marked_by_its_shape() -> None:
    [plot] = plots(shown([point(1), point(2, "failed"), point(3, "incomplete")], [])).values()
    marks = [mark.text for mark in plot.xpath(".//*[local-name()='text'][contains(@class, 'mark')]")]
    assert marks == ["✗", "?"]
    assert len(plot.xpath(".//*[local-name()='circle']")) == 1


def test_what_went_live_stands_between_its_evaluations() -> None:
    document = shown([point(2), point(4), point(6)], [move(5, "v2", "softer"), move(2, "v1"), move(1, "v0")])
    [plot] = plots(document).values()
    lines = [float(path.get("d")[1:].split()[0]) for path in plot.xpath(".//*[@class='moved']")]
    dots = [float(dot.get("cx")) for dot in plot.xpath(".//*[local-name()='circle']")]
    assert dots[0] < lines[0] < dots[1] < lines[1] < dots[2]
    listed = [
        " ".join(item.text_content().split()) for item in document.xpath("//h2[@id='moves']/following-sibling::ol/li")
    ]
    assert listed == ["2026-05-02: version v1 by ada passed", "2026-05-05: version v2 by ada passed softer"]


def test_the_table_has_the_newest_first() -> None:
    rows = shown([point(1), point(2, "failed")], []).xpath("//tbody/tr")
    assert [row.xpath("td")[0].text for row in rows] == ["e-2", "e-1"]
    assert "✗ failed" in rows[0].text_content()


def test_what_players_had_is_a_table_of_its_own() -> None:
    live = [
        LivePoint(NPC, "2026-05-11", "2026-05-04", "2026-05-10", 200, 3, 40, 0, 0.815),
        LivePoint(NPC, "2026-05-18", "2026-05-11", "2026-05-17", 0, 0, 0, 12, None, 4.25),
    ]
    document = lxml.html.fromstring(trend_page(NPC, [point(1)], [], live).decode())
    rows = document.xpath("//h2[@id='live']/following-sibling::table//tbody/tr")
    assert [[cell.text for cell in row.xpath("th|td")] for row in rows] == [
        ["2026-05-11 to 2026-05-17", "0", "–", "0", "–", "12", "4.2"],
        ["2026-05-04 to 2026-05-10", "200", "1.5 %", "40", "81.5 %", "0", "–"],
    ]
    assert not shown([point(1)], []).xpath("//h2[@id='live']")


def test_without_evaluations_the_page_says_so() -> None:
    assert "There is no concluded evaluation of this character yet." in shown([], []).text_content()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><svg onload=alert(1)>'])
def test_no_text_becomes_markup(text: str) -> None:
    plain = lxml.html.fromstring(trend_page("plain", [point(1)], [move(1, "plain", "plain")]).decode())
    shown = lxml.html.fromstring(trend_page(text, [point(1)], [move(1, text, text)]).decode())
    assert [node.tag for node in shown.iter()] == [node.tag for node in plain.iter()]
    assert text in shown.text_content()
