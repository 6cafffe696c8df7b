"""`make run`: the whole stack from nothing, then a chat on a terminal or a scripted conversation elsewhere."""

from __future__ import annotations

import sys

from local import scenes, stack
from local.layout import ROOT
from npc.errors import CliError
from npc.output import fail, note, people
from npc.session import Session
from npc.talk import converse

FIRST_SCENE = ROOT / "world" / "scenes" / "first-evening.yaml"
WHAT_NEXT = """
The stack is up. What next:
  ./npc npcs                              who is there
  ./npc ask {npc} "..." --mode rag   ask one thing
  ./npc chat {npc}                   talk
  ./npc lore put FOLDER --wait            add lore of your own
  ./npc lore search "..."                 see what a character would be given
  ./npc eval run --suite smoke            see whether characters keep to canon (about a minute)
  ./npc info                              addresses and resources
  make stop                               stop it all"""


def main() -> None:
    """Bring the stack up and show that it talks."""
    try:
        stack.up()
        scene = scenes.read(FIRST_SCENE)
        session = Session()
        if sys.stdin.isatty() and sys.stdout.isatty():
            converse(session, scene.npc, "auto", scene.player, "main")
        else:
            scenes.play(session, scene, people)
        note(WHAT_NEXT.format(npc=scene.npc))
    except CliError as error:
        fail(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
