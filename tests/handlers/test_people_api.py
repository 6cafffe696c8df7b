"""Ratings, reviews, corrections, comparisons and judgements, through the functions' own handlers."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from npcops import bootstrap, bootstrap_people
from npcops.errors import ModelUnavailable
from npcops.lore import OPEN, Chunk, IndexedChunk, chunk_id
from tests.calls import answered, call, logged, refused, sample
from tests.compared import Compared
from tests.fakes import ScriptedChat, WordEmbeddings
from tests.handlers.conftest import Load
from tests.publishing import publish
from tests.resources import Resources

CANARY = "zanzibar-quince"
JUDGE = {
    "name": "judge",
    "system": "Judge for {{ title.name }}.",
    "context": "{{ rubric.question }} {{ question }} {{ reply }} {% for p in lore %}{{ p.text }}{% endfor %}",
    "variables": ["title", "rubric", "question", "reply", "lore"],
}


def speak(load: Load, title: str, player: str = "ann", message: str = "Who rules?", **body: Any) -> str:
    """A turn of Mira's; its id."""
    event = call("converse", title, npc="mira", subject=player, scopes="player", body={"message": message, **body})
    return str(answered(load("converse")(event))["turn_id"])


def rate(load: Load, title: str, turn: str, subject: str = "ann", **body: Any) -> dict[str, Any]:
    event = call("rate_turn", title, subject=subject, turn=turn, body={"score": 3, **body})
    return dict(load("rate_turn")(event))


def waiting(load: Load, title: str, **query: str) -> list[dict[str, Any]]:
    return list(answered(load("list_reviews")(call("list_reviews", title, query=query)))["reviews"])


def test_a_player_rates_a_turn_and_a_reviewer_sees_it(load: Load, title: str, mira: str) -> None:
    turn = speak(load, title)
    rated = answered(rate(load, title, turn, score=1, reasons=["wrong"], correction="The old king."))
    assert rated["queued"] is True
    (review,) = waiting(load, title)
    assert (review["item"]["rules"], review["spoken"]["message"]) == (["rated-low"], "Who rules?")
    assert review["spoken"]["turn"]["say"] == "Well met."
    assert review["ratings"][0]["rating"]["correction"] == "The old king."
    assert waiting(load, title, npc="otto") == []
    reviewed = answered(load("review_turn")(call("review_turn", title, turn=turn, body={"score": 2})))
    assert reviewed == {"turn_id": turn, "done": True, "correction": None}
    assert waiting(load, title) == []


def test_a_player_rates_their_own_turns_alone(load: Load, title: str, mira: str) -> None:
    turn = speak(load, title)
    refused(rate(load, title, turn, "bob"), 404, "not-found")
    named = call("rate_turn", title, subject="bob", turn=turn, headers={"X-Player": "ann"}, body={"score": 1})
    refused(load("rate_turn")(named), 403, "forbidden")
    server = call("rate_turn", title, scopes="server", subject="game", turn=turn, headers={"X-Player": "ann"})
    assert answered(load("rate_turn")(server))["queued"] is True
    for broken in (
        {"score": 0},
        {"score": 6},
        {},
        {"score": 3, "reasons": ["ugly"]},
        {"score": 3, "comment": "x" * 501},
    ):
        event = call("rate_turn", title, subject="ann", turn=turn, body=broken)
        refused(load("rate_turn")(event), 400, "invalid-request")


def test_reviews_are_for_the_studio(load: Load, title: str) -> None:
    for operation, body in (("list_reviews", None), ("review_turn", {"score": 1}), ("list_corrections", None)):
        for scope in ("player", "server"):
            refused(load(operation)(call(operation, title, scopes=scope, body=body)), 403, "forbidden")


def test_turns_that_no_model_answered_are_kept_too(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    chat.answers = [ModelUnavailable("Busy.")]
    turn = speak(load, title)
    assert answered(rate(load, title, turn, score=1))["queued"] is True
    (review,) = waiting(load, title)
    assert review["spoken"]["turn"]["degraded"]["answer"] == "authored-line"


def test_where_turns_are_not_kept_nothing_can_be_rated(
    load: Load, title: str, mira: str, stage: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOKEN_TURN_DAYS", "0")
    turn = speak(load, title, message=CANARY)
    refused(rate(load, title, turn), 404, "not-found")
    assert load("sample_turn")(announced(stage)) == {"batchItemFailures": []}
    kept = [item["sk"]["S"].split("#")[0] for item in stage.items("players", pk=f"{title}#ann")]
    assert sorted(kept) == ["talk", "turn"]


def announced(stage: Resources) -> dict[str, Any]:
    """What the queue has of all turns that were announced since this was last asked."""
    (record,) = sample("sqs_turn_spoken")["Records"]
    return {
        "Records": [
            {**record, "messageId": str(number), "body": json.dumps(event)}
            for number, event in enumerate(stage.published())
        ]
    }


def test_turns_are_sampled_from_the_queue(
    load: Load, title: str, mira: str, chat: ScriptedChat, stage: Resources, embeddings: WordEmbeddings
) -> None:
    """A degraded one, and one whose answer has nothing of what it cites; an event delivered again changes nothing."""
    chat.answers = [ModelUnavailable("Busy.")]
    degraded = speak(load, title)
    text = "The mill of the old king burns every winter."
    identity = chunk_id("mill.md", "mill.md", (), text, OPEN, canon=True)
    chunk = Chunk(identity, "mill.md", "mill.md", (), text, 0, OPEN)
    (vector,) = embeddings.embed_queries([chunk.search_text])
    store = bootstrap.vector_store()
    store.stage(title, [IndexedChunk(chunk, vector)])
    store.commit(title, "mill.md", [identity])
    chat.answers = [{"say": "Queen Isolde sold 900 camels in Cairo.", "citations": [identity]}]
    ungrounded = speak(load, title, message="What of the mill?")
    chat.answers = [{"say": "The mill of the old king burns every winter.", "citations": [identity]}]
    speak(load, title, message="And the mill?", save="other")
    event = announced(stage)
    for _ in range(2):
        assert load("sample_turn")(event) == {"batchItemFailures": []}
    found = {review["item"]["turn_id"]: review["item"]["rules"] for review in waiting(load, title)}
    assert found == {degraded: ["degraded"], ungrounded: ["ungrounded"]}


def test_a_turn_that_cannot_be_sampled_is_delivered_again_and_the_others_are_not(
    load: Load, title: str, mira: str, stage: Resources, chat: ScriptedChat
) -> None:
    chat.answers = [ModelUnavailable("Busy.")]
    speak(load, title)
    event = announced(stage)
    broken = {**event["Records"][0], "messageId": "broken", "body": "{}"}
    failures = load("sample_turn")({"Records": [broken, *event["Records"]]})["batchItemFailures"]
    assert [failure["itemIdentifier"] for failure in failures] == ["broken"]
    assert len(waiting(load, title)) == 1


def test_an_erasure_takes_turns_ratings_and_the_queue(load: Load, title: str, mira: str, stage: Resources) -> None:
    rate(load, title, speak(load, title, message=CANARY), score=1, comment=CANARY)
    rate(load, title, speak(load, title, "bob"), "bob", score=1)
    removed = answered(load("erase_player")(call("erase_player", title, player="ann")))["removed"]
    assert removed == {"turns": 1, "spoken": 1, "ratings": 1, "reviews": 1}
    assert [review["item"]["player"] for review in waiting(load, title)] == ["bob"]
    left = [stage.items("players", pk=f"{title}#ann"), stage.items("reviews", pk=f"{title}#reviews")]
    assert CANARY not in str(left)
    assert "'ann'" not in str(left)


def test_an_accepted_correction_becomes_a_case(load: Load, title: str, mira: str) -> None:
    bootstrap.catalog().put(title, "suites", "kings", {"name": "kings", "cases": []}, "writer", "")
    rate(load, title, speak(load, title), correction="The old king.")
    (listed,) = answered(load("list_corrections")(call("list_corrections", title, query={})))["corrections"]
    decision = {"accept": True, "suite": "kings", "case": "who-rules", "training": True}
    decide = call("decide_correction", title, correction=listed["id"], body=decision)
    decided = answered(load("decide_correction")(decide))
    assert decided["correction"]["case"]["id"] == "who-rules"
    content, version = bootstrap.catalog().get(title, "suites", "kings", "latest")
    assert (version, content["cases"][0]["id"]) == (decided["suite_version"], "who-rules")
    query = {"state": "accepted"}
    (accepted,) = answered(load("list_corrections")(call("list_corrections", title, query=query)))["corrections"]
    assert (accepted["training"], accepted["decided_by"]) == (True, "ada")
    refused(load("decide_correction")(call("decide_correction", title, correction="x" * 9)), 404, "not-found")
    other = call("decide_correction", title, correction=listed["id"], body={"accept": False})
    refused(load("decide_correction")(other), 409, "conflict")


def test_two_versions_are_compared_blindly(load: Load, title: str, stage: Resources) -> None:
    Compared(stage, title, cases=2)
    pair = answered(load("next_pair")(call("next_pair", title, evaluation="e1")))["pair"]
    while pair:
        body = {"case": pair["case"], "choice": "first" if pair["first"].startswith("candidate") else "second"}
        pair = answered(load("prefer_answer")(call("prefer_answer", title, evaluation="e1", body=body)))["pair"]
    found = answered(load("get_preferences")(call("get_preferences", title, evaluation="e1")))
    assert (found["candidate"], found["baseline"], found["cases"]) == (2, 0, 2)
    refused(load("next_pair")(call("next_pair", title, evaluation="e9")), 404, "not-found")


def test_a_judge_is_compared_with_people(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    catalog = bootstrap.catalog()
    publish(catalog, title, "prompts", "judge", JUDGE)
    publish(catalog, title, "rubrics", "persona", {"name": "persona", "question": "Is it in character?"})
    chat.answers = [lambda prompt: {"verdict": CANARY not in prompt.context, "why": "So."}]
    answers = [
        {"id": "a1", "npc": mira, "player": "Who?", "reply": "Mira.", "verdict": True},
        {"id": "a2", "npc": mira, "player": "Who?", "reply": CANARY, "verdict": False},
        {"id": "a3", "npc": mira, "player": "Who?", "reply": "Me.", "verdict": False},
    ]
    put = load("put_judgements")
    found = answered(put(call("put_judgements", title, rubric="persona", body={"answers": answers})))
    assert (found["answers"], found["left"], [one["id"] for one in found["differing"]]) == (3, 0, ["a3"])
    assert found["judge"]["model"] == "stage-model"
    reviewers, judge = answered(load("get_agreement")(call("get_agreement", title)))["agreements"]
    assert (reviewers["measure"], reviewers["value"]) == ("alpha", None)
    assert judge == found["agreement"]
    refused(put(call("put_judgements", title, rubric="nothing", body={"answers": answers})), 404, "not-found")
    many = [{**answers[0], "id": f"a{number}"} for number in range(21)]
    refused(put(call("put_judgements", title, rubric="persona", body={"answers": many})), 400, "invalid-request")


def test_a_judge_without_time_leaves_answers_for_the_next_call(
    load: Load, title: str, mira: str, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bootstrap.catalog(), title, "prompts", "judge", JUDGE)
    publish(bootstrap.catalog(), title, "rubrics", "persona", {"name": "persona", "question": "Is it?"})
    monkeypatch.setattr("tests.calls.Context.get_remaining_time_in_millis", lambda _: 9_000)
    answer = {"id": "a1", "npc": mira, "player": "Who?", "reply": "Mira.", "verdict": True}
    call_of = call("put_judgements", title, rubric="persona", body={"answers": [answer]})
    found = answered(load("put_judgements")(call_of))
    assert (found["left"], found["agreement"]["items"]) == (1, 0)
    assert chat.prompts == []
    assert bootstrap_people.show_agreement()(title).agreements[1:] == ()


def test_defect_09_no_words_of_players_or_raters_in_logs(
    load: Load,
    title: str,
    mira: str,
    chat: ScriptedChat,
    stage: Resources,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    bootstrap.catalog().put(title, "suites", "kings", {"name": "kings", "cases": []}, "writer", "")
    chat.answers = [{"say": f"You said {CANARY}."}]
    with logged() as log:
        turn = speak(load, title, message=f"I am {CANARY}.")
        rated = answered(rate(load, title, turn, score=1, comment=CANARY, correction=f"Hello {CANARY}."))
        rate(load, title, turn, score=9, comment=CANARY)
        rate(load, title, "0" * 22, comment=CANARY)
        waiting(load, title)
        load("sample_turn")(announced(stage))
        load("review_turn")(call("review_turn", title, turn=turn, body={"score": 1, "comment": CANARY}))
        load("list_corrections")(call("list_corrections", title))
        for body in ({"accept": True, "suite": "kings", "why": CANARY}, {"accept": True, CANARY: 1}, CANARY):
            load("decide_correction")(call("decide_correction", title, correction=rated["correction"], body=body))
        broken = {**announced(stage), "Records": [{"messageId": "1", "body": json.dumps({"detail": CANARY})}]}
        load("sample_turn")(broken)
    written = (log.getvalue(), caplog.text, *capsys.readouterr())
    assert "turn rated" in written[0]
    assert "correction decided" in written[0]
    assert not [text for text in written if CANARY in text]
