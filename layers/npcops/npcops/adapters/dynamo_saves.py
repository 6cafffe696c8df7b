"""Save games in DynamoDB: which branches a save is made of, and the points to which it can return."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import available, key, pack, query, unpack
from npcops.adapters.player_table import ATTEMPTS, WHAT, PlayerTable, put
from npcops.errors import NotFound, StoreUnavailable
from npcops.memory import Branch, Save, Snapshot, Standing, WorldState, playthrough
from npcops.turn_ids import first_id_at


class DynamoSaves(PlayerTable):
    """The saves and snapshots of `PlayerStore`."""

    def standing(self, title: str, player: str, save: str) -> Standing:
        """See PlayerStore. A transaction: a rewind changes both at once, and nobody may see one of them changed."""
        pk = self._partition(title, player)
        wanted: Any = [{"Get": {"TableName": self._table, "Key": key(pk, sk)}} for sk in ("world", f"save#{save}")]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with available(WHAT):
                    world, known = self._client.transact_get_items(TransactItems=wanted)["Responses"]
            except ClientError:
                time.sleep(0.02 * attempt)
                continue
            return Standing(
                unpack(world["Item"], WorldState) if world.get("Item") else WorldState(),
                unpack(known["Item"], Save) if known.get("Item") else _unchanged(save),
            )
        raise StoreUnavailable(f"{WHAT} is contended.")

    def save(self, title: str, player: str, name: str) -> Save:
        """See PlayerStore."""
        return self.read(self._partition(title, player), f"save#{name}", Save) or _unchanged(name)

    def put_save(self, title: str, player: str, save: Save, world: WorldState | None = None) -> bool:
        """See PlayerStore."""
        pk = self._partition(title, player)
        item = key(pk, f"save#{save.name}") | {"data": pack(save), "revision": {"N": str(save.revision)}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if save.revision > 1:
            condition = {
                "ConditionExpression": "revision = :previous",
                "ExpressionAttributeValues": {":previous": {"N": str(save.revision - 1)}},
            }
        state = [] if world is None else [put(key(pk, "world") | {"data": pack(world)})]
        begun = save.live.removeprefix(playthrough(save.live)).removeprefix("~")
        return self.write(pk, begun, put(item, **condition), *state)

    def saves(self, title: str, player: str) -> list[Save]:
        """See PlayerStore."""
        pk = self._partition(title, player)
        changed = {save.name: save for save in self._all(pk, "save#", Save)}
        spoken_in = {name: _unchanged(name) for name in self._spoken_in(pk)}
        return [save for _, save in sorted((spoken_in | changed).items())]

    def put_snapshot(self, title: str, player: str, snapshot: Snapshot) -> None:
        """See PlayerStore."""
        pk = self._partition(title, player)
        item = key(pk, f"snapshot#{snapshot.name}") | {"data": pack(snapshot)}
        self.write(pk, first_id_at(snapshot.taken_at), put(item))

    def snapshot(self, title: str, player: str, name: str) -> Snapshot:
        """See PlayerStore."""
        found = self.read(self._partition(title, player), f"snapshot#{name}", Snapshot)
        if found is None:
            raise NotFound(f"The player has no snapshot {name}.")
        return found

    def snapshots(self, title: str, player: str) -> list[Snapshot]:
        """See PlayerStore."""
        return self._all(self._partition(title, player), "snapshot#", Snapshot)

    def _all(self, pk: str, prefix: str, kind: type[Any]) -> list[Any]:
        with available(WHAT):
            found = query(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
                ConsistentRead=True,
            )
            return [unpack(item, kind) for item in found]

    def _spoken_in(self, pk: str) -> Iterator[str]:
        """The saves in whose first branch there are turns: one read each, which leaps over all turns of one branch."""
        after = "turn#"
        while True:
            with available(WHAT):
                found = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk AND sk BETWEEN :after AND :end",
                    ExpressionAttributeValues={":pk": {"S": pk}, ":after": {"S": after}, ":end": {"S": "turn$"}},
                    ProjectionExpression="sk",
                    ConsistentRead=True,
                    Limit=1,
                )["Items"]
            if not found:
                return
            branch = found[0]["sk"]["S"].split("#")[1]
            if branch == playthrough(branch):
                yield branch
                after = f"turn#{branch}$"
            else:  # all later branches of the playthrough, of which there may be many
                after = f"turn#{playthrough(branch)}~~"


def _unchanged(name: str) -> Save:
    return Save(name, (Branch(name),))
