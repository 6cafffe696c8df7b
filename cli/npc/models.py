"""`npc model`: versions of the title's tuned model, who decides on them, and by which of them players are answered."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc import promotion_run
from npc.client import Api
from npc.errors import CliError, NotReachable
from npc.output import note, show, table
from npc.session import Session, of

commands = typer.Typer(no_args_is_help=True, help="Tuned models: decide on them, give them to players, take them back.")
Version = Annotated[int, typer.Argument(min=1, help="The version's number (see `npc model ls`).")]
Why = Annotated[str, typer.Option(help="Why.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is done.")]
NONE = "no model is registered yet: `npc tune FILE` makes one"
FIGURES = {"better": "better", "passes": "pass_rate", "before": "baseline_pass_rate"}


@commands.command("ls")
def list_models(context: typer.Context) -> None:
    """List all versions, newest first, and who is answered by which."""
    session = of(context)
    found = listing(session.api())
    columns = ("version", "approval", "throughput", "used as", "players", "for", *FIGURES)
    rows = [
        [
            *(one["version"], APPROVALS.get(one["approval"], one["approval"]), one["readiness"]),
            *(", ".join(one["roles"]), f"{one['percent']} %" if one["percent"] else "", _npcs(one)),
            *(_figure(one, name) for name in FIGURES.values()),
        ]
        for one in found["models"]
    ]

    # Sentences, for which a table of many columns has no room.
    reasons = [(one["version"], one["why"]) for one in found["models"] if one["why"]]

    def for_people(console: Console) -> None:
        console.print(table(columns, rows) if rows else escape(NONE))
        if reasons:
            console.print()
            console.print(table(("version", "why"), reasons))
        if rows and not found["promoted"]["current"]:
            console.print(f"\nPlayers are answered by {promotion_run.STAGE_MODEL}.")

    show(session.as_json, found, for_people)


APPROVALS = {"PendingManualApproval": "waits", "Approved": "approved", "Rejected": "rejected"}


@commands.command("show")
def show_model(context: typer.Context, version: Version) -> None:
    """Show one version: what it is, what its evaluation showed, and what happened to it."""
    session = of(context)
    found = listing(session.api())
    one = _version(found, version)
    moves = [move for move in found["moves"] if version in (move["version"], move["before"])]

    def for_people(console: Console) -> None:
        plain = ("model", "family", "deployment", "readiness", "tuning", "evaluation", "created_at", "why")
        told = [("version", one["version"]), ("approval", one["approval"]), ("for", _npcs(one))]
        told += [(name, one[name]) for name in plain if one[name]]
        told += [(name.replace("_", " "), value) for name, value in sorted(one["figures"].items())]
        console.print(table(("", ""), told))
        if moves:
            console.print()
            console.print(table(("at", "what", "version", "before", "by", "gate", "why"), map(_move, moves)))

    show(session.as_json, one | {"moves": moves}, for_people)


@commands.command()
def approve(context: typer.Context, version: Version, why: Why = "", wait: Wait = True) -> None:
    """Approve a version: it is asked something, and if it answers becomes the candidate for promotion."""
    session = of(context)
    api = session.api()
    before = _version(listing(api), version)
    answer = _decide(api, version, approve=True, why=why)
    if wait:
        answer = promotion_run.checked(api, version, before["why"])
    show(session.as_json, answer, lambda console: console.print(promotion_run.told_of_approval(answer), soft_wrap=True))
    if wait and answer["approval"] != "Approved":
        raise CliError(f"version {version} was not approved: {answer['why']}")


@commands.command()
def reject(context: typer.Context, version: Version, why: Why = "") -> None:
    """Reject a version; its throughput is given back, the model itself is kept."""
    session = of(context)
    answer = _decide(session.api(), version, approve=False, why=why)
    show(session.as_json, answer, lambda console: console.print(f"version {version} is rejected"))


@commands.command()
def promote(
    context: typer.Context,
    version: Annotated[int | None, typer.Argument(min=1, help="Default: the candidate.")] = None,
    percent: Annotated[list[int] | None, typer.Option(min=1, max=100, help="May be repeated; 100 comes last.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="How long each percent is watched.")] = None,
    override: Annotated[str | None, typer.Option(help="Why, although the canon gate refuses.")] = None,
    wait: Wait = True,
) -> None:
    """Give an approved version to players, percent by percent; it goes back by itself if it is worse."""
    session = of(context)
    api = session.api()
    chosen = version or _candidate(listing(api))
    percents = [*dict.fromkeys([*sorted(percent), 100])] if percent else None
    given = {"percents": percents, "minutes": minutes, "override": override}
    body = {name: value for name, value in given.items() if value is not None}
    started = api.call("POST", f"/v1/models/{chosen}/promotion", body=body)
    if not wait:
        show(session.as_json, started, lambda console: console.print(promotion_run.told_of_start(started)))
        return
    note(promotion_run.told_of_start(started))
    _follow(session, api, started)


@commands.command()
def rollback(
    context: typer.Context,
    version: Annotated[int | None, typer.Option(min=1, help="Only if this one is (being) promoted.")] = None,
    why: Why = "",
) -> None:
    """Go back to what players had before, at once; also while traffic is being shifted."""
    session = of(context)
    body = {"why": why} | ({"version": version} if version else {})
    answer = session.api().call("POST", "/v1/models/rollback", body=body)
    told = f"version {answer['version']} is taken back; players are answered by {promotion_run.named(answer['to'])}"
    show(session.as_json, answer, lambda console: console.print(told, soft_wrap=True))


def listing(api: Api) -> dict[str, Any]:
    """All versions, and who is answered by which."""
    found: dict[str, Any] = api.call("GET", "/v1/models")
    return found


def _follow(session: Session, api: Api, started: dict[str, Any]) -> None:
    try:
        move = promotion_run.follow(api, started["promotion"])
    except (NotReachable, KeyboardInterrupt):
        note("it goes on: see `npc model ls`; to take it back at once, `npc model rollback`")
        raise
    ours = move["id"] == started["promotion"]
    show(session.as_json, move, lambda console: console.print(promotion_run.told_of_end(move), soft_wrap=True))
    if not ours or move["kind"] != "promoted":
        raise CliError(f"version {started['version']} is not promoted: {move['why'] or move['kind']}")


def _decide(api: Api, version: int, approve: bool, why: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.call("POST", f"/v1/models/{version}/decision", body={"approve": approve, "why": why})
    return answer


def _version(found: dict[str, Any], version: int) -> dict[str, Any]:
    for one in found["models"]:
        if one["version"] == version:
            return dict(one)
    raise CliError(f"there is no version {version}" if found["models"] else NONE)


def _candidate(found: dict[str, Any]) -> int:
    for one in found["models"]:
        if "candidate" in one["roles"]:
            return int(one["version"])
    raise CliError("no version waits to be promoted: approve one first (`npc model approve VERSION`)")


def _npcs(one: dict[str, Any]) -> str:
    return ", ".join(one["npcs"]) or "all"


def _figure(one: dict[str, Any], name: str) -> str:
    value = str(one["figures"].get(name, ""))
    if name.endswith("_rate") and value:
        return f"{100 * float(value):.1f} %"
    return value.replace("-", " ")


def _move(move: dict[str, Any]) -> list[Any]:
    return [
        *(move["at"][:16].replace("T", " "), move["kind"], move["version"], move["before"]),
        *(move["by"], move["gate"], move["why"]),
    ]
