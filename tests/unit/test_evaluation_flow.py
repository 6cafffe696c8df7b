"""An evaluation from request to report: planned once, played case by case, resumed, concluded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.adapters.s3_evaluations import S3EvaluationFiles
from npcops.conclude_evaluation import ConcludeEvaluation, FailEvaluation
from npcops.errors import Conflict, InvalidRequest, ModelUnavailable, NotFound
from npcops.evaluation_state import Evaluations, ShowTrend, list_evaluations
from npcops.evaluations import Verdict
from npcops.golden import Expected, GoldenSuite, Rubric
from npcops.load_cases import LoadCases, Loaded
from npcops.plan_evaluation import PlanEvaluation
from npcops.plans import Configuration, EvaluationRequest, JudgedBy, Plan, PlannedCase
from npcops.playings import CaseResult, Check, PlayedTurn, Playing
from npcops.score_case import ScoreCase
from npcops.start_evaluation import CasesUploaded, StartEvaluation
from tests.conversation import DIALOGUE, MIRA, OTTO, Conversation, conversation
from tests.evaluation_samples import a_point, a_verdict, case
from tests.fakes import STAGE_MODEL, ScriptedChat
from tests.publishing import LABEL, publish
from tests.resources import Resources
from tests.unit.test_trial import trial

SUITE = GoldenSuite("basics", (case("toll"), case("hello", "mira", "Hello!"), case("flour", "otto", "Flour?")))


class Starter:
    """The state machine: knows what was started, and what a test says that runs."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, int]] = []
        self.runs: set[tuple[str, int]] = set()

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        self.started.append((title, evaluation, attempt))

    def running(self, evaluation: str, attempt: int) -> bool:
        return (evaluation, attempt) in self.runs


class Scorer:
    """Passes who says `chips`."""

    def score(self, script: Any, planned: PlannedCase, turns: Sequence[PlayedTurn], passages: Any, judge: bool) -> Any:
        said = turns[-1].say if turns else ""
        return Playing(tuple(turns), (), (Check("says", "chips" in said, "It says what it costs."),))


class Judged(msgspec.Struct):
    verdict: Verdict
    comparisons: tuple[Any, ...] = ()
    kinds: tuple[Any, ...] = ()
    suite_verdicts: tuple[Any, ...] = ()
    points: tuple[Any, ...] = ()


def judged(plan: Plan, results: Sequence[CaseResult]) -> Any:
    failing = tuple(result.planned.key for result in results if not result.candidate[0].passed)
    outcome: Any = "incomplete" if len(results) < len(plan.cases) else "failed" if failing else "passed"
    subject = plan.candidate["mira"]
    verdicts = (a_verdict(plan.id, outcome=outcome, subject=subject),)
    return Judged(Verdict(outcome, (), failing), suite_verdicts=verdicts, points=(a_point(plan.id),))


def rendered(evaluation: Any, plan: Plan, results: Any, conclusion: Any) -> dict[str, tuple[bytes, str]]:
    return {"report.html": (f"<p>{evaluation.verdict.outcome} {len(results)}</p>".encode(), "text/html")}


class Flow:
    """Everything wired as the functions are, but for judging, which other tests are about."""

    def __init__(self, game: Conversation) -> None:
        resources = game.resources
        self.game, self.title, self.starter = game, game.title, Starter()
        self.store = DynamoEvaluations(resources.dynamodb, resources.name("evaluations"))
        self.files = S3EvaluationFiles(resources.s3, resources.name("evaluations"))
        self.start = StartEvaluation(self.store, self.files, self.starter)
        self.look = Evaluations(self.store, self.files, self.starter)
        self.suite(SUITE)
        for card in (MIRA, OTTO):
            game.publish("npcs", card.id, msgspec.structs.replace(card, suites=("basics",)))

    def suite(self, suite: GoldenSuite) -> str:
        return publish(self.game.catalog, self.title, "suites", suite.name, suite)

    def version(self, kind: str, name: str, content: Any) -> str:
        return self.game.catalog.put(self.title, kind, name, msgspec.to_builtins(content), "writer", "")

    def begin(self, **request: Any) -> str:
        return self.start(self.title, "writer", EvaluationRequest(**request)).evaluation

    def load(self, evaluation: str, attempt: int = 1) -> Loaded:
        plan = PlanEvaluation(self.game.catalog, LABEL, STAGE_MODEL, "judge-model")
        return LoadCases(self.store, self.files, plan, 3)(self.title, evaluation, attempt)

    def plan(self, **request: Any) -> Plan:
        evaluation = self.begin(**request)
        assert self.load(evaluation).action == "score", self.store.find(self.title, evaluation).failure
        return self.files.plan(self.title, evaluation)

    def score(self, evaluation: str, key: str, chat: Any = None) -> CaseResult:
        return ScoreCase(self.files, trial(self.game, chat), Scorer())(self.title, evaluation, key)

    def conclude(self, evaluation: str, attempt: int = 1) -> Any:
        done = ConcludeEvaluation(
            self.store, self.files, self.game.bus, judged, rendered, lambda: datetime(2026, 1, 2, tzinfo=UTC)
        )
        return done(self.title, evaluation, attempt)

    def items(self, loaded: Loaded) -> list[str]:
        body = self.game.resources.s3.get_object(Bucket=loaded.bucket, Key=loaded.items)["Body"].read()
        return [msgspec.json.decode(line)["key"] for line in body.splitlines()]


@pytest.fixture
def flow(moto_resources: Resources, tmp_path: Path) -> Iterator[Flow]:
    with conversation(moto_resources, tmp_path / "lore", {"say": "Two chips."}) as game:
        yield Flow(game)


def test_an_evaluation_goes_from_request_to_report(flow: Flow) -> None:
    evaluation = flow.begin(note="a new toll")
    assert flow.starter.started == [(flow.title, evaluation, 1)]
    assert flow.look.describe(flow.title, evaluation).state == "queued"
    loaded = flow.load(evaluation)
    assert (loaded.action, loaded.concurrency) == ("score", 3)
    flow.starter.runs.add((evaluation, 1))
    keys = flow.items(loaded)
    assert sorted(keys) == ["basics.flour", "basics.hello", "basics.toll"]
    for done, key in enumerate(keys):
        shown = flow.look.describe(flow.title, evaluation)
        assert (shown.state, shown.done, shown.total, shown.npcs) == ("running", done, 3, ("mira", "otto"))
        flow.score(evaluation, key)
    flow.game.resources.published()
    assert flow.conclude(evaluation).outcome == "passed"
    shown = flow.look.describe(flow.title, evaluation)
    assert (shown.state, shown.done, shown.request.note) == ("concluded", 3, "a new toll")
    assert shown.verdict == Verdict("passed", ())
    assert list(shown.report) == ["report.html"]
    (event,) = flow.game.resources.published()
    assert (event["detail-type"], event["detail"]["outcome"]) == ("EvaluationConcluded.v1", "passed")
    assert event["detail"]["id"] == f"{evaluation}-1"
    subject = flow.files.plan(flow.title, evaluation).candidate["mira"]
    assert flow.store.verdict(flow.title, "mira", "basics", "s1", subject.digest) is not None
    show = ShowTrend(flow.store, flow.game.catalog, LABEL)
    trend = show(flow.title, "mira", None)
    assert ([point.evaluation for point in trend.points], trend.page) == ([evaluation], "")
    assert "<html" in show(flow.title, "mira", "5", page=True).page
    assert show("other", "mira", None).points == []


def test_a_verdict_that_asked_for_less_hides_none_that_passed(flow: Flow) -> None:
    def concluded(**request: Any) -> str:
        evaluation = flow.begin(**request)
        for key in flow.items(flow.load(evaluation)):
            flow.score(evaluation, key)
        flow.conclude(evaluation)
        subject = flow.files.plan(flow.title, evaluation).candidate["mira"]
        found = flow.store.verdict(flow.title, "mira", "basics", "s1", subject.digest)
        assert found is not None
        return "own" if found.evaluation == evaluation else "earlier"

    assert concluded(judge=False) == "own"
    assert concluded() == "own"
    assert concluded(judge=False) == "earlier"
    assert concluded(baseline=None) == "earlier"
    flow.game.chat.answers = [{"say": "Nothing."}]
    assert concluded(baseline=None) == "own"


def test_what_was_planned_stays_whatever_labels_do(flow: Flow) -> None:
    evaluation = flow.begin()
    flow.load(evaluation)
    before = flow.files.plan(flow.title, evaluation)
    flow.game.publish("npcs", "mira", msgspec.structs.replace(MIRA, name="Another", suites=("basics",)))
    flow.suite(GoldenSuite("basics", (case("other"),)))
    flow.start.resume(flow.title, evaluation)
    flow.load(evaluation, 2)
    assert flow.files.plan(flow.title, evaluation) == before
    assert flow.score(evaluation, "basics.toll").candidate[0].turns[0].say == "Two chips."
    assert "You are Mira" in flow.game.chat.prompts[-1].system


def test_an_evaluation_whose_plan_has_expired_is_not_planned_anew(flow: Flow) -> None:
    evaluation = flow.begin()
    flow.load(evaluation)
    files = flow.game.resources
    files.s3.delete_object(Bucket=files.name("evaluations"), Key=f"evaluations/{flow.title}/{evaluation}/plan.json")
    flow.start.resume(flow.title, evaluation)
    assert flow.load(evaluation, 2).action == "refused"
    assert "expired" in flow.look.describe(flow.title, evaluation).failure


def test_what_the_judge_judges_by_stays_as_well(flow: Flow) -> None:
    rubric = Rubric("kind", "Is it kind?")
    version = publish(flow.game.catalog, flow.title, "rubrics", "kind", rubric)
    asked = msgspec.structs.replace(case("own"), expected=Expected(rubrics=("kind",)))
    plan = flow.plan(cases=(asked, case("other")))
    publish(flow.game.catalog, flow.title, "rubrics", "kind", msgspec.structs.replace(rubric, guidance="Be strict."))
    assert [one.judged_by for one in plan.cases] == [JudgedBy("judge-model", "", {"kind": version}), None]
    assert flow.plan(cases=(asked,)).cases[0].judged_by != plan.cases[0].judged_by
    assert flow.plan(cases=(asked,), judge=False).cases[0].judged_by is None


def test_whoever_names_a_new_one_may_begin_it_again_and_begins_it_once(flow: Flow) -> None:
    name, request = "019a9c4f2d803f1b2c4d5e", EvaluationRequest(npcs=("mira",), note="a tuning")
    first = flow.start(flow.title, "writer", request, name)
    flow.store.replace(msgspec.structs.replace(flow.store.find(flow.title, name), state="running"))
    again = flow.start(flow.title, "somebody else", request, name)
    assert (first.evaluation, again.evaluation, again.state) == (name, name, "running")
    assert flow.store.find(flow.title, name).requested_by == "writer"
    assert set(flow.starter.started) == {(flow.title, name, 1)}


def test_a_resumed_one_plays_only_what_lacks_a_result(flow: Flow) -> None:
    evaluation = flow.begin()
    flow.load(evaluation)
    flow.score(evaluation, "basics.toll")
    assert flow.conclude(evaluation).missing == 2
    assert flow.look.describe(flow.title, evaluation).verdict == Verdict("incomplete", ())
    again = flow.start.resume(flow.title, evaluation)
    assert (again.attempt, flow.starter.started[-1]) == (2, (flow.title, evaluation, 2))
    loaded = flow.load(evaluation, 2)
    assert sorted(flow.items(loaded)) == ["basics.flour", "basics.hello"]
    for key in flow.items(loaded):
        flow.score(evaluation, key)
    assert flow.conclude(evaluation, 2).outcome == "passed"
    with pytest.raises(Conflict):
        flow.start.resume(flow.title, evaluation)


def test_one_whose_cases_are_all_played_is_only_concluded(flow: Flow) -> None:
    evaluation = flow.begin(npcs=("otto",))
    for key in flow.items(flow.load(evaluation)):
        flow.score(evaluation, key)
    flow.start.resume(flow.title, evaluation)
    assert flow.load(evaluation, 2).action == "conclude"


def test_a_second_load_of_a_concluded_or_overtaken_attempt_does_nothing(flow: Flow) -> None:
    evaluation = flow.begin(npcs=("mira",))
    flow.load(evaluation)
    flow.start.resume(flow.title, evaluation)
    assert flow.load(evaluation, 1).action == "skip"
    flow.load(evaluation, 2)
    flow.conclude(evaluation, 2)
    assert flow.load(evaluation, 2).action == "skip"


def test_an_overtaken_attempt_concludes_nothing(flow: Flow) -> None:
    evaluation = flow.begin(npcs=("otto",))
    flow.load(evaluation)
    flow.start.resume(flow.title, evaluation)
    flow.game.resources.published()
    with pytest.raises(Conflict):
        flow.conclude(evaluation, 1)
    assert flow.game.resources.published() == []
    with pytest.raises(NotFound):
        flow.files.report_url(flow.title, evaluation, "report.html", 60)


def test_what_is_under_way_is_not_started_again_and_what_was_interrupted_says_so(flow: Flow) -> None:
    evaluation = flow.begin()
    flow.load(evaluation)
    flow.starter.runs.add((evaluation, 1))
    with pytest.raises(Conflict):
        flow.start.resume(flow.title, evaluation)
    flow.starter.runs.clear()
    shown = flow.look.describe(flow.title, evaluation)
    assert (shown.state, "resume" in shown.failure) == ("failed", True)
    assert flow.start.resume(flow.title, evaluation).attempt == 2


def test_a_failure_is_told_and_can_be_resumed(flow: Flow) -> None:
    evaluation = flow.begin()
    flow.load(evaluation)
    FailEvaluation(flow.store)(flow.title, evaluation, 1, "ModelUnavailable")
    shown = flow.look.describe(flow.title, evaluation)
    assert (shown.state, shown.failure.split(".")[0]) == ("failed", "A model did not answer")
    FailEvaluation(flow.store)(flow.title, "0" * 22, 1, "KeyError")
    flow.start.resume(flow.title, evaluation)
    assert flow.look.describe(flow.title, evaluation).failure == ""


def test_both_sides_play_and_a_candidate_is_compared(flow: Flow) -> None:
    changed = msgspec.structs.replace(DIALOGUE, system="You are {{ character.name }}, and rude.")
    version = flow.version("prompts", "dialogue", changed)
    plan = flow.plan(candidate=Configuration(versions={"prompts/dialogue": version}), npcs=("mira",))
    assert plan.candidate["mira"].versions["prompts/dialogue"] == version
    assert plan.baseline["mira"].versions["prompts/dialogue"] == flow.game.prompt_version
    assert [(change.entry, change.field) for change in plan.changes] == [("prompts/dialogue", "system")]

    def answer(prompt: Any) -> dict[str, Any]:
        return {"say": "Go away." if "rude" in prompt.system else "Two chips."}

    result = flow.score(plan.id, "basics.toll", ScriptedChat(answer))
    assert [playing.passed for playing in (*result.candidate, *result.baseline)] == [False, True]
    assert flow.files.result(flow.title, plan.id, "basics.toll") == result


def test_a_case_that_is_played_twice_at_once_is_played_by_two_players(flow: Flow) -> None:
    """A lost invocation goes on while its retry plays: neither hears or erases what the other one says."""
    flow.suite(GoldenSuite("long", (case("talk", "mira", "One?", "Two?"),)))
    plan = flow.plan(suites=("long",))
    heard: list[list[str]] = []

    def answer(prompt: Any) -> dict[str, Any]:
        heard.append([message.text for message in prompt.messages])
        if len(heard) == 1:
            flow.score(plan.id, "long.talk", ScriptedChat({"say": "As another."}))
        return {"say": "Two chips."}

    flow.score(plan.id, "long.talk", ScriptedChat(answer))
    assert heard == [["One?"], ["One?", "Two chips.", "Two?"]]


def test_whoever_is_compared_with_itself_plays_once(flow: Flow) -> None:
    plan = flow.plan(npcs=("mira",))
    result = flow.score(plan.id, "basics.toll")
    assert len(flow.game.chat.prompts) == 1
    assert result.baseline == result.candidate


def test_sides_take_turns_at_being_first(flow: Flow) -> None:
    suite = GoldenSuite("many", tuple(case(f"case-{number}") for number in range(20)))
    flow.suite(suite)
    plan = flow.plan(candidate=Configuration(model="amazon.nova-lite-v1:0"), suites=("many",))
    for planned in plan.cases:
        flow.score(plan.id, planned.key)
    first = flow.game.chat.models[::2]
    assert 3 <= first.count(STAGE_MODEL) <= 17
    assert flow.game.chat.models.count(STAGE_MODEL) == 20


def test_repetitions_are_played_where_words_are_free(flow: Flow) -> None:
    free = flow.plan(npcs=("otto",), greedy=False, repeats=3, candidate=Configuration(model="amazon.nova-lite-v1:0"))
    result = flow.score(free.id, "basics.flour")
    assert (len(result.candidate), len(result.baseline)) == (3, 3)
    assert {prompt.temperature for prompt in flow.game.chat.prompts} == {DIALOGUE.temperature}
    greedy = flow.plan(npcs=("otto",), repeats=3)
    assert len(flow.score(greedy.id, "basics.flour").candidate) == 1


def test_without_a_baseline_nothing_is_compared(flow: Flow) -> None:
    plan = flow.plan(npcs=("mira",), baseline=None)
    assert (plan.baseline, plan.changes) == ({}, ())
    assert flow.score(plan.id, "basics.toll").baseline == ()


def test_throttling_leaves_no_result(flow: Flow) -> None:
    plan = flow.plan(npcs=("mira",))
    with pytest.raises(ModelUnavailable):
        flow.score(plan.id, "basics.toll", ScriptedChat(ModelUnavailable("throttled")))
    assert flow.files.done(flow.title, plan.id) == set()


def test_a_case_that_is_in_no_plan_is_not_played(flow: Flow) -> None:
    plan = flow.plan(npcs=("mira",))
    with pytest.raises(NotFound):
        flow.score(plan.id, "basics.flour")


def test_a_card_s_suites_and_those_it_drops_are_played(flow: Flow) -> None:
    flow.suite(GoldenSuite("manners", (case("bow"), case("bow", "otto"))))
    version = flow.version("npcs", "mira", msgspec.structs.replace(MIRA, suites=("manners",)))
    plan = flow.plan(candidate=Configuration(versions={"npcs/mira": version}), npcs=("mira",))
    assert [(run.suite, run.cases) for run in plan.runs] == [
        ("manners", ("manners.bow",)),
        ("basics", ("basics.toll", "basics.hello")),
    ]


def test_named_suites_are_played_by_all_who_have_cases_in_them(flow: Flow) -> None:
    version = flow.suite(GoldenSuite("manners", (case("bow"), case("bow-too", "otto"))))
    plan = flow.plan(suites=("manners",))
    assert [(run.npc, run.suite_version) for run in plan.runs] == [("mira", version), ("otto", version)]
    assert list(plan.bars) == ["manners"]
    assert [one.case.npc for one in flow.plan(suites=("manners",), npcs=("otto",)).cases] == ["otto"]


def test_who_is_named_twice_plays_once(flow: Flow) -> None:
    plan = flow.plan(npcs=("mira", "mira"), suites=("basics", "basics"))
    assert [one.key for one in plan.cases] == ["basics.toll", "basics.hello"]
    assert [run.suite for run in plan.runs] == ["basics"]


def test_own_cases_are_played_alone_or_besides(flow: Flow) -> None:
    own = (case("own-toll"),)
    assert [one.key for one in flow.plan(cases=own).cases] == ["own-toll"]
    beside = flow.plan(cases=own, npcs=("otto",))
    assert [(one.key, one.suite) for one in beside.cases] == [("basics.flour", "basics"), ("own-toll", "")]
    assert all("own-toll" not in run.cases for run in beside.runs)
    assert flow.store.find(flow.title, beside.id).request.cases == ()


def test_an_npc_that_is_new_has_nothing_to_be_compared_with(flow: Flow) -> None:
    nils = msgspec.structs.replace(MIRA, id="nils", name="Nils", suites=("basics",))
    version = flow.version("npcs", "nils", nils)
    flow.suite(GoldenSuite("basics", (*SUITE.cases, case("nils-toll", "nils"))))
    plan = flow.plan(candidate=Configuration(versions={"npcs/nils": version}), npcs=("nils",))
    assert (list(plan.candidate), plan.baseline) == (["nils"], {})


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"npcs": ("nobody",)}, "nobody"),
        ({"suites": ("nothing",)}, "nothing"),
        ({"candidate": Configuration(versions={"npcs/mira": "0" * 16})}, "mira"),
        ({"cases": (case("own", "nobody"),)}, "nobody"),
        ({"candidate": Configuration(label="nowhere"), "npcs": ("mira",)}, "mira"),
        ({"npcs": ("mira", "nils"), "suites": ("basics",)}, "nils"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_its_reason(flow: Flow, request_: dict[str, Any], told: str) -> None:
    evaluation = flow.begin(**request_)
    assert flow.load(evaluation).action == "refused"
    shown = flow.look.describe(flow.title, evaluation)
    assert shown.state == "failed"
    assert told in shown.failure


def test_a_title_without_suites_has_nothing_to_play(flow: Flow) -> None:
    for card in (MIRA, OTTO):
        flow.game.publish("npcs", card.id, card)
    evaluation = flow.begin()
    assert flow.load(evaluation).action == "refused"
    assert "nothing to play" in flow.look.describe(flow.title, evaluation).failure


@pytest.mark.parametrize(
    "request_",
    [
        {"candidate": Configuration(model="nobody.has-heard-of-it")},
        {"cases": (case("twice"), case("twice"))},
    ],
)
def test_what_can_only_be_a_mistake_is_refused_at_once(flow: Flow, request_: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        flow.begin(**request_)
    assert (flow.starter.started, flow.store.newest(flow.title, 5)) == ([], [])


def put(flow: Flow, key: str, *lines: Any) -> CasesUploaded:
    body = b"\n".join(line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines)
    flow.game.resources.s3.put_object(Bucket=flow.game.resources.name("evaluations"), Key=key, Body=body)
    return CasesUploaded(key, "2026-01-01T10:00:00Z", "0055AED6DCD90281E5")


def test_uploaded_cases_start_their_evaluation_once(flow: Flow) -> None:
    offered = flow.start.offer_upload(flow.title, "writer", EvaluationRequest(note="from a sheet"))
    assert flow.starter.started == []
    key = f"cases/{flow.title}/{offered.evaluation}.jsonl"
    come = put(flow, key, case("one"), b"", case("two", "otto"), b"")
    started = flow.start.uploaded(come)
    assert started is not None
    assert flow.starter.started == [(flow.title, offered.evaluation, 1)]
    assert flow.items(flow.load(offered.evaluation)) == ["one", "two"]
    assert flow.store.find(flow.title, offered.evaluation).request.note == "from a sheet"
    assert flow.start.uploaded(put(flow, key, case("three"))) is None


def test_cases_that_come_after_others_were_planned_start_nothing_even_if_those_failed(flow: Flow) -> None:
    offered = flow.start.offer_upload(flow.title, "writer", EvaluationRequest())
    key = f"cases/{flow.title}/{offered.evaluation}.jsonl"
    flow.start.uploaded(put(flow, key, case("one")))
    flow.load(offered.evaluation)
    FailEvaluation(flow.store)(flow.title, offered.evaluation, 1, "StoreUnavailable")
    assert flow.start.uploaded(put(flow, key, case("two"))) is None
    assert [attempt for _, _, attempt in flow.starter.started] == [1]


def test_a_bad_upload_is_refused_as_a_whole_by_line_and_can_be_mended(flow: Flow) -> None:
    offered = flow.start.offer_upload(flow.title, "writer", EvaluationRequest())
    key = f"cases/{flow.title}/{offered.evaluation}.jsonl"
    bad = [case("one"), b"{", b'{"id": "x"}', b'{"id": "UPPER"}', b"\xff\xfe"]
    flow.start.uploaded(put(flow, key, *bad))
    assert flow.load(offered.evaluation).action == "refused"
    failure = flow.look.describe(flow.title, offered.evaluation).failure
    assert all(f"line {number}:" in failure for number in (2, 3, 4, 5))
    assert "line 1:" not in failure
    assert flow.start.uploaded(put(flow, key, case("one"))) is not None
    assert flow.items(flow.load(offered.evaluation, 2)) == ["one"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b""], "no cases"),
        ([msgspec.to_builtins(case("one")) | {"expected": {"means": ["Aye.", " "]}}], "line 1"),
        ([msgspec.to_builtins(case("one")) | {"expected": {"says_none": [""]}}], "line 1"),
        ([case("one"), case("one")], "called one"),
        ([b"[" * 5000], "line 1"),
    ],
)
def test_an_upload_says_what_is_wrong_with_it(flow: Flow, lines: list[Any], told: str) -> None:
    offered = flow.start.offer_upload(flow.title, "writer", EvaluationRequest())
    flow.start.uploaded(put(flow, f"cases/{flow.title}/{offered.evaluation}.jsonl", *lines))
    flow.load(offered.evaluation)
    assert told in flow.look.describe(flow.title, offered.evaluation).failure


def test_a_file_nobody_announced_is_evaluated_as_usual_and_once(flow: Flow) -> None:
    come = put(flow, f"cases/{flow.title}/spring sheet.jsonl", case("one"))
    started = flow.start.uploaded(come)
    assert started is not None
    assert flow.start.uploaded(come) == started
    (found,) = flow.store.newest(flow.title, 5)
    assert (found.id, found.requested_by, found.request.note) == (
        started.evaluation,
        "upload",
        "Uploaded as spring sheet",
    )
    assert flow.items(flow.load(found.id)) == ["one"]


@pytest.mark.parametrize(
    "key", ["cases/readme.jsonl", "cases/Not A Title/a.jsonl", "evaluations/t/e/plan.json", "cases/t/a.csv"]
)
def test_what_is_no_upload_of_cases_starts_nothing(flow: Flow, key: str) -> None:
    assert flow.start.uploaded(CasesUploaded(key, "2026-01-01T10:00:00Z", "1")) is None
    assert flow.starter.started == []


def test_an_evaluation_of_another_kind_takes_no_upload(flow: Flow) -> None:
    evaluation = flow.begin()
    assert flow.start.uploaded(put(flow, f"cases/{flow.title}/{evaluation}.jsonl", case("one"))) is None
    assert flow.starter.started == [(flow.title, evaluation, 1)]


def test_evaluations_are_listed_page_by_page(flow: Flow) -> None:
    ids = sorted(flow.begin(note="a new toll") for _ in range(3))
    page = list_evaluations(flow.store, flow.title, "2", None)
    rest = list_evaluations(flow.store, flow.title, "2", page["next"])
    assert [one.id for one in (*page["evaluations"], *rest["evaluations"])] == ids[::-1]
    assert (len(page["evaluations"]), rest["next"]) == (2, None)
    assert {one.note for one in page["evaluations"]} == {"a new toll"}


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1e2", ""])
def test_a_page_has_its_limits(flow: Flow, limit: str) -> None:
    with pytest.raises(InvalidRequest):
        list_evaluations(flow.store, flow.title, limit, None)


def test_no_title_sees_another_s(flow: Flow) -> None:
    evaluation = flow.begin()
    for look in (
        lambda: flow.look.describe("other", evaluation),
        lambda: flow.start.resume("other", evaluation),
    ):
        with pytest.raises(NotFound):
            look()
    assert list_evaluations(flow.store, "other", None, None)["evaluations"] == []
