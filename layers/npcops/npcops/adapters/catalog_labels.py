"""Labels in the catalogue's table: each move is one transaction of the head, an item of its history, and the fence.

The fence counts the moves of a label in a whole title, in partition `{title}#fences`: whoever decided by what many
names have under the label moves it only if nothing has been moved since.
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from npcops.adapters.catalog_table import WHAT, CatalogTable, Head
from npcops.adapters.dynamodb import available, key, pack, unpack
from npcops.catalogue import Move
from npcops.errors import Conflict, StoreUnavailable

ATTEMPTS = 5
NO_MOVES = "0"
# The numbers of moves sort as text.
DIGITS = 10


class CatalogLabels(CatalogTable):
    """The moves of `Catalog`."""

    def label(self, title: str, kind: str, name: str, move: Move, fence: str | None = None) -> None:
        """See Catalog. Moves of a name's other labels at the same moment are waited for."""
        self.content(title, kind, name, move.version)
        try:
            for attempt in range(1, ATTEMPTS + 1):
                head = self.head_now(title, kind, name)
                if head.labels.get(move.label, "") != move.before:
                    raise Conflict(f"Label {move.label} of {name} was moved by somebody else; look again.")
                if fence is not None and self.fence(title, move.label) != fence:
                    raise Conflict(f"Something else was moved to {move.label} at this moment; look and try again.")
                if self._moved(title, kind, name, move, head, fence):
                    return
                time.sleep(0.02 * attempt)
        finally:
            self.forget_head(title, kind, name)
        raise StoreUnavailable(f"{WHAT} is contended.")

    def fence(self, title: str, label: str) -> str:
        """See Catalog."""
        found = self.item(title, "fences", label)
        return found["moves"]["N"] if found else NO_MOVES

    def labels(self, title: str, kind: str, name: str) -> dict[str, str]:
        """See Catalog."""
        return self.head_now(title, kind, name).labels

    def moves(self, title: str, kind: str, name: str) -> list[Move]:
        """See Catalog."""
        found = self.items(title, kind, f"move#{name}#", ScanIndexForward=False)
        return [unpack(item, Move) for item in found]

    def _moved(self, title: str, kind: str, name: str, move: Move, head: Head, fence: str | None) -> bool:
        """Whether the label moved; not if the head or the fence is not as it was read, or one is being written."""
        writes = [*self._writes(title, kind, name, move, head), self._count(title, move.label, fence)]
        try:
            with available(WHAT):
                self._client.transact_write_items(TransactItems=writes)
        except ClientError:
            return False
        return True

    def _writes(self, title: str, kind: str, name: str, move: Move, head: Head) -> Any:
        """The label and the history move together: the numbers of moves leave no gap, whoever else moves a label."""
        pk, number = f"{title}#{kind}", head.moves + 1
        values = {":version": {"S": move.version}, ":number": {"N": str(number)}, ":moved": {"N": str(head.moves)}}
        at = "labels.#label = :before" if move.before else "attribute_not_exists(labels.#label)"
        if move.before:
            values[":before"] = {"S": move.before}
        counted = "moves = :moved" if head.moves else "(attribute_not_exists(moves) OR moves = :moved)"
        update = {
            "Key": key(pk, f"head#{name}"),
            "UpdateExpression": "SET labels.#label = :version, moves = :number",
            "ConditionExpression": f"{at} AND {counted}",
            "ExpressionAttributeNames": {"#label": move.label},
            "ExpressionAttributeValues": values,
        }
        item = key(pk, f"move#{name}#{number:0{DIGITS}}") | {"data": pack(move)}
        put = {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        return [{"Update": {"TableName": self._table, **update}}, {"Put": {"TableName": self._table, **put}}]

    def _count(self, title: str, label: str, fence: str | None) -> Any:
        values: dict[str, Any] = {":one": {"N": "1"}}
        condition = {}
        if fence == NO_MOVES:
            condition = {"ConditionExpression": "attribute_not_exists(moves)"}
        elif fence is not None:
            condition = {"ConditionExpression": "moves = :fence"}
            values[":fence"] = {"N": fence}
        update = {"UpdateExpression": "ADD moves :one", "ExpressionAttributeValues": values, **condition}
        return {"Update": {"TableName": self._table, "Key": key(f"{title}#fences", label), **update}}
