"""The contract of `EvaluationStore`: what evaluations said, and what the canon gate looks up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.errors import Conflict, NotFound
from npcops.evaluations import LivePoint, Verdict
from npcops.plans import Change, Subject
from npcops.studio_ports import EvaluationStore
from tests.evaluation_samples import SUBJECT, a_point, a_title, a_verdict, an_evaluation
from tests.resources import Lagging, Resources

MANY = tuple(f"saltmarrow-canon.case-number-{number:04}" for number in range(1000))
KNOWN = ("basics", "s1")


@pytest.fixture
def store(resources: Resources) -> EvaluationStore:
    return DynamoEvaluations(Lagging(resources.dynamodb), resources.name("evaluations"))


@pytest.fixture
def title() -> str:
    return a_title()


def test_an_evaluation_is_begun_once_and_found(store: EvaluationStore, title: str) -> None:
    evaluation = an_evaluation(title)
    store.begin(evaluation)
    assert store.find(title, evaluation.id) == evaluation
    with pytest.raises(Conflict):
        store.begin(msgspec.structs.replace(evaluation, requested_by="somebody else"))
    assert store.find(title, evaluation.id).requested_by == "writer"


def test_no_title_finds_another_s(store: EvaluationStore, title: str) -> None:
    evaluation = an_evaluation(title)
    store.begin(evaluation)
    store.put_verdicts(title, [a_verdict(evaluation.id, "2026-01-01")])
    store.add_points(title, [a_point(evaluation.id)])
    for other in (f"{title}-2", title[:-1]):
        with pytest.raises(NotFound):
            store.find(other, evaluation.id)
        assert store.newest(other, 10) == []
        assert store.verdict(other, "mira", *KNOWN, SUBJECT.digest) is None
        assert store.points(other, "mira", 10) == []


def test_a_verdict_that_names_a_thousand_cases_thrice_fits(store: EvaluationStore, title: str) -> None:
    changes = tuple(Change(f"npcs/npc-{n}", "persona", "before " * 500, "after " * 500) for n in range(50))
    verdict = Verdict("failed", (), MANY, MANY, MANY)
    evaluation = an_evaluation(title, total=1000, verdict=verdict, changes=changes)
    store.begin(evaluation)
    assert store.find(title, evaluation.id) == evaluation


def test_the_newest_come_first_page_by_page(store: EvaluationStore, title: str) -> None:
    ids = [f"{number:022x}" for number in range(1, 8)]
    for name in ids:
        store.begin(an_evaluation(title, id=name))
    first = store.newest(title, 3)
    assert [one.id for one in first] == ids[:3:-1]
    second = store.newest(title, 3, before=first[-1].id)
    assert [one.id for one in second] == ids[3:0:-1]
    assert [one.id for one in store.newest(title, 3, before=second[-1].id)] == ids[:1]
    assert store.newest(title, 3, before=ids[0]) == []


def test_the_newest_of_many_large_ones_are_whole(store: EvaluationStore, title: str) -> None:
    """A page of DynamoDB holds a megabyte."""
    for number in range(40):
        note = f"{number}" + "".join(chr(33 + (number * k * k) % 90) for k in range(400))
        store.begin(an_evaluation(title, id=f"{number:022x}", failure=note * 20))
    assert len(store.newest(title, 40)) == 40


def test_a_late_word_does_not_take_the_place_of_a_conclusion(store: EvaluationStore, title: str) -> None:
    evaluation = an_evaluation(title)
    store.begin(evaluation)
    concluded = msgspec.structs.replace(evaluation, state="concluded", verdict=Verdict("passed", ()))
    store.replace(msgspec.structs.replace(evaluation, state="running"))
    store.replace(concluded)
    for late in ("running", "failed", "queued"):
        store.replace(msgspec.structs.replace(evaluation, state=late))
    assert store.find(title, evaluation.id) == concluded
    again = msgspec.structs.replace(concluded, verdict=Verdict("failed", ()))
    store.replace(again)
    assert store.find(title, evaluation.id) == again


def test_a_later_attempt_may_begin_and_nothing_is_heard_of_an_earlier_one(store: EvaluationStore, title: str) -> None:
    first = an_evaluation(title, state="concluded", verdict=Verdict("incomplete", ()))
    store.begin(first)
    second = msgspec.structs.replace(first, state="queued", attempt=2)
    store.replace(second)
    store.replace(first)
    assert store.find(title, first.id) == second


def test_what_was_never_begun_is_not_replaced(store: EvaluationStore, title: str) -> None:
    evaluation = an_evaluation(title)
    store.replace(evaluation)
    with pytest.raises(NotFound):
        store.find(title, evaluation.id)


def test_of_many_writers_the_one_who_concludes_stays(store: EvaluationStore, title: str) -> None:
    evaluation = an_evaluation(title)
    store.begin(evaluation)
    states = ["running", "failed", "concluded"] * 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda state: store.replace(msgspec.structs.replace(evaluation, state=state)), states))
    assert store.find(title, evaluation.id).state == "concluded"


def test_the_verdict_of_exactly_this_suite_on_exactly_this_subject(store: EvaluationStore, title: str) -> None:
    verdict = a_verdict("e1", "2026-01-01T10:00:00.000+00:00")
    store.put_verdicts(title, [verdict])
    assert store.verdict(title, "mira", *KNOWN, SUBJECT.digest) == verdict
    other = Subject("mira", {"npcs/mira": "v2"}, "stage-model").digest
    asked = [("otto", *KNOWN, SUBJECT.digest), ("mira", "more", "s1", SUBJECT.digest)]
    asked += [("mira", "basics", "s2", SUBJECT.digest), ("mira", *KNOWN, other)]
    assert [store.verdict(title, *one) for one in asked] == [None] * 4


def test_the_newest_verdict_counts_whichever_comes_last(store: EvaluationStore, title: str) -> None:
    newer = a_verdict("e2", "2026-01-02T10:00:00.000+00:00", "failed")
    store.put_verdicts(title, [newer])
    store.put_verdicts(title, [a_verdict("e1", "2026-01-01T10:00:00.000+00:00")])
    assert store.verdict(title, "mira", *KNOWN, SUBJECT.digest) == newer
    again = a_verdict("e3", "2026-01-03T10:00:00.000+00:00")
    store.put_verdicts(title, [again])
    assert store.verdict(title, "mira", *KNOWN, SUBJECT.digest) == again


def test_figures_come_oldest_first_and_once_for_each_evaluation(store: EvaluationStore, title: str) -> None:
    ids = [f"{number:022x}" for number in range(5)]
    for name in ids:
        store.add_points(title, [a_point(name, rate=0.5), a_point(name, "otto"), a_point(name, "mira-tull")])
    store.add_points(title, [a_point(ids[4], rate=0.9)])
    assert [(point.evaluation, point.pass_rate) for point in store.points(title, "mira", 3)] == [
        (ids[2], 0.5),
        (ids[3], 0.5),
        (ids[4], 0.9),
    ]
    assert len(store.points(title, "mira-tull", 10)) == 5
    assert store.points(title, "nobody", 10) == []


def test_points_with_figures_by_case_are_kept_apart(store: EvaluationStore, title: str) -> None:
    """Whoever watches them must not read all others, and whoever shows a trend not every case."""
    watched = msgspec.structs.replace(a_point("0" * 22), by_case={"c1": {"pass_rate": 1.0}})
    store.add_points(title, [watched, a_point("1" * 22)])
    store.add_points(title, [watched])
    assert store.watched_points(title, "mira", 10) == [watched]
    assert [point.evaluation for point in store.points(title, "mira", 10)] == ["0" * 22, "1" * 22]
    assert all(not point.by_case for point in store.points(title, "mira", 10))
    assert store.watched_points(title, "mir", 10) == store.watched_points(f"{title}-2", "mira", 10) == []


def test_the_newest_live_points_come_last_each_period_once(store: EvaluationStore, title: str) -> None:
    points = [
        LivePoint("mira", f"2026-11-{day:02d}", "2026-11-01", "2026-11-02", day, 0, 1, 0, 0.5) for day in (2, 9, 16, 23)
    ]
    store.add_live_points(title, [points[2], points[0], msgspec.structs.replace(points[1], turns=99)])
    store.add_live_points(title, points[1:])
    assert store.live_points(title, "mira", 10) == points
    assert store.live_points(title, "mira", 2) == points[2:]
    assert store.points(title, "mira", 10) == store.live_points(title, "tib", 10) == []
