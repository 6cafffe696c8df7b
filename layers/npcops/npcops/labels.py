"""Use case: labels move from version to version, past the canon gate, and every move is kept."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from npcops.canon_gate import OVERRIDDEN, Admitted, CanonGate, overridden
from npcops.catalogue import GateOutcome, Move
from npcops.errors import Conflict, GateClosed, InvalidRequest, StoreUnavailable
from npcops.ports import Catalog, EventPublisher
from npcops.snapshot_lore import check_lore
from npcops.studio_ports import SnapshotStore

log = logging.getLogger(__name__)

# Words with a meaning of their own, and what looks like a version's id, are no labels.
LABEL = r"^(?!(latest|previous)$)(?![0-9a-f]{16}$)[a-z][a-z0-9-]{0,31}\Z"
PREVIOUS = "previous"
LEAST_REASON = 10
# What names sets: by which field, and of which kind.
SETS = {"npcs": ("example_sets", "examples"), "titles": ("action_sets", "actions")}

Label = Annotated[str, msgspec.Meta(pattern=LABEL)]
Reason = Annotated[str, msgspec.Meta(min_length=LEAST_REASON, max_length=500)]


class LabelMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/catalog/{kind}/{name}/labels/{label}`.

    `version` is an id, another label, `latest`, or `previous`: where the label was before it last went forward.
    `override` is the reason why it moves even if the canon gate refuses; then it stands in the place of `why`.
    """

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""
    override: Reason | None = None


class Stored(msgspec.Struct, frozen=True):
    """A version, where the labels of its name point now, and the move that was made, if one was."""

    name: str
    version: str
    labels: dict[str, str]
    move: Move | None = None


class MoveLabel:
    """Moves labels; the one that the gate guards only where it lets them, or where a person takes it upon them."""

    def __init__(self, catalog: Catalog, gate: CanonGate, events: EventPublisher, snapshots: SnapshotStore) -> None:
        self._catalog, self._gate, self._events, self._snapshots = catalog, gate, events, snapshots

    def __call__(self, title: str, kind: str, name: str, label: str, by: str, wanted: LabelMove) -> Stored:
        """`by` is who moves it. A label that is there already stays, and nothing is recorded.

        Raises NotFound (no such name or version), InvalidRequest, GateClosed, or Conflict (somebody else moved it, or
        there is nothing to go back to).
        """
        check_label(label)
        labels = self._catalog.labels(title, kind, name)
        before = labels.get(label, "")
        if wanted.version == PREVIOUS:
            version = earlier(self._catalog.moves(title, kind, name), label)
        else:
            _, version = self._catalog.get(title, kind, name, wanted.version)
        if version == before:
            return Stored(name, version, labels)
        if kind == "titles":
            # It was there when the version was stored, and may have been deleted since.
            self._check_lore(title, version)
        admitted, closed = self._admitted(title, kind, name, label, version, wanted)
        why = wanted.override.strip() if closed and wanted.override else wanted.why
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        move = Move(label, version, before, by, at, why, admitted.gate, admitted.evaluations)
        self._catalog.label(title, kind, name, move, admitted.fence)
        if kind == "titles":
            self._keep_lore(title, move)
        if closed:
            self._tell(title, kind, name, move, closed)
        return Stored(name, version, labels | {label: version}, move)

    def _admitted(
        self, title: str, kind: str, name: str, label: str, version: str, wanted: LabelMove
    ) -> tuple[Admitted, GateClosed | None]:
        """By what it may move, and what the gate said if that is overridden."""
        if wanted.override is not None and len(wanted.override.strip()) < LEAST_REASON:
            raise InvalidRequest(f"An override needs a reason of at least {LEAST_REASON} characters.")
        if wanted.version == PREVIOUS:
            return Admitted("rollback"), None
        if label != self._gate.label:
            return Admitted(), None
        self._check_sets(title, kind, name, version)
        try:
            return self._gate.admit(title, kind, name, version), None
        except GateClosed as closed:
            if wanted.override is None:
                raise
            return Admitted("overridden"), closed

    def _check_lore(self, title: str, version: str) -> None:
        content, _ = self._catalog.get(title, "titles", title, version)
        check_lore(self._snapshots, title, str(content.get("lore") or ""))

    def _keep_lore(self, title: str, move: Move) -> None:
        """Undo a move onto lore that is being deleted: whoever deletes it may have looked at the labels before it."""
        try:
            self._check_lore(title, move.version)
        except InvalidRequest:
            if move.before:
                # For `previous` the two moves are none.
                gate: GateOutcome = "ungated" if move.gate == "rollback" else "rollback"
                why = "The lore of the other version was deleted at the same moment."
                self._catalog.label(
                    title, "titles", title, Move(move.label, move.before, move.version, move.by, move.at, why, gate)
                )
            raise Conflict(
                "The snapshot that this version names was deleted at the same moment. Make it again."
            ) from None

    def _check_sets(self, title: str, kind: str, name: str, version: str) -> None:
        """Without a set that it names under the same label, nobody could speak by it. Raises Conflict."""
        field, of = SETS.get(kind, ("", ""))
        named = self._catalog.get(title, kind, name, version)[0].get(field) or () if field else ()
        label = self._gate.label
        if missing := [one for one in named if label not in self._catalog.labels(title, of, one)]:
            raise Conflict(
                f"{name} names {of} without a version labelled {label}: {', '.join(missing)}. Label them first."
            )

    def _tell(self, title: str, kind: str, name: str, move: Move, closed: GateClosed) -> None:
        """The move is made and in the history, which a bus that fails cannot undo; the alarm rests on a metric."""
        try:
            self._events.publish(OVERRIDDEN, overridden(title, kind, name, move, closed))
        except StoreUnavailable:
            log.warning("an override was not announced", extra={"entry": f"{kind}/{name}", "label": move.label})


def check_label(label: str) -> None:
    """Raises InvalidRequest for what is no label."""
    if not re.match(LABEL, label):
        raise InvalidRequest(
            "A label has lower-case letters, digits and hyphens, 32 at most, begins with a letter, and is not "
            "`latest`, `previous` or the id of a version."
        )


def earlier(moves: Sequence[Move], label: str) -> str:
    """Where a label was before it last went forward, of a history that begins with the newest move.

    A move that was taken back counts as if it had not been made: going back twice goes back two versions, and never
    to what was just left. Raises Conflict if the label was nowhere before.
    """
    taken_back = 0
    for move in moves:
        if move.label != label:
            continue
        if move.gate == "rollback":
            taken_back += 1
        elif taken_back:
            taken_back -= 1
        elif move.before:
            return move.before
        else:
            break
    raise Conflict(f"Label {label} has not been at another version before; there is nothing to go back to.")
