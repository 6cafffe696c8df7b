"""The contract of `JudgementStore`: the newest verdict of each person, and of each judge."""

from __future__ import annotations

import secrets

import pytest

from npcops.adapters.dynamo_judgements import DynamoJudgements
from npcops.errors import StoreUnavailable
from npcops.labelled import Judged, JudgeVersions, Labelled, LabelledAnswer
from npcops.studio_ports import JudgementStore
from tests.resources import Lagging, Resources

JUDGE = JudgeVersions("r1", "p1", "model")


@pytest.fixture
def judgements(resources: Resources) -> JudgementStore:
    return DynamoJudgements(Lagging(resources.dynamodb), resources.name("reviews"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def label(rubric: str = "persona", by: str = "ada", name: str = "a1", verdict: bool = True) -> Labelled:
    return Labelled(rubric, LabelledAnswer(name, "mira", "Wer?", "Ich. 你好", verdict, ("war",), "So."), by, "now")


def test_the_newest_verdict_of_each_person_counts(judgements: JudgementStore, title: str) -> None:
    judgements.label(title, [label(), label(by="b#b"), label(name="a2")])
    judgements.label(title, [label(verdict=False)])
    found = judgements.labelled(title, "persona")
    assert sorted(found, key=repr) == sorted([label(verdict=False), label(by="b#b"), label(name="a2")], key=repr)


def test_rubrics_with_like_names_never_mix(judgements: JudgementStore, title: str) -> None:
    judgements.label(title, [label("persona"), label("persona-2", name="a2")])
    judgements.put_judged(title, Judged("persona-2", "x", JUDGE, True, "So."))
    assert judgements.labelled(title, "persona") == [label("persona")]
    assert judgements.judged(title, "persona") == []
    assert judgements.judged(title, "persona-2") == [Judged("persona-2", "x", JUDGE, True, "So.")]
    assert len(judgements.labelled(title)) == 2
    assert len(judgements.judged(title)) == 1
    assert judgements.labelled(f"{title}-2") == []


def test_each_judge_has_a_verdict_of_its_own(judgements: JudgementStore, title: str) -> None:
    other = JudgeVersions("r2", "p1", "model")
    for judge, verdict in ((JUDGE, True), (other, True), (JUDGE, False)):
        judgements.put_judged(title, Judged("persona", "x", judge, verdict))
    found = {one.judge: one.verdict for one in judgements.judged(title, "persona")}
    assert found == {JUDGE: False, other: True}


def test_a_table_that_does_not_answer_is_said_to(resources: Resources, title: str) -> None:
    judgements = DynamoJudgements(resources.dynamodb, "no-such-table")
    with pytest.raises(StoreUnavailable):
        judgements.label(title, [label()])
    with pytest.raises(StoreUnavailable):
        judgements.judged(title)
