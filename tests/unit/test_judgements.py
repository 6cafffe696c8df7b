"""How far a judge agrees with people: what is judged once, by whom, and what of it is known."""

from __future__ import annotations

import msgspec
import pytest

from npcops.adapters.dynamo_judgements import DynamoJudgements
from npcops.errors import ModelFailed, ModelUnavailable, NotFound
from npcops.judgements import JudgeAnswers, KnownAgreement, ShowAgreement
from npcops.labelled import JudgedSoFar, JudgeVersions, LabelledAnswer, NewJudgements
from npcops.people import Agreement
from tests.opinions import Opinions, given, item
from tests.resources import Resources

FIRST = JudgeVersions("r1", "p1", "model")


def answer(number: int, verdict: bool = True, reply: str = "") -> LabelledAnswer:
    return LabelledAnswer(f"a{number}", "mira", "Who are you?", reply or f"Answer {number}.", verdict)


class Scripted:
    """A judge that finds an answer bad if it says so, and fails where it is told to."""

    def __init__(self) -> None:
        self.now, self.asked = FIRST, list[str]()
        self.failures: dict[str, Exception] = {}

    def versions(self, title: str, rubric: str) -> JudgeVersions:
        if rubric != "persona":
            raise NotFound("No such rubric.")
        return self.now

    def judge(self, title: str, rubric: str, answer: LabelledAnswer) -> tuple[bool, str]:
        self.asked.append(answer.id)
        if answer.id in self.failures:
            raise self.failures.pop(answer.id)
        return "bad" not in answer.reply, "So it seems."


class Judging:
    """A title in which answers are judged by the rubric `persona`."""

    def __init__(self, resources: Resources, title: str) -> None:
        self.title, self.judge = title, Scripted()
        self.store = DynamoJudgements(resources.dynamodb, resources.name("reviews"))
        self.reviews = Opinions(resources, title).store

    def put(self, *answers: LabelledAnswer, by: str = "ada", most: int = 99, rubric: str = "persona") -> JudgedSoFar:
        calls = iter(range(most))
        judge = JudgeAnswers(self.store, self.judge)
        return judge(self.title, rubric, by, NewJudgements(answers), lambda: next(calls, None) is not None)

    def known(self, versions: JudgeVersions = FIRST) -> Agreement | None:
        return KnownAgreement(self.store).of(self.title, "persona", *msgspec.structs.astuple(versions))


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Judging:
    return Judging(moto_resources, title)


def test_the_judge_judges_what_people_have_judged(ours: Judging) -> None:
    found = ours.put(answer(1), answer(2, False, "bad"), answer(3, False), answer(4))
    assert (found.answers, found.left, found.judge, found.rubric) == (4, 0, FIRST, "persona")
    assert found.agreement.value == pytest.approx(0.5)
    assert (found.agreement.measure, found.agreement.items, found.agreement.raters) == ("kappa", 4, 2)
    assert [(one.id, one.person, one.judge) for one in found.differing] == [("a3", False, True)]
    assert ours.known() == found.agreement


def test_a_few_are_judged_at_a_time_and_no_answer_twice(ours: Judging) -> None:
    first = ours.put(*(answer(number) for number in range(7)), most=3)
    assert (first.left, first.agreement.items) == (4, 3)
    assert [ours.put(most=3).left for _ in range(3)] == [1, 0, 0]
    assert sorted(ours.judge.asked) == [f"a{number}" for number in range(7)]


def test_the_words_are_judged_once_whoever_judged_them(ours: Judging) -> None:
    ours.put(answer(1), by="ada")
    found = ours.put(answer(1, False), by="bea")
    assert ours.judge.asked == ["a1"]
    assert (found.answers, found.agreement.items, found.agreement.raters) == (1, 1, 3)
    assert found.agreement.value == 0


def test_other_words_under_the_same_id_are_judged_anew(ours: Judging) -> None:
    ours.put(answer(1))
    found = ours.put(answer(1, False, "bad"))
    assert ours.judge.asked == ["a1", "a1"]
    assert (found.answers, found.agreement.items, found.differing) == (1, 1, ())


def test_a_person_may_think_otherwise_later(ours: Judging) -> None:
    assert len(ours.put(answer(1, False)).differing) == 1
    assert ours.put(answer(1, True)).differing == ()
    assert ours.judge.asked == ["a1"]


def test_the_same_words_under_two_ids_are_one_verdict_of_a_person(ours: Judging) -> None:
    ours.put(answer(1, True, "Same."), answer(2, False, "bad"))
    found = ours.put(*(answer(number, False, "Same.") for number in range(3, 9)))
    assert (found.agreement.items, found.agreement.value) == (2, 0)
    assert [one.id for one in found.differing] == ["a8"]


def test_another_prompt_is_another_judge(ours: Judging) -> None:
    ours.put(answer(1), answer(2, False))
    ours.judge.now = JudgeVersions("r1", "p2", "model")
    assert ours.known(ours.judge.now) is None
    assert ours.put(most=1).left == 1
    assert ours.put().agreement.items == 2
    assert {ours.known(versions) is None for versions in (FIRST, ours.judge.now)} == {False}


def test_a_judge_that_is_busy_is_asked_later(ours: Judging) -> None:
    ours.judge.failures = {"a1": ModelUnavailable("Busy.")}
    found = ours.put(answer(1), answer(2))
    assert (found.left, ours.judge.asked) == (2, ["a1"])
    assert ours.put().left == 0


def test_an_answer_that_the_judge_cannot_read_stops_no_other(ours: Judging) -> None:
    ours.judge.failures = {"a1": ModelFailed("No.")}
    assert ours.put(answer(1), answer(2)).left == 1
    assert ours.put().left == 0


def test_a_rubric_that_does_not_exist_keeps_nothing(ours: Judging) -> None:
    with pytest.raises(NotFound):
        ours.put(answer(1), rubric="nothing")
    assert ours.store.labelled(ours.title) == []


def test_nothing_judged_is_nothing_known(ours: Judging) -> None:
    assert ours.known() is None
    found = ours.put()
    assert (found.answers, found.agreement.value, found.agreement.items, found.agreement.raters) == (0, None, 0, 0)


def test_all_that_is_known_of_agreement(ours: Judging) -> None:
    ours.put(answer(1), answer(2, False, "bad"))
    for number, scores in enumerate([(1, 1), (5, 5), (3, 3), (4,)]):
        ours.reviews.queue(ours.title, item(f"t{number}"), 30)
        for score, by in zip(scores, ("ada", "bea"), strict=False):
            ours.reviews.done(ours.title, f"t{number}", given(score, by), len(scores))
    reviewers, judge = ShowAgreement(ours.reviews, ours.store)(ours.title).agreements
    assert reviewers == Agreement("reviews", "alpha", 1.0, 3, 2)
    assert judge == Agreement("rubric persona@r1, judge@p1, model", "kappa", 1.0, 2, 2)


def test_players_are_no_reviewers(ours: Judging) -> None:
    ours.reviews.queue(ours.title, item("t1", ratings=(given(1, "ann", "player"),)), 30)
    ours.reviews.done(ours.title, "t1", given(5, "ada"), 1)
    (reviewers,) = ShowAgreement(ours.reviews, ours.store)(ours.title).agreements
    assert reviewers == Agreement("reviews", "alpha", None, 0, 0)
