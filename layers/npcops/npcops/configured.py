"""The catalogue as one configuration sees it: a label's versions, but for those that are tried instead."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.errors import InvalidRequest, NotFound
from npcops.plans import Configuration, Subject
from npcops.ports import Catalog
from npcops.promotions import Served
from npcops.scripts import read_script

T = TypeVar("T")


class ConfiguredCatalog:
    """A `ScriptSource`; whatever label is asked for, the configuration decides.

    With `greedy`, prompts leave the model no choice of words.
    """

    def __init__(self, catalog: Catalog, configuration: Configuration, greedy: bool = False) -> None:
        self._catalog, self._configuration, self._greedy = catalog, configuration, greedy

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """See ScriptSource."""
        return self._tried(title, "npcs", name, NpcCard) or self._catalog.npc(title, name, self._configuration.label)

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        """See ScriptSource."""
        tried = self._tried(title, "prompts", name, PromptTemplate)
        template, version = tried or self._catalog.prompt(title, name, self._configuration.label)
        return (_greedy(template) if self._greedy else template), version

    def game(self, title: str, label: str) -> tuple[GameTitle, str]:
        """See ScriptSource; with the configuration's own model and lore, if it has them."""
        tried = self._tried(title, "titles", title, GameTitle)
        game, version = tried or self._catalog.game(title, self._configuration.label)
        own = {name: value for name in ("model", "lore") if (value := getattr(self._configuration, name))}
        return msgspec.structs.replace(game, **own), version

    def examples(self, title: str, name: str, label: str) -> tuple[ExampleSet, str]:
        """See ScriptSource."""
        tried = self._tried(title, "examples", name, ExampleSet)
        return tried or self._catalog.examples(title, name, self._configuration.label)

    def actions(self, title: str, name: str, label: str) -> tuple[ActionSet, str]:
        """See ScriptSource."""
        tried = self._tried(title, "actions", name, ActionSet)
        return tried or self._catalog.actions(title, name, self._configuration.label)

    def _tried(self, title: str, kind: str, name: str, shape: type[T]) -> tuple[T, str] | None:
        wanted = self._configuration.versions.get(f"{kind}/{name}")
        if wanted is None:
            return None
        content, version = self._catalog.get(title, kind, name, wanted)
        try:
            return msgspec.convert(content, shape, strict=False), version
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"Version {version} of {name} is not a valid entry of {kind}: {error}.") from None


def subject_of(
    catalog: Catalog,
    configuration: Configuration,
    title: str,
    npc: str,
    stage_model: str,
    tuned: Served | None = None,
) -> tuple[Subject, NpcCard]:
    """By exactly what an NPC would speak in this configuration, and its card. Raises NotFound.

    Where the configuration names no model, `tuned` speaks, as it does to players, if this NPC speaks by it; else the
    one that the title names, else `stage_model`. Entries that a configuration names, but no word of this NPC rests on,
    are no part of its subject.
    """
    script = read_script(ConfiguredCatalog(catalog, configuration), configuration.label, title, npc)
    model = script.game.model or stage_model
    if tuned and not configuration.model and (own := tuned.of(npc)):
        model = own.model
    return Subject(npc, script.versions, model, script.game.lore), script.card


def exists(catalog: Catalog, configuration: Configuration, title: str, npc: str) -> bool:
    """Whether there is such an NPC in this configuration: in production it may be new."""
    try:
        ConfiguredCatalog(catalog, configuration).npc(title, npc, "")
    except NotFound:
        return False
    return True


def _greedy(template: PromptTemplate) -> PromptTemplate:
    return msgspec.structs.replace(
        template,
        temperature=0.0,
        variants={
            family: msgspec.structs.replace(variant, temperature=None) for family, variant in template.variants.items()
        },
    )
