"""The report's page is opened by people with a token in their browser: no text of it may become more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import lxml.html
import msgspec
import pytest

from npcops.dialogue import Action, Citation, ShownPassage
from npcops.evaluations import Reason
from npcops.plans import Change
from npcops.playings import CaseResult, Check, Claim, Judgement
from npcops.report import render
from tests.evaluating import (
    FERRY,
    Evaluated,
    failed_evaluation,
    incomplete_evaluation,
    passed_evaluation,
    planned,
    playing,
    turn,
)

SAMPLES = (failed_evaluation, passed_evaluation, incomplete_evaluation)
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</q></p></article><iframe src=//evil.example></iframe>",
    "<style>body{display:none}</style><!-- ",
    "{{ 7 * 7 }}{% include 'page.css' %}",
    "javascript:alert(1)",
    "]]></svg><a href='https://evil.example'>here</a>",
)


def html(evaluated: Evaluated) -> str:
    return render(*evaluated)["report.html"][0].decode()


def hostile(text: str) -> Evaluated:
    """An evaluation in which everything that can hold text holds this one."""
    passage = ShownPassage(FERRY.id, text, text, text)
    case = CaseResult(
        planned("hostile", messages=(text,), note=text, reference=text, flags=(text,), language=text),
        (
            playing(
                text,
                passed=False,
                turns=(
                    turn(
                        text,
                        text,
                        actions=(Action(text, {text: text}),),
                        citations=(Citation(FERRY.id, text, text),),
                        emotion=text,
                        dropped=(text,),
                        model=text,
                    ),
                ),
                passages=(passage,),
                checks=(Check(text, False, text), Check(text, False, text, counts=False)),
                claims=(Claim(text, 0.1), Claim(f"{text} not said", 0.9, cited=0.1)),
                judgements=(Judgement(text, False, text),),
                metrics={text: 1.0, "ms": 900.0},
            ),
        ),
    )
    evaluation, plan, results, conclusion = failed_evaluation([case])
    change = Change(text, text, text, f"{text}\n{text}")
    verdict = msgspec.structs.replace(conclusion.verdict, reasons=(Reason(text, text, (case.planned.key, text)),))
    return (
        msgspec.structs.replace(evaluation, requested_by=text),
        msgspec.structs.replace(plan, title=text, changes=(change,), judge_model=text),
        results,
        msgspec.structs.replace(conclusion, verdict=verdict),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    harmless, shown = html(hostile("plain")), html(hostile(text))
    ours, theirs = lxml.html.fromstring(harmless), lxml.html.fromstring(shown)
    assert [node.tag for node in theirs.iter()] == [node.tag for node in ours.iter()]
    assert [sorted(node.keys()) for node in theirs.iter()] == [sorted(node.keys()) for node in ours.iter()]
    assert all(link.get("href").startswith("#") for link in theirs.xpath("//a"))
    assert text in theirs.text_content()


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_page_fetches_nothing_and_runs_nothing(sample: Callable[[], Evaluated]) -> None:
    page = html(sample())
    document = lxml.html.fromstring(page)
    assert not document.xpath("//script|//link|//img|//iframe|//object|//base|//form|//@style|//@src|//@srcset")
    assert not [name for node in document.iter() for name in node.attrib if name.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    [policy] = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    [style] = re.findall(r"<style>(.*?)</style>", page, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
