"""A configuration sees a label's versions, but for what it tries instead; a subject names all that an NPC speaks by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from npcops.characters import ActionSet, ActionSpec, Example, ExampleSet, GameTitle, PromptVariant
from npcops.configured import ConfiguredCatalog, exists, subject_of
from npcops.errors import InvalidRequest, NotFound
from npcops.plans import Configuration
from npcops.scripts import read_script
from tests.conversation import DIALOGUE, MIRA, Conversation, conversation
from tests.resources import Resources

STAGE = "stage-model"


@pytest.fixture
def game(resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(resources, tmp_path) as made:
        yield made


def stored(game: Conversation, kind: str, name: str, content: msgspec.Struct) -> str:
    """A version that no label points at."""
    return game.catalog.put(game.title, kind, name, msgspec.to_builtins(content), "writer", "")


def test_without_versions_it_is_the_label(game: Conversation) -> None:
    seen = ConfiguredCatalog(game.catalog, Configuration())
    assert seen.npc(game.title, "mira", "whatever") == game.catalog.npc(game.title, "mira", "production")
    assert seen.prompt(game.title, "dialogue", "whatever")[1] == game.prompt_version


def test_a_version_is_seen_without_a_label_moving(game: Conversation) -> None:
    tried = stored(game, "npcs", "mira", msgspec.structs.replace(MIRA, persona="A pirate."))
    seen = ConfiguredCatalog(game.catalog, Configuration(versions={"npcs/mira": tried}))
    assert seen.npc(game.title, "mira", "production")[0].persona == "A pirate."
    assert game.catalog.npc(game.title, "mira", "production")[0].persona == "A ferrywoman."


def test_greedy_leaves_no_choice_to_any_variant(game: Conversation) -> None:
    warm = msgspec.structs.replace(DIALOGUE, temperature=0.9, variants={"nova": PromptVariant(temperature=0.7)})
    tried = stored(game, "prompts", "dialogue", warm)
    seen = ConfiguredCatalog(game.catalog, Configuration(versions={"prompts/dialogue": tried}), greedy=True)
    template, version = seen.prompt(game.title, "dialogue", "production")
    assert (template.temperature, template.for_family("nova").temperature, version) == (0.0, 0.0, tried)


def test_model_and_lore_stand_in_for_the_titles(game: Conversation) -> None:
    seen = ConfiguredCatalog(game.catalog, Configuration(model="another", lore="0123456789abcdef"))
    found, _ = seen.game(game.title, "production")
    assert (found.model, found.lore, found.name) == ("another", "0123456789abcdef", game.title)


def test_what_is_no_such_entry_is_refused(game: Conversation) -> None:
    broken = game.catalog.put(game.title, "npcs", "mira", {"id": "mira"}, "writer", "")
    for version, error in ((broken, InvalidRequest), ("0" * 16, NotFound)):
        seen = ConfiguredCatalog(game.catalog, Configuration(versions={"npcs/mira": version}))
        with pytest.raises(error):
            seen.npc(game.title, "mira", "production")


def test_a_subject_names_every_version_that_a_word_rests_on(game: Conversation) -> None:
    sets = {
        "examples": ExampleSet("greetings", (Example("Hello?", "Mind the rope."),)),
        "actions": ActionSet("common", (ActionSpec("wave", "Wave."),)),
    }
    made = {kind: game.publish(kind, content.name, content) for kind, content in sets.items()}
    card = game.publish("npcs", "mira", msgspec.structs.replace(MIRA, example_sets=("greetings",), actions=("wave",)))
    title = game.publish("titles", game.title, GameTitle(game.title, "Game", action_sets=("common",), model="own"))
    subject, _ = subject_of(game.catalog, Configuration(), game.title, "mira", STAGE)
    assert subject.versions == {
        "npcs/mira": card,
        "prompts/dialogue": game.prompt_version,
        f"titles/{game.title}": title,
        "examples/greetings": made["examples"],
        "actions/common": made["actions"],
    }
    assert (subject.model, subject.lore) == ("own", "")
    script = read_script(game.catalog, "production", game.title, "mira")
    assert [example.reply for example in script.card.examples] == ["Mind the rope."]
    assert [action.name for action in script.game.actions] == ["wave"]


def test_only_what_differs_makes_another_subject(game: Conversation) -> None:
    here = subject_of(game.catalog, Configuration(), game.title, "mira", STAGE)[0]
    same = subject_of(game.catalog, Configuration(versions={"npcs/otto": "staging"}), game.title, "mira", STAGE)[0]
    pinned = Configuration(versions={"prompts/dialogue": game.prompt_version})
    others = [
        subject_of(game.catalog, Configuration(), game.title, "mira", "another")[0],
        subject_of(game.catalog, Configuration(lore="0" * 16), game.title, "mira", STAGE)[0],
        subject_of(game.catalog, Configuration(), game.title, "otto", STAGE)[0],
    ]
    assert here.digest == same.digest == subject_of(game.catalog, pinned, game.title, "mira", STAGE)[0].digest
    assert len({here.digest, *(other.digest for other in others)}) == 4


def test_whether_there_is_such_an_npc(game: Conversation) -> None:
    assert exists(game.catalog, Configuration(), game.title, "mira")
    assert not exists(game.catalog, Configuration(), game.title, "nobody")
    assert not exists(game.catalog, Configuration(label="staging"), game.title, "mira")


def test_the_title_names_the_model_and_the_lore_of_its_turns(game: Conversation) -> None:
    game.lore("ferry.md", "The ferry costs two pennies.")
    game.publish("titles", game.title, GameTitle(game.title, "Game", model="own-model", lore="0123456789abcdef"))
    turn = game.ask("ann", "What does the ferry cost?", mode="rag")
    assert game.chat.models == ["own-model"]
    assert "two pennies" not in game.chat.seen
    game.publish("titles", game.title, GameTitle(game.title, "Game"))
    game.ask("bob", "What does the ferry cost?", mode="rag")
    assert "two pennies" in game.chat.seen
    assert turn.degraded is None
