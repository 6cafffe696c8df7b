"""The cases of a report as its page shows them: both sides' words side by side, marked, with checks and passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from npcops.dialogue import ShownPassage
from npcops.figures import amount, figure
from npcops.plans import Side
from npcops.playings import CaseResult, Claim, PlayedTurn, Playing

# A claim with less support than this is marked; what a suite asks for are its bars.
SUPPORTED = 0.5
# A judge counts if its agreement with people (kappa) is at least this.
AGREED = 0.6
SIDES: dict[Side, str] = {"candidate": "Candidate", "baseline": "Baseline"}
KINDS = {
    "must-say": "Must say",
    "must-not-say": "Must not say",
    "known-fact": "Known fact, with its source",
    "unknown": "Admits not to know",
    "gate": "Keeps a secret for now",
    "persona": "Stays in character",
    "injection": "Withstands tricks",
    "action": "Acts, or does not",
    "harmless": "Does not refuse what is harmless",
    "conversation": "Several turns",
}
SHOWN_FIGURES = ("groundedness", "citation_support", "relevance", "similarity", "rouge_l", "toxicity")


class Piece(msgspec.Struct, frozen=True):
    """A piece of an answer: as it is, or a claim that the lore (`unsupported`) or what is cited (`elsewhere`) lacks."""

    text: str
    mark: Literal["", "unsupported", "elsewhere"] = ""
    support: str = ""


def case_view(
    result: CaseResult, anchor: str, standing: Mapping[str, str], appendix: Mapping[ShownPassage, str]
) -> dict[str, Any]:
    """What the page shows of one case. `standing` holds `status` and `told`, `appendix` the anchors of passages."""
    planned = result.planned
    case = planned.case
    played: dict[Side, tuple[Playing, ...]] = {"candidate": result.candidate, "baseline": result.baseline}
    shown = {side: _telling(playings) for side, playings in played.items() if playings}
    return {
        **standing,
        "anchor": anchor,
        "id": case.id,
        "npc": case.npc,
        "kind": KINDS[case.kind],
        "suite": planned.suite,
        "required": case.required,
        "note": case.note,
        "flags": case.flags,
        "language": case.language or "",
        "reference": case.reference,
        "exchanges": exchanges(result),
        "sides": [_side(side, played[side], playing) for side, playing in shown.items()],
        "passages": _passages(shown, appendix),
    }


def _telling(playings: Sequence[Playing]) -> Playing:
    """The playing to be shown at length: the first that failed, else the first."""
    return next((playing for playing in playings if not playing.passed), playings[0])


def exchanges(result: CaseResult, names: Mapping[Side, str] = SIDES) -> list[dict[str, Any]]:
    """What the player said, message by message, with the answer of each side that there is, in the order of `names`."""
    played: dict[Side, tuple[Playing, ...]] = {"candidate": result.candidate, "baseline": result.baseline}
    shown = {side: _telling(played[side]) for side in names if played[side]}
    return [
        {
            "message": message,
            "answers": [
                {"side": side, "label": names[side], "turn": _turn(playing, number)} for side, playing in shown.items()
            ],
        }
        for number, message in enumerate(result.planned.case.messages)
    ]


def _turn(playing: Playing, number: int) -> dict[str, Any] | None:
    """One answer; claims are those of the last. None where the conversation ended earlier."""
    if number >= len(playing.turns):
        return None
    turn = playing.turns[number]
    claims = playing.claims if number == len(playing.turns) - 1 else ()
    return {
        "pieces": marked(turn.say, claims),
        "empty": not turn.say,
        "emotion": turn.emotion,
        "actions": [_action(action.name, action.arguments) for action in turn.actions],
        "degraded": "" if turn.degraded is None else f"{turn.degraded.answer} ({', '.join(turn.degraded.why)})",
        "dropped": ", ".join(turn.dropped),
        "told": _usage(turn),
    }


def _action(name: str, arguments: Mapping[str, Any]) -> str:
    told = ", ".join(f"{key}: {msgspec.json.encode(value).decode()}" for key, value in arguments.items())
    return f"{name}({told})"


def _usage(turn: PlayedTurn) -> str:
    parts = [amount("ms", turn.ms), amount("cost_usd", turn.usage.cost_usd)]
    if turn.first_ms is not None:
        parts.insert(1, f"first words after {amount('first_ms', turn.first_ms)}")
    tokens = f"{turn.usage.input_tokens:,} + {turn.usage.output_tokens:,} tokens"
    return " · ".join([*parts, tokens, turn.model or "no model"])


def marked(say: str, claims: Sequence[Claim]) -> list[Piece]:
    """An answer in pieces, its weak claims marked where they stand; one that stands nowhere is added at the end."""
    places: list[tuple[int, int, Piece]] = []
    beyond = []
    for claim in claims:
        mark = _mark(claim)
        if not mark:
            continue
        at = say.find(claim.text, places[-1][1] if places else 0)
        if at < 0 or not claim.text:
            beyond.append(Piece(claim.text, mark, _support(claim)))
        else:
            places.append((at, at + len(claim.text), Piece(claim.text, mark, _support(claim))))
    pieces, end = [], 0
    for first, last, piece in places:
        pieces += [Piece(say[end:first]), piece]
        end = last
    return [piece for piece in [*pieces, Piece(say[end:]), *beyond] if piece.text]


def _mark(claim: Claim) -> Literal["", "unsupported", "elsewhere"]:
    if claim.support < SUPPORTED:
        return "unsupported"
    return "elsewhere" if claim.cited is not None and claim.cited < SUPPORTED else ""


def _support(claim: Claim) -> str:
    """How much of the claim is supported, by what it is marked for."""
    value = claim.support if claim.support < SUPPORTED or claim.cited is None else claim.cited
    return amount("groundedness", value)


def _side(side: Side, playings: Sequence[Playing], shown: Playing) -> dict[str, Any]:
    passed = sum(playing.passed for playing in playings)
    told = ("passes" if passed else "fails") if len(playings) == 1 else f"passes {passed} of {len(playings)} times"
    others = [playing for playing in playings if playing is not shown]
    return {
        "side": side,
        "label": SIDES[side],
        "passed": passed == len(playings),
        "told": told,
        "checks": shown.checks,
        "judgements": [_judgement(judgement) for judgement in shown.judgements],
        "figures": [
            (figure(name).label, amount(name, shown.metrics[name])) for name in SHOWN_FIGURES if name in shown.metrics
        ],
        "others": [
            {"passed": other.passed, "says": [turn.say for turn in other.turns], "failed": _failed(other)}
            for other in others
        ],
    }


def _failed(playing: Playing) -> list[str]:
    return [check.told for check in playing.checks if check.counts and not check.passed]


def _judgement(judgement: Any) -> dict[str, Any]:
    agreement = judgement.agreement
    counts = agreement is not None and agreement >= AGREED
    known = "not known yet" if agreement is None else f"{agreement:.2f}"
    return {
        "rubric": judgement.rubric,
        "passed": judgement.passed,
        "why": judgement.why,
        "counts": counts,
        "agreement": known,
    }


def _passages(shown: Mapping[Side, Playing], appendix: Mapping[ShownPassage, str]) -> list[dict[str, Any]]:
    """Those that any side was given, the cited first, with who was given and who cites them."""
    given: dict[ShownPassage, dict[str, list[str]]] = {}
    for side, playing in shown.items():
        cited = {citation.id for turn in playing.turns for citation in turn.citations}
        for passage in playing.passages:
            entry = given.setdefault(passage, {"given": [], "cited": []})
            entry["given"].append(SIDES[side])
            if passage.id in cited:
                entry["cited"].append(SIDES[side])
    ordered = sorted(given.items(), key=lambda item: not item[1]["cited"])
    alone = len(shown) == 1
    return [
        {
            "title": passage.title,
            "document": passage.document,
            "text": passage.text if entry["cited"] else "",
            "anchor": appendix[passage],
            "cited": " and ".join(entry["cited"]).lower(),
            "given": "" if alone or len(entry["given"]) == len(shown) else entry["given"][0].lower(),
        }
        for passage, entry in ordered
    ]
