"""`npc rate`, `npc review` and `npc compare`: what they ask, send and print."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.cli.pretended_stage import Ran, Stage, problem, token

RATING = "/dev/v1/turns/t1/rating"
REVIEWS = "/dev/v1/reviews"
EVALUATION = "/dev/v1/evaluations/e1"
Run = Callable[..., Ran]


def waiting(turn_id: str, **changes: Any) -> dict[str, Any]:
    turn = {"turn_id": turn_id, "say": f"[The] king, {turn_id}.", "degraded": None}
    return {
        "item": {"turn_id": turn_id, "npc": "mira", "rules": ["reported"], "groundedness": 0.25},
        "spoken": {
            "message": "Who rules?",
            "turn": turn | changes,
            "passages": [{"title": "King", "text": "He rules."}],
        },
        "ratings": [{"rating": {"score": 1, "reasons": ["wrong"], "comment": "", "correction": "The queen."}}],
    }


def queue(stage: Stage, *turns: dict[str, Any]) -> None:
    """A queue that a review takes a turn off."""
    left = {turn["item"]["turn_id"]: turn for turn in turns}

    def reviewed(turn_id: str) -> Callable[[httpx.Request], Any]:
        return lambda _: left.pop(turn_id) and httpx.Response(200, json={"turn_id": turn_id, "done": True})

    stage.answers[f"GET {REVIEWS}"] = lambda _: httpx.Response(
        200, json={"reviews": list(left.values())[:1], "more": len(left) > 1}
    )
    for turn_id in left:
        stage.answers[f"POST {REVIEWS}/{turn_id}"] = reviewed(turn_id)


@pytest.fixture
def typing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line while somebody types these lines."""

    def run(*arguments: str, lines: tuple[str, ...] = ()) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return stage.npc(*arguments)

    return run


def sent(stage: Stage) -> list[tuple[str, Any]]:
    """What was written, as (path, body)."""
    return [
        (request.url.path, json.loads(request.content))
        for request in stage.requests
        if request.method in ("POST", "PUT")
    ]


def test_a_rating_is_sent_for_the_player_whose_turn_it_is(stage: Stage) -> None:
    stage.answers[f"POST {RATING}"] = {"turn_id": "t1", "queued": True, "correction": "c1"}
    ran = stage.npc("rate", "t1", "2", "--player", "ann", "--reason", "wrong", "--correction", "The queen.", "--report")
    assert ran.out == "rated 2; reviewers will see it; correction c1 proposed\n"
    assert stage.requests[0].headers["X-Player"] == "ann"
    assert stage.sent() == {
        "score": 2,
        "reasons": ["wrong"],
        "comment": "",
        "correction": "The queen.",
        "report": True,
    }
    stage.answers[f"POST {RATING}"] = {"turn_id": "t1", "queued": False, "correction": None}
    assert stage.npc("rate", "t1", "5").out == "rated 5\n"


def test_a_player_rates_as_the_token_says(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPCOPS_TOKEN", token("player"))
    stage.answers[f"POST {RATING}"] = {"turn_id": "t1", "queued": False, "correction": None}
    assert stage.npc("rate", "t1", "5").code == 0
    assert "X-Player" not in stage.requests[0].headers


@pytest.mark.parametrize("score", ["0", "6", "good"])
def test_a_score_that_is_none_is_not_sent(stage: Stage, score: str) -> None:
    assert stage.npc("rate", "t1", score).code == 2
    assert stage.requests == []


def test_a_turn_that_is_gone_is_said(stage: Stage) -> None:
    stage.answers[f"POST {RATING}"] = problem(404, "Not found", "This player has no such turn.")
    assert "This player has no such turn." in stage.npc("rate", "t1", "3").err


def test_turns_are_shown_and_reviewed_one_by_one(stage: Stage, typing: Run) -> None:
    degraded = {"answer": "authored-line", "why": ["leak"]}
    queue(stage, waiting("t1"), waiting("t2", degraded=degraded))
    ran = typing("review", lines=("2", "wrong, nonsense", "wrong made-up", "The queen.", "", "5", "Fine."))
    assert ran.code == 0
    assert sent(stage) == [
        (
            f"{REVIEWS}/t1",
            {"score": 2, "reasons": ["wrong", "made-up"], "correction": "The queen.", "comment": ""},
        ),
        (f"{REVIEWS}/t2", {"score": 5, "comment": "Fine."}),
    ]
    for text in (
        "reported, groundedness 0.25",
        "Who rules?",
        "[The] king, t1.",
        "King: He rules.",
        "1; wrong; The queen.",
    ):
        assert text in ran.out
    assert "authored-line: leak" in ran.out
    assert "there is no nonsense" in ran.out
    assert ran.out.endswith("2 reviewed\n")


def test_turns_can_be_left_to_others(stage: Stage, typing: Run) -> None:
    stage.answers[f"GET {REVIEWS}"] = {"reviews": [waiting("t1"), waiting("t2"), waiting("t3")], "more": False}
    ran = typing("review", "--npc", "mira", lines=("s", "q"))
    assert (ran.code, sent(stage)) == (0, [])
    assert stage.requests[0].url.params["npc"] == "mira"
    assert "t3" not in ran.out
    assert typing("review", lines=("s", "s", "s")).out.endswith("0 reviewed\n")


def test_an_empty_queue_asks_nothing(stage: Stage, typing: Run) -> None:
    stage.answers[f"GET {REVIEWS}"] = {"reviews": [], "more": False}
    assert typing("review").out == "0 reviewed\n"


def test_a_page_without_turns_is_not_the_end_where_there_is_more(stage: Stage, typing: Run) -> None:
    """The words of all that came up were gone."""
    pages = [{"reviews": [], "more": True}, {"reviews": [waiting("t1")], "more": False}]
    stage.answers[f"GET {REVIEWS}"] = lambda _: httpx.Response(200, json=pages.pop(0))
    assert "Who rules?" in typing("review", lines=("q",)).out


def test_what_a_player_writes_says_nothing_to_the_terminal(stage: Stage, typing: Run) -> None:
    stage.answers[f"GET {REVIEWS}"] = {
        "reviews": [waiting("t1", say="Hi\x1b[2J\x1b]0;x\x07\u202etxt\nthere")],
        "more": False,
    }
    shown = typing("review", lines=("q",)).out
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "Hi\\x1b[2J" in shown


def test_with_json_the_queue_is_listed(stage: Stage, typing: Run) -> None:
    stage.answers[f"GET {REVIEWS}"] = {"reviews": [waiting("t1")], "more": False}
    assert typing("review", "--json").data["reviews"][0]["item"]["turn_id"] == "t1"
    assert sent(stage) == []


PREFERENCES = {
    "cases": 2,
    "candidate": 1,
    "baseline": 0,
    "neither": 1,
    "share": 0.75,
    "low": 0.2,
    "high": 0.97,
    "agreement": {"value": 0.5, "raters": 2},
}


def pairs(stage: Stage) -> None:
    """Two pairs, one after the other."""
    shown = [
        {"case": case, "npc": "mira", "messages": ["Who?"], "first": "The king.", "second": "A [miller].", "left": 1}
        for case in ("k/m-1", "k/m-2")
    ]
    rest = iter([shown[1], None])
    stage.answers[f"GET {EVALUATION}/pairs/next"] = {"pair": shown[0]}
    stage.answers[f"POST {EVALUATION}/pairs"] = lambda _: httpx.Response(200, json={"pair": next(rest)})
    stage.answers[f"GET {EVALUATION}/preferences"] = PREFERENCES


def test_pairs_are_compared_until_there_is_none(stage: Stage, typing: Run) -> None:
    pairs(stage)
    ran = typing("compare", "e1", lines=("2", "="))
    assert [body for _, body in sent(stage)] == [
        {"case": "k/m-1", "choice": "second"},
        {"case": "k/m-2", "choice": "neither"},
    ]
    assert "A [miller]." in ran.out
    assert (
        "candidate 1, baseline 0, neither 1 over 2 cases: share of the candidate 0.75 (0.20 to 0.97 at 95 %)" in ran.out
    )
    assert "2 raters (Krippendorff's alpha): 0.50" in ran.out


def test_a_comparison_can_be_left_off(stage: Stage, typing: Run) -> None:
    pairs(stage)
    stage.answers[f"GET {EVALUATION}/preferences"] = PREFERENCES | {"cases": 0}
    ran = typing("compare", "e1", lines=("q",))
    assert (ran.code, sent(stage)) == (0, [])
    assert "nothing was compared yet" in ran.out


def test_the_last_evaluation_is_meant_by_last(stage: Stage, typing: Run) -> None:
    pairs(stage)
    stage.answers["GET /dev/v1/evaluations"] = {"evaluations": [{"id": "e1"}]}
    assert typing("compare", "last", "--json").data == PREFERENCES
    stage.answers["GET /dev/v1/evaluations"] = {"evaluations": []}
    assert "there is no evaluation yet" in typing("compare", "last").err
