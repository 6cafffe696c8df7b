"""Use case: corrected answers become golden cases and training pairs, after a person has accepted them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

import msgspec

from npcops.catalogue import MOST_BYTES
from npcops.dialogue import SpokenTurn
from npcops.errors import Conflict, InvalidRequest
from npcops.golden import CaseKind, Expected, GoldenCase, GoldenSuite
from npcops.people import WORDED, Correction, CorrectionList, Decided, Decision, Given, Reason
from npcops.ports import Catalog
from npcops.studio_ports import ReviewStore
from npcops.turn_ids import now_iso
from npcops.unnamed import Unnamed

SUITES, LATEST = "suites", "latest"
PROPOSED: Literal["proposed"] = "proposed"
ACCEPTED: Literal["accepted"] = "accepted"
A_PLAYER = "a player"
# Others who add to the same suite at this moment; more of them than this are a fault.
ATTEMPTS = 8
MOST_LISTED = 100
MOST_CASES = 1000
# What a case is about that comes of a complaint.
KINDS: dict[Reason, CaseKind] = {
    "out-of-character": "persona",
    "spoiler": "gate",
    "made-up": "known-fact",
    "refused": "harmless",
}


def propose(reviews: ReviewStore, title: str, player: str, spoken: SpokenTurn, given: Given) -> str | None:
    """Propose what a rater would have had the NPC say; returns the correction's id, None if nothing is proposed.

    The same rater's later correction of the turn takes the place of the earlier one until it is decided.
    """
    if not given.rating.correction.strip():
        return None
    correction = _of(player, spoken, given)
    for expected in (None, PROPOSED):
        with suppress(Conflict):
            reviews.put_correction(title, correction, expected)
            return correction.id
    return None


class Corrections:
    """What was proposed, and what a person makes of it."""

    def __init__(self, reviews: ReviewStore, catalog: Catalog, now: Callable[[], str] = now_iso) -> None:
        self._reviews, self._catalog, self._now = reviews, catalog, now

    def listed(self, title: str, state: str, before: str = "", limit: int = MOST_LISTED) -> CorrectionList:
        """Those in a state (after the one of id `before`), newest first. Raises NotFound: there is no such one."""
        found = self._reviews.corrections(title, state, limit + 1, before)
        return CorrectionList(tuple(found[:limit]), more=len(found) > limit)

    def decide(self, title: str, identity: str, decision: Decision, by: str) -> Decided:
        """Accept or reject; the same decision again does what is left of it.

        Raises NotFound (no such correction or suite), InvalidRequest, and Conflict: it was decided otherwise, or the
        suite has another case of this name.
        """
        correction = self._reviews.correction(title, identity)
        at = self._now()
        if not decision.accept:
            rejected = msgspec.structs.replace(correction, state="rejected", why=decision.why)
            return Decided(self._settled(title, correction, rejected, by, at))
        accepted = _accepted(correction, decision)
        if accepted.case and decision.suite:
            # Before anything is decided: a case that cannot be added must not leave an accepted correction.
            _extended(decision.suite, self._latest(title, decision.suite)[0], accepted.case)
        accepted = self._settled(title, correction, accepted, by, at)
        if not accepted.case or not decision.suite:
            return Decided(accepted)
        return Decided(accepted, self._added(title, decision.suite, accepted.case, identity, by))

    def _settled(self, title: str, before: Correction, after: Correction, by: str, at: str) -> Correction:
        if before.state == PROPOSED:
            decided = msgspec.structs.replace(after, decided_by=by, decided_at=at)
            self._reviews.put_correction(title, decided, PROPOSED)
            return decided
        if before != msgspec.structs.replace(after, decided_by=before.decided_by, decided_at=before.decided_at):
            raise Conflict(f"This correction has been {before.state} already.")
        return before

    def _added(self, title: str, suite: str, case: GoldenCase, identity: str, by: str) -> str:
        """The version of the suite that has the case; whoever adds another one at this moment loses nothing."""
        for _ in range(ATTEMPTS):
            content, version = self._latest(title, suite)
            extended = _extended(suite, content, case)
            if extended is None:
                return version
            with suppress(Conflict):
                return self._catalog.put(
                    title, SUITES, suite, extended, by, f"correction {identity} accepted", after=version
                )
        raise Conflict(f"Others add to the suite {suite} at this moment; accept the correction again.")

    def _latest(self, title: str, suite: str) -> tuple[dict[str, Any], str]:
        return self._catalog.get(title, SUITES, suite, LATEST)


def _accepted(correction: Correction, decision: Decision) -> Correction:
    if not decision.suite and not decision.training:
        raise InvalidRequest(
            "Say what becomes of it: a case (`suite` names where), a training pair (`training`), or both."
        )
    accepted = msgspec.structs.replace(
        correction,
        state=ACCEPTED,
        why=decision.why,
        training=decision.training,
        message=decision.message or correction.message,
        corrected=decision.corrected or correction.corrected,
    )
    return msgspec.structs.replace(accepted, case=_case(accepted, decision) if decision.suite else None)


def _case(accepted: Correction, decision: Decision) -> GoldenCase:
    """It need not pass to begin with: whoever wants to insist on it makes it a required one."""
    case = GoldenCase(
        id=decision.case or f"correction-{accepted.id}",
        npc=accepted.npc,
        kind=next((KINDS[reason] for reason in accepted.reasons if reason in KINDS), "must-say"),
        messages=(accepted.message,),
        expected=Expected(means=(accepted.corrected,), refuses=False if "refused" in accepted.reasons else None),
        flags=accepted.flags,
        required=False,
        reference=accepted.corrected,
        note="What a player was told, corrected.",
    )
    try:
        return msgspec.convert(msgspec.to_builtins(case), GoldenCase)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"No case can be made of it: {error}") from None


def _extended(suite: str, content: dict[str, Any], case: GoldenCase) -> dict[str, Any] | None:
    """The suite with the case, None if it has it. Raises Conflict or InvalidRequest."""
    try:
        cases = msgspec.convert(content, GoldenSuite, strict=False).cases
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The newest version of the suite {suite} is not valid: {error}") from None
    if case in cases:
        return None
    if any(known.id == case.id for known in cases):
        raise Conflict(f"The suite {suite} has another case {case.id}; give this one another name.")
    extended = content | {"cases": [*content.get("cases", ()), _written(case)]}
    if len(cases) >= MOST_CASES or len(msgspec.json.encode(extended)) > MOST_BYTES:
        raise Conflict(f"The suite {suite} is full; begin another one.")
    return extended


def _written(value: msgspec.Struct) -> dict[str, Any]:
    """As a person would write it: without what goes without saying."""
    found = {}
    for field in msgspec.structs.fields(value):
        part = getattr(value, field.name)
        if part != field.default:
            found[field.encode_name] = _written(part) if isinstance(part, msgspec.Struct) else msgspec.to_builtins(part)
    return found


def _of(player: str, spoken: SpokenTurn, given: Given) -> Correction:
    unnamed = Unnamed(player, spoken.player_name)
    where = f"{spoken.turn.turn_id} {given.scope} {given.by}"
    words = f"{given.rating.reasons} {given.rating.correction}"
    return Correction(
        # In other words it has another id: whoever decides must have read what becomes of it.
        id=f"{_digest(where)}{WORDED}{_digest(f'{where} {words}')}",
        npc=spoken.turn.npc,
        message=unnamed(spoken.message),
        said=unnamed(spoken.turn.say),
        corrected=unnamed(given.rating.correction.strip()),
        proposed_by=given.by if given.scope == "studio" else A_PLAYER,
        proposed_at=given.at,
        reasons=given.rating.reasons,
        flags=tuple(flag for flag in spoken.flags if not unnamed.names(flag)),
    )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
