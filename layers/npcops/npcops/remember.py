"""Use case: fold the older turns of a conversation into summaries and facts, so that memory stays within its budget."""

from __future__ import annotations

from collections.abc import Sequence

from npcops.characters import NpcCard, PromptTemplate
from npcops.errors import ModelFailed
from npcops.facts import gathered
from npcops.lore import Gate
from npcops.memory import Fact, Memory, RememberedTurn, Summary
from npcops.ports import ChatModel, EmbeddingModel, ScriptSource
from npcops.prompting import build_summary_prompt, for_model
from npcops.tokens import estimate
from npcops.turn_ids import moment
from npcops.turn_ports import PlayerStore

# Turns read at once. What lies beyond is folded when the next turn is spoken.
TURNS_PER_FOLD = 60
# Every further gate would cost each turn a summary more to read.
MOST_GATES = 6
DAY_MS = 86_400_000


class Remember:
    """Runs after every turn; does nothing until the verbatim turns outgrow the NPC's budget by half.

    Turns are summarised apart for each distinct gate, so that a summary never mixes what a player may know in one
    save with what they may not know in another. Only the oldest of too many summaries become one, which is for those
    alone whom the gates of all of them admit.
    """

    def __init__(
        self,
        catalog: ScriptSource,
        label: str,
        players: PlayerStore,
        chat: ChatModel,
        embeddings: EmbeddingModel,
        model: str = "",
    ) -> None:
        """`model` is the id of the one that `chat` asks: its family may have a prompt of its own."""
        self._catalog, self._label, self._players = catalog, label, players
        self._chat, self._embeddings, self._model = chat, embeddings, model

    def __call__(self, title: str, player: str, npc: str, save: str) -> int:
        """Fold what has to be folded of the save as it is now; returns how many turns were.

        Running it twice, or at the same time, folds once. What is folded stays with the turns that it is about: a save
        that is rewound meanwhile sees it if it still has these turns, and not otherwise. Raises NotFound, ModelFailed,
        ModelUnavailable, StoreUnavailable.
        """
        card, _ = self._catalog.npc(title, npc, self._label)
        lineage = self._players.save(title, player, save).lineage
        memory, turns = self._players.unfolded(title, player, npc, lineage, TURNS_PER_FOLD)
        old = _outgrown(turns, card.memory.recent_tokens)
        if not old:
            return 0
        folded = Memory(
            summaries=tuple(self._summaries(title, card, memory.summaries, old)),
            until=old[-1].turn_id,
            facts=gathered(_kept(memory.facts, old[-1].turn_id, card.memory.ttl_days), old, self._embeddings),
        )
        kept = self._players.keep_memory(title, player, npc, lineage, folded, card.memory.ttl_days)
        return len(old) if kept else 0

    def _summaries(
        self, title: str, card: NpcCard, known: Sequence[Summary], old: Sequence[RememberedTurn]
    ) -> Sequence[Summary]:
        """The summaries with these turns in them, one for each gate, the newest information last."""
        template = for_model(self._catalog.prompt(title, "summary", self._label)[0], self._model)
        summaries = {summary.gate.key: summary for summary in known}
        for gate_key, group in _by_gate(old).items():
            # Taken out and put in again, so that the newest information is the last.
            previous = summaries.pop(gate_key, None)
            summaries[gate_key] = self._summarise(title, card, template, [previous] if previous else [], group)
        return self._merged(title, card, template, list(summaries.values()))

    def _merged(
        self, title: str, card: NpcCard, template: PromptTemplate, summaries: Sequence[Summary]
    ) -> Sequence[Summary]:
        """At most MOST_GATES summaries, of which the first may stand for several."""
        excess = len(summaries) - MOST_GATES
        if excess <= 0:
            return summaries
        key = Gate.all_of(summary.gate for summary in summaries[: excess + 1]).key
        oldest = [summary for place, summary in enumerate(summaries) if place <= excess or summary.gate.key == key]
        return [
            self._summarise(title, card, template, oldest, []),
            *(summary for summary in summaries if summary not in oldest),
        ]

    def _summarise(
        self,
        title: str,
        card: NpcCard,
        template: PromptTemplate,
        previous: Sequence[Summary],
        turns: Sequence[RememberedTurn],
    ) -> Summary:
        prompt = build_summary_prompt(
            template=template,
            card=card,
            title=self._catalog.game(title, self._label)[0],
            previous="\n".join(summary.text for summary in previous),
            turns=turns,
            attribution={"title": title, "npc": card.id, "purpose": "summary"},
        )
        gates = [*(summary.gate for summary in previous), *(turn.gate for turn in turns)]
        text = self._chat.reply(prompt).text.strip()
        if not text:
            raise ModelFailed("The model returned an empty summary.")
        return Summary(text, Gate.all_of(gates))


def _kept(facts: Sequence[Fact], now: str, days: int) -> list[Fact]:
    """Those that the card still has in mind: a Memory would carry them on for ever."""
    return [fact for fact in facts if moment(now) - moment(fact.turn_id) <= days * DAY_MS]


def _by_gate(turns: Sequence[RememberedTurn]) -> dict[str, list[RememberedTurn]]:
    """Turns in their order by the key of their gate; the gate of the newest turn is the last."""
    groups: dict[str, list[RememberedTurn]] = {}
    for turn in turns:
        groups[turn.gate.key] = [*groups.pop(turn.gate.key, []), turn]
    return groups


def _outgrown(turns: Sequence[RememberedTurn], budget: int) -> Sequence[RememberedTurn]:
    """The oldest turns that must go so that the rest fits `budget`; none until the excess is half of it."""
    sizes = [estimate(turn.player) + estimate(turn.npc) for turn in turns]
    total = sum(sizes)
    if total <= budget * 1.5:
        return ()
    gone = 0
    while total > budget:
        total -= sizes[gone]
        gone += 1
    return turns[:gone]
