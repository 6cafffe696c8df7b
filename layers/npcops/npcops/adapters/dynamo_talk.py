"""What NPCs remember of a player, in DynamoDB: turns by branch, and the Memories into which they were folded.

One query finds what an NPC remembers, however many branches there are: it reads a playthrough backwards and passes over
what lies in branches that were left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npcops.adapters.dynamo_spoken import spoken_item
from npcops.adapters.dynamodb import Item, available, expires, key, pack, query, unpack
from npcops.adapters.player_table import WHAT, PlayerTable, put
from npcops.dialogue import SpokenTurn
from npcops.memory import Branch, Memory, RememberedTurn, playthrough

# As much as is usually needed; what is behind it is read in pages as large as they get.
FIRST_PAGE = 48
_MEMORY = "#memory"


class DynamoTalk(PlayerTable):
    """The turns and Memories of `PlayerStore`."""

    def append_turn(
        self,
        title: str,
        player: str,
        branch: str,
        turns: Mapping[str, RememberedTurn],
        ttl_days: int,
        spoken: SpokenTurn | None = None,
        spoken_days: int = 0,
    ) -> None:
        """See PlayerStore. The erasure marker is checked in the same transaction, so an erasure cannot be undone."""
        pk, kept = self._partition(title, player), {"branch": {"S": branch}, "expires_at": expires(ttl_days)}
        (turn_id,) = {turn.turn_id for turn in turns.values()}
        self.write(
            pk,
            turn_id,
            put(key(pk, f"turn#{branch}#{turn_id}") | kept),
            *(
                put(key(pk, f"{_talk(branch, npc)}{turn_id}") | kept | {"data": pack(turn)})
                for npc, turn in turns.items()
            ),
            *([put(spoken_item(pk, spoken, spoken_days))] if spoken else []),
        )

    def recent(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], limit: int
    ) -> tuple[Memory, list[RememberedTurn]]:
        """See PlayerStore."""
        memory, items = self._since_memory(title, player, npc, lineage)
        return memory, [unpack(item, RememberedTurn) for item in items[:limit][::-1]]

    def unfolded(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], limit: int
    ) -> tuple[Memory, list[RememberedTurn]]:
        """See PlayerStore."""
        memory, items = self._since_memory(title, player, npc, lineage)
        return memory, [unpack(item, RememberedTurn) for item in items[::-1][:limit]]

    def keep_memory(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], memory: Memory, ttl_days: int
    ) -> bool:
        """See PlayerStore. The turn alone would not do: while an erasure is under way it may still be there."""
        pk, talk = self._partition(title, player), _talk(lineage[-1].id, npc)
        turn = key(pk, f"{talk}{memory.until}")
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=turn, ConsistentRead=True).get("Item")
        if found is None or not _holds(lineage, found, memory.until):
            return False
        kept = {"branch": found["branch"], "expires_at": expires(ttl_days)}
        counted = {"summaries": {"N": str(len(memory.summaries))}, "facts": {"N": str(len(memory.facts))}}
        return self.write(
            pk,
            memory.until,
            {"ConditionCheck": {"Key": turn, "ConditionExpression": "attribute_exists(pk)"}},
            put(
                key(pk, f"{talk}{memory.until}{_MEMORY}") | kept,
                ConditionExpression="attribute_not_exists(pk)",
            ),
            put(key(pk, _document(talk, memory.until)) | kept | counted | {"data": pack(memory)}),
        )

    def newest(self, title: str, player: str, branch: str) -> str:
        """See PlayerStore."""
        prefix = f"turn#{branch}#"
        with available(WHAT):
            found = next(self._backwards(self._partition(title, player), prefix, 1), None)
        return found["sk"]["S"].removeprefix(prefix) if found else ""

    def _since_memory(self, title: str, player: str, npc: str, lineage: Sequence[Branch]) -> tuple[Memory, list[Item]]:
        """The newest Memory of a line of branches and the items of all turns after it, newest first."""
        if not lineage:
            return Memory(), []
        pk, talk = self._partition(title, player), _talk(lineage[-1].id, npc)
        turns: list[Item] = []
        with available(WHAT):
            for item in self._backwards(pk, talk, FIRST_PAGE):
                turn_id = item["sk"]["S"].removeprefix(talk).removesuffix(_MEMORY)
                if not _holds(lineage, item, turn_id):
                    continue
                if not item["sk"]["S"].endswith(_MEMORY):
                    turns.append(item)
                # Items expire one by one: a Memory may have gone before its place is.
                elif memory := self.read(pk, _document(talk, turn_id), Memory):
                    return memory, turns
        return Memory(), turns

    def _backwards(self, pk: str, prefix: str, first_page: int) -> Iterator[Item]:
        """The items of a prefix, last first; the first page is short."""
        request: Any = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": prefix}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        page = self._client.query(**request, Limit=first_page)
        yield from page["Items"]
        if "LastEvaluatedKey" in page:
            yield from query(self._client, **request, ExclusiveStartKey=page["LastEvaluatedKey"])


def _talk(branch: str, npc: str) -> str:
    return f"talk#{playthrough(branch)}#{npc}#"


def _document(talk: str, until: str) -> str:
    return f"memory#{talk.removeprefix('talk#')}{until}"


def _holds(lineage: Sequence[Branch], item: Item, turn_id: str) -> bool:
    return any(part.id == item["branch"]["S"] and part.holds(turn_id) for part in lineage)
