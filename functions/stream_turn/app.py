"""WebSocket routes `speak` and `resume`: an NPC answers a player, word by word."""

from npcops import bootstrap
from npcops.dialogue import Told
from npcops.identity import Identity
from npcops.stream_api import Message, Resume, Speak, messages
from npcops.turn_metrics import report

turns = bootstrap.stream_turn()


@messages(bootstrap.connections(), "player", "server", "studio")
def handler(message: Message, caller: Identity, asked: Speak | Resume) -> None:
    """Speak one turn, or give one again that a broken connection swallowed."""
    player = caller.speaks_for(asked.player, "player")
    told: Told | None
    if isinstance(asked, Speak):
        told = turns.speak(caller.title, player, asked.npc, asked.request(), message.stream)
    else:
        told = turns.resume(caller.title, player, asked.turn_id, message.stream)
    if told:
        report(told)
