"""`npc rate`, `npc review` and `npc compare`: what people think of turns and of two versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import click
import typer
from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.evaluations import known_id
from npc.output import people, show, table
from npc.session import of
from npc.stages import DEFAULT_PLAYER

REASONS = (
    "wrong",
    "out-of-character",
    "spoiler",
    "made-up",
    "unhelpful",
    "refused",
    "offensive",
    "language",
    "repetitive",
    "other",
)
Reasons = Annotated[list[str] | None, typer.Option("--reason", help=f"May be repeated: {', '.join(REASONS)}.")]
SKIP, QUIT, SAME = "s", "q", "="
SIDES = {"1": "first", "2": "second", SAME: "neither"}


def rate(
    context: typer.Context,
    turn: Annotated[str, typer.Argument(help="The turn's id.")],
    score: Annotated[int, typer.Argument(min=1, max=5, help="1 (bad) to 5 (good).")],
    player: Annotated[str, typer.Option(envvar="NPCOPS_PLAYER", help="Whose turn it is.")] = DEFAULT_PLAYER,
    reason: Reasons = None,
    comment: Annotated[str, typer.Option(help="In your own words.")] = "",
    correction: Annotated[str, typer.Option(help="What should have been said.")] = "",
    report: Annotated[bool, typer.Option("--report", help="Somebody must look at it.")] = False,
) -> None:
    """Rate a turn. 1, 2 and reports bring it before reviewers."""
    session = of(context)
    api, named = session.speaker(player)
    body = {"score": score, "reasons": reason or [], "comment": comment, "correction": correction, "report": report}
    answer = api.call("POST", f"/v1/turns/{segment(turn)}/rating", body=body, headers=named)
    told = [f"rated {score}"]
    told += ["reviewers will see it"] if answer["queued"] else []
    told += [f"correction {answer['correction']} proposed"] if answer["correction"] else []
    show(session.as_json, answer, lambda console: console.print(escape("; ".join(told))))


def review(
    context: typer.Context, npc: Annotated[str, typer.Option("--npc", help="Only turns of this NPC.")] = ""
) -> None:
    """Look at turns that wait for a reviewer, one by one; with --json, list them."""
    session = of(context)
    api = session.api()
    if session.as_json:
        show(True, api.call("GET", "/v1/reviews", params={"npc": npc}), lambda _: None)
        return
    done = 0
    for found in _waiting(api, npc):
        _print_turn(people, found)
        rating = _asked_rating()
        if rating is None:
            break
        if rating:
            api.call("POST", f"/v1/reviews/{segment(found['item']['turn_id'])}", body=rating)
            done += 1
    people.print(f"{done} reviewed")


def compare(
    context: typer.Context, evaluation: Annotated[str, typer.Argument(help="The evaluation's id, or `last`.")]
) -> None:
    """Say which of two answers is better, without knowing whose they are; with --json, print what came of it."""
    session = of(context)
    api = session.api()
    place = f"/v1/evaluations/{segment(known_id(session, evaluation))}"
    if not session.as_json:
        pair = api.call("GET", f"{place}/pairs/next")["pair"]
        while pair:
            _print_pair(people, pair)
            choice = click.prompt("better", type=click.Choice([*SIDES, QUIT]), prompt_suffix=": ")
            if choice == QUIT:
                break
            pair = api.call("POST", f"{place}/pairs", body={"case": pair["case"], "choice": SIDES[choice]})["pair"]
    found = api.call("GET", f"{place}/preferences")
    show(session.as_json, found, lambda console: _print_preferences(console, found))


def _waiting(api: Api, npc: str) -> Iterator[dict[str, Any]]:
    """Each turn that waits once, page by page; those that were left out come last, and end it."""
    seen: set[str] = set()
    while True:
        answer = api.call("GET", "/v1/reviews", params={"npc": npc})
        new = [found for found in answer["reviews"] if found["item"]["turn_id"] not in seen]
        # An empty page of more: what came up had no words any more, and is forgotten now.
        if not new and (answer["reviews"] or not answer["more"]):
            return
        for found in new:
            seen.add(found["item"]["turn_id"])
            yield found


def _asked_rating() -> dict[str, Any] | None:
    """A rating, an empty one to leave the turn to others, None to end."""
    score = click.prompt(f"score 1 (bad) to 5 (good), {SKIP}kip, {QUIT}uit", type=click.Choice([*"12345", SKIP, QUIT]))
    if score in (SKIP, QUIT):
        return {} if score == SKIP else None
    rating: dict[str, Any] = {"score": int(score)}
    if score != "5":
        rating["reasons"] = _asked_reasons()
        rating["correction"] = click.prompt("what should have been said", default="", show_default=False)
    rating["comment"] = click.prompt("comment", default="", show_default=False)
    return rating


def _asked_reasons() -> list[str]:
    while True:
        given = str(click.prompt(f"why ({', '.join(REASONS)})", default="", show_default=False))
        reasons = given.replace(",", " ").split()
        if set(reasons) <= set(REASONS):
            return reasons
        people.print(escape(f"there is no {', '.join(sorted(set(reasons) - set(REASONS)))}"))


def _print_turn(console: Console, found: dict[str, Any]) -> None:
    item, spoken = found["item"], found["spoken"]
    turn = spoken["turn"]
    measured = "" if item["groundedness"] is None else f", groundedness {item['groundedness']:.2f}"
    console.rule(escape(f"{item['npc']}: {', '.join(item['rules'])}{measured}"))
    rows = [("player", spoken["message"]), (item["npc"], turn["say"])]
    if degraded := turn["degraded"]:
        rows.append(("degraded", f"{degraded['answer']}: {', '.join(degraded['why'])}"))
    rows += [("cites", f"{passage['title']}: {passage['text']}") for passage in spoken["passages"]]
    for given in found["ratings"]:
        rating = given["rating"]
        words = [str(rating["score"]), *rating["reasons"], rating["comment"], rating["correction"]]
        rows.append(("rated", "; ".join(word for word in words if word)))
    console.print(table(("", ""), rows))


def _print_pair(console: Console, pair: dict[str, Any]) -> None:
    console.rule(escape(f"{pair['npc']}, {pair['left']} left"))
    rows = [("player", message) for message in pair["messages"]]
    console.print(table(("", ""), [*rows, ("1", pair["first"]), ("2", pair["second"])]))


def _print_preferences(console: Console, found: dict[str, Any]) -> None:
    if not found["cases"]:
        console.print("nothing was compared yet")
        return
    console.print(
        f"candidate {found['candidate']}, baseline {found['baseline']}, neither {found['neither']} over "
        f"{found['cases']} cases: share of the candidate {found['share']:.2f} "
        f"({found['low']:.2f} to {found['high']:.2f} at 95 %)",
        soft_wrap=True,
    )
    agreement = found["agreement"]
    if agreement["value"] is not None:
        console.print(f"agreement of {agreement['raters']} raters (Krippendorff's alpha): {agreement['value']:.2f}")
