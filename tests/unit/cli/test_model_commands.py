"""`npc model`: who decides what, how a shift of traffic is followed, and why it ended as it did."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from npc import polling, promotion_run
from tests.unit.cli.pretended_stage import Stage, problem

MODELS = "/dev/v1/models"
PROMOTION = "019a9f3c2b1d7e5a90c4f9"
STARTED = {"promotion": PROMOTION, "version": 3, "percents": [10, 100], "minutes": 5.0, "gate": "passed"}
SIDES = {
    "to": {"turns": 4, "failed": 1, "ms": 6000, "measured": 2, "groundedness": 1.5},
    "current": {"turns": 0, "failed": 0, "ms": 0, "measured": 0, "groundedness": 0.0},
}


def version(number: int = 3, approval: str = "PendingManualApproval", **given: Any) -> dict[str, Any]:
    """A version as the API lists it."""
    plain = {
        "version": number,
        "approval": approval,
        "why": "",
        "created_at": "2026-11-20T12:00:00.000+00:00",
        "model": "qwen@arn:aws:bedrock:::deployment",
        "family": "local",
        "npcs": ["delfador"],
        "deployment": "arn:aws:bedrock:::deployment",
        "readiness": "ready",
        "tuning": "t1",
        "evaluation": "e1",
        "roles": [],
        "percent": 0,
        "figures": {"better": "not-shown", "pass_rate": "0.75", "baseline_pass_rate": "0.5"},
    }
    return plain | given


def move(kind: str, number: int = 3, **given: Any) -> dict[str, Any]:
    plain = {"id": PROMOTION, "kind": kind, "version": number, "before": 0, "by": "ada", "why": "", "gate": "passed"}
    return plain | {"at": "2026-11-20T12:00:00.000+00:00"} | given


def listed(*models: Any, moves: tuple[Any, ...] = (), shift: Any = None, **given: Any) -> dict[str, Any]:
    promoted = {"current": None, "previous": None, "shift": shift, "revision": 1}
    return {"models": list(models), "promoted": promoted, "moves": list(moves)} | given


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 0)


def serve(stage: Stage, *answers: Any) -> None:
    """List the models by these answers in turn; the last one again and again."""
    left = list(answers)
    stage.answers[f"GET {MODELS}"] = lambda _: httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])


def test_versions_are_listed_with_what_they_are_used_for(stage: Stage) -> None:
    shown = [version(4), version(3, "Approved", roles=["current"], percent=100, npcs=[], figures={}, why="[good]")]
    serve(stage, listed(*shown, moves=()) | {"promoted": {"current": {"version": 3}}})
    lines = stage.npc("model", "ls").out.splitlines()
    assert lines[1].split() == ["4", "waits", "ready", "delfador", "not", "shown", "75.0", "%", "50.0", "%"]
    assert lines[2].split() == ["3", "approved", "ready", "current", "100", "%", "all"]
    assert (lines[-1].split(), len(lines)) == (["3", "[good]"], 6)


def test_where_nothing_is_promoted_it_is_said(stage: Stage) -> None:
    serve(stage, listed(version()))
    assert "answered by the stage's own model" in stage.npc("model", "ls").out
    serve(stage, listed())
    assert stage.npc("model", "ls").out == "no model is registered yet: `npc tune FILE` makes one\n"


def test_one_version_is_shown_with_what_happened_to_it(stage: Stage) -> None:
    serve(stage, listed(version(), moves=(move("returned", why="It was [slow]."), move("begun"), move("begun", 2))))
    ran = stage.npc("model", "show", "3")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "better not-shown" in lines
    assert "2026-11-20 12:00 returned 3 0 ada passed It was [slow]." in lines
    assert [line for line in lines if " begun " in line] == ["2026-11-20 12:00 begun 3 0 ada passed"]
    missing = stage.npc("model", "show", "9")
    assert (missing.code, missing.err) == (1, "npc: there is no version 9\n")


def test_an_approved_version_is_checked_and_becomes_the_candidate(stage: Stage) -> None:
    waits, approved = version(why="an older refusal"), version(approval="Approved")
    serve(stage, listed(waits), listed(waits), listed(approved), listed(approved | {"roles": ["candidate"]}))
    stage.answers[f"POST {MODELS}/3/decision"] = {"version": 3, "approval": "Approved", "why": "fine"}
    ran = stage.npc("model", "approve", "3", "--why", "fine")
    assert stage.sent(1) == {"approve": True, "why": "fine"}
    assert (ran.code, ran.out) == (
        0,
        "version 3 is approved and answers; to give it to players: npc model promote 3\n",
    )


@pytest.mark.parametrize(("unanswered", "code"), [(polling.PATIENCE - 1, 0), (polling.PATIENCE, 3)])
def test_a_check_outlives_a_question_that_is_not_answered(stage: Stage, unanswered: int, code: int) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if 1 < len(asked) <= 1 + unanswered:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=listed(version(approval="Approved", roles=["candidate"])))

    stage.answers[f"GET {MODELS}"] = answer
    stage.answers[f"POST {MODELS}/3/decision"] = {"version": 3, "approval": "Approved", "why": ""}
    assert stage.npc("model", "approve", "3").code == code


@pytest.mark.parametrize("before", ["", "It did not answer."])
def test_an_approval_that_is_refused_says_why(stage: Stage, before: str) -> None:
    refused = version(why="It did not answer.")
    serve(stage, listed(version(why=before)), listed(version(approval="Approved")), listed(refused))
    stage.answers[f"POST {MODELS}/3/decision"] = {"version": 3, "approval": "Approved", "why": ""}
    ran = stage.npc("model", "approve", "3")
    assert (ran.code, ran.err) == (1, "npc: version 3 was not approved: It did not answer.\n")


def test_a_check_that_takes_too_long_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion_run, "CHECK_SECONDS", -1.0)
    serve(stage, listed(version(approval="Approved")))
    stage.answers[f"POST {MODELS}/3/decision"] = {"version": 3, "approval": "Approved", "why": ""}
    ran = stage.npc("model", "approve", "3")
    assert (ran.code, "still being checked: see `npc model show 3`" in ran.err) == (1, True)
    assert stage.npc("model", "approve", "3", "--no-wait").out == "version 3 is approved, and is being checked\n"


def test_a_rejection_is_sent(stage: Stage) -> None:
    stage.answers[f"POST {MODELS}/3/decision"] = {"version": 3, "approval": "Rejected", "why": "dull"}
    ran = stage.npc("model", "reject", "3", "--why", "dull")
    assert (ran.out, stage.sent()) == ("version 3 is rejected\n", {"approve": False, "why": "dull"})


def test_a_promotion_is_followed_until_all_players_have_it(stage: Stage) -> None:
    candidate = version(approval="Approved", roles=["candidate"])
    begun, shift = move("begun"), {"percent": 10, "id": PROMOTION, "to": {}, "since": ""}
    serve(
        stage,
        listed(version(4), candidate),
        listed(candidate),
        listed(candidate, moves=(begun,), shift=shift, sides=SIDES),
        listed(candidate, moves=(move("promoted"), begun)),
    )
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED
    ran = stage.npc("model", "promote")
    assert (ran.code, ran.out) == (0, "PROMOTED  all players are answered by version 3\n")
    assert "version 3: 10 %, 100 % of the players, 5 minutes each" in ran.err
    assert stage.sent(1) == {}


def test_percents_and_an_override_are_sent(stage: Stage) -> None:
    serve(stage, listed())
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED | {"gate": "overridden"}
    words = ["--percent", "50", "--percent", "5", "--minutes", "0.5", "--override", "For the demo on Friday"]
    ran = stage.npc("model", "promote", "3", *words, "--no-wait")
    assert stage.sent() == {"percents": [5, 50, 100], "minutes": 0.5, "override": "For the demo on Friday"}
    assert ran.out.endswith("; the canon gate is overridden\n")


@pytest.mark.parametrize(
    ("end", "out", "err"),
    [
        (
            move("returned", why="Slower than [before]."),
            "RETURNED  all players are answered by the stage's own model again: Slower than [before].",
            "version 3 is not promoted: Slower than [before].",
        ),
        (
            move("rolled-back", 2, id="another", before=3),
            "ROLLED BACK  all players are answered by version 2 again",
            "version 3 is not promoted: rolled-back",
        ),
        (
            move("begun", 4, id="another"),
            "OVERTAKEN  the promotion of version 4 was begun meanwhile",
            "version 3 is not promoted: begun",
        ),
    ],
)
def test_a_promotion_that_goes_back_says_why_and_ends_badly(stage: Stage, end: Any, out: str, err: str) -> None:
    later = move("rolled-back", id="much later")
    serve(stage, listed(version(approval="Approved"), moves=(later, end, move("begun"), move("promoted", 2, id="old"))))
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED
    ran = stage.npc("model", "promote", "3")
    assert (ran.code, ran.out.strip(), ran.err.splitlines()[-1]) == (1, out, f"npc: {err}")


def test_a_promotion_that_never_begins_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion_run, "BEGIN_SECONDS", -1.0)
    serve(stage, listed(version(approval="Approved"), moves=(move("begun", 4, id="another"),)))
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED
    ran = stage.npc("model", "promote", "3")
    assert (ran.code, "it did not begin" in ran.err) == (1, True)


def test_a_promotion_that_breaks_before_it_begins_has_ended(stage: Stage) -> None:
    serve(stage, listed(version(approval="Approved"), moves=(move("returned", why="It was rejected."),)))
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED
    assert stage.npc("model", "promote", "3").out.startswith("RETURNED")


def test_figures_of_both_sides_are_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Listener:
        def __enter__(self) -> Listener:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def __call__(self, *progress: Any) -> None:
            seen.append(progress)

    monkeypatch.setattr(promotion_run, "Reporter", Listener)
    begun = move("begun")
    shifting = listed(moves=(begun,), shift={"percent": 10}, sides=SIDES)
    serve(stage, shifting, listed(moves=(move("promoted"), begun)))
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED
    stage.npc("model", "promote", "3")
    assert seen == [("shifting; new: 4 turns, 1 failed, 1.5 s, grounded 0.75; old: 0 turns, 0 failed", 10, 100)]


def test_who_interrupts_is_told_how_to_take_it_back(stage: Stage) -> None:
    stage.answers[f"POST {MODELS}/3/promotion"] = STARTED

    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    stage.answers[f"GET {MODELS}"] = interrupted
    ran = stage.npc("model", "promote", "3")
    assert (ran.code, "`npc model rollback`" in ran.err) == (130, True)


def test_without_a_candidate_nothing_is_promoted(stage: Stage) -> None:
    serve(stage, listed(version()))
    ran = stage.npc("model", "promote")
    assert (ran.code, "approve one first" in ran.err, len(stage.requests)) == (1, True, 1)


def test_a_closed_gate_is_told(stage: Stage) -> None:
    stage.answers[f"POST {MODELS}/3/promotion"] = problem(409, "Not passed", "delfador: not-evaluated", "gate-closed")
    ran = stage.npc("model", "promote", "3")
    assert (ran.code, "delfador: not-evaluated" in ran.err) == (1, True)


@pytest.mark.parametrize(("to", "told"), [(0, "the stage's own model"), (2, "version 2")])
def test_a_rollback_says_who_answers_now(stage: Stage, to: int, told: str) -> None:
    stage.answers[f"POST {MODELS}/rollback"] = {"version": 3, "to": to, "promoted": {}}
    ran = stage.npc("model", "rollback", "--version", "3", "--why", "dull")
    assert ran.out == f"version 3 is taken back; players are answered by {told}\n"
    assert stage.sent() == {"why": "dull", "version": 3}
