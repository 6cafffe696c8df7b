"""Typed values that writers and designers version: characters, what they may do, prompts and the title itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from npcops.lore import Gate, Viewer


class Example(msgspec.Struct, frozen=True):
    """One few-shot example: a note the character has, what a player asks, what the character replies."""

    player: str
    reply: str
    note: str = ""


class ActionSpec(msgspec.Struct, frozen=True):
    """Something the game can do on an NPC's behalf; `parameters` is the JSON Schema of its arguments.

    It may be done only for a player who has every flag of `requires` and none of `forbids`.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    description: str
    parameters: dict[str, Any] = {}
    requires: frozenset[str] = frozenset()
    forbids: frozenset[str] = frozenset()

    def allowed(self, viewer: Viewer) -> bool:
        """Whether its preconditions hold for a player's world state."""
        return Gate(self.requires, self.forbids).admits(viewer)


class MemoryPolicy(msgspec.Struct, frozen=True):
    """How much an NPC remembers: verbatim turns within `recent_tokens`, summaries of older ones within
    `summary_tokens`, facts within `fact_tokens`, everything for `ttl_days` days.
    """

    recent_tokens: int = 500
    ttl_days: int = 90
    summary_tokens: int = 400
    fact_tokens: int = 200


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long players wait for this NPC, in seconds; what is left out is the stage's.

    The whole answer takes at most `deadline`. A model that has said nothing for `first_token` is given up for the next
    one; with `hedge`, the next one is asked beside it after so long, and the first to speak is heard.
    """

    deadline: Annotated[float, msgspec.Meta(ge=1, le=25)] | None = None
    first_token: Annotated[float, msgspec.Meta(gt=0, le=25)] | None = None
    hedge: Annotated[float, msgspec.Meta(gt=0, le=25)] | None = None


class SpeakingVoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The voice in which an NPC is heard: a voice of the speech service, its engine and its language."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    engine: Literal["standard", "neural", "long-form", "generative"] = "neural"
    language: str | None = None


class NpcCard(msgspec.Struct, frozen=True):
    """A character as writers describe it (`world/npcs/*.yaml`).

    `emotions` and `actions` are names from the title's own (none named: no restriction, and no action). `fallbacks` are
    authored lines by mood (`busy`, `unsure`, `refuse`, `default`) for when no model can answer. For a `unique` NPC no
    answer is used twice. `example_sets` names sets of the catalogue whose examples follow the card's own; `suites` the
    golden suites that guard the character (npcops.golden).
    """

    id: str
    name: str
    persona: str
    role: str = ""
    voice: str = ""
    knowledge: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ("neutral",)
    language: str = "en"
    examples: tuple[Example, ...] = ()
    fallbacks: dict[str, tuple[str, ...]] = {}
    actions: tuple[str, ...] = ()
    memory: MemoryPolicy = MemoryPolicy()
    timing: Timing = Timing()
    unique: bool = False
    speech: SpeakingVoice | None = None
    example_sets: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()


class GameTitle(msgspec.Struct, frozen=True):
    """A game as its designers describe it (`world/title.yaml`).

    `flags` explains every world-state flag; `emotions` are all that a character of this game can show (empty: whatever
    its card names), `actions` all that a character can have the game do; `action_sets` names sets of the catalogue
    whose actions are added to them. `lore` is the snapshot that NPCs know (empty: the live lore), `model` the model
    that speaks first (empty: the stage's).
    """

    id: str
    name: str
    description: str = ""
    flags: dict[str, str] = {}
    emotions: tuple[str, ...] = ()
    actions: tuple[ActionSpec, ...] = ()
    action_sets: tuple[str, ...] = ()
    lore: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{16})?$")] = ""
    model: str = ""

    def emotions_of(self, card: NpcCard) -> tuple[str, ...]:
        """The emotions that a character shows: those of its card that the studio has."""
        return tuple(name for name in card.emotions if name in self.emotions) if self.emotions else card.emotions

    def actions_of(self, card: NpcCard, viewer: Viewer) -> tuple[ActionSpec, ...]:
        """What a character may have the game do for this player now."""
        return tuple(action for action in self.actions if action.name in card.actions and action.allowed(viewer))


class ExampleSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Few-shot examples that several characters can share (`world/examples/*.yaml`)."""

    name: str
    examples: Annotated[tuple[Example, ...], msgspec.Meta(min_length=1, max_length=50)]
    description: str = ""


class ActionSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions that several titles can share (`world/actions/*.yaml`)."""

    name: str
    actions: Annotated[tuple[ActionSpec, ...], msgspec.Meta(min_length=1, max_length=50)]
    description: str = ""


class PromptVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a prompt is like for one family of models; what is left out is as in the prompt itself."""

    system: str | None = None
    context: str | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=16, le=4096)] | None = None


class PromptTemplate(msgspec.Struct, frozen=True):
    """A prompt as writers version it (`world/prompts/*.yaml`): a part that is constant per NPC and one per turn.

    `temperature` (0 to 1) is how freely the model may choose its words, `max_tokens` how long a reply may get.
    `variants` are for families of models (`claude`, `nova`, ...). Its name says what a prompt is for.
    """

    name: str
    system: str
    context: str = ""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    max_tokens: Annotated[int, msgspec.Meta(ge=16, le=4096)] = 300
    purpose: str = ""
    variables: tuple[str, ...] = ()
    variants: dict[str, PromptVariant] = {}

    def for_family(self, family: str) -> PromptTemplate:
        """This prompt as models of a family are given it."""
        variant = self.variants.get(family)
        if variant is None:
            return self
        own = {name: value for name, value in msgspec.structs.asdict(variant).items() if value is not None}
        return msgspec.structs.replace(self, **own)


class Script(msgspec.Struct, frozen=True):
    """Everything authored that one turn rests on, with the versions by which it can be named (`kind/name`: version).

    `card` has the examples of its sets, `game` the actions of its sets.
    """

    card: NpcCard
    card_version: str
    template: PromptTemplate
    prompt_version: str
    game: GameTitle
    versions: dict[str, str] = {}
