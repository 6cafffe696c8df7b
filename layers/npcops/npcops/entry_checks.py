"""Checks what an entry of the catalogue says: against itself, and against what else its title has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from npcops.action_checks import InvalidSchema, check_schema
from npcops.characters import ActionSet, ActionSpec, GameTitle, NpcCard, PromptTemplate
from npcops.errors import InvalidRequest, ModelFailed
from npcops.golden import GoldenSuite
from npcops.model_prices import chat_model
from npcops.policies import ModerationPolicy
from npcops.ports import Catalog
from npcops.template_checks import PURPOSES, check

T = TypeVar("T")


def check_alone(entry: msgspec.Struct) -> None:
    """Refuses, with InvalidRequest or InvalidTemplate, an entry that could not be used whatever else there is."""
    if isinstance(entry, PromptTemplate):
        if entry.name not in PURPOSES:
            raise InvalidRequest(f"A prompt is named by its purpose, one of {', '.join(sorted(PURPOSES))}.")
        check(entry)
    elif isinstance(entry, GameTitle | ActionSet):
        _check_actions(entry.actions)
        if isinstance(entry, GameTitle) and entry.model:
            _check_model(entry.model)
    elif isinstance(entry, GoldenSuite):
        _refuse_twice("cases", [case.id for case in entry.cases])
    elif isinstance(entry, ModerationPolicy):
        _check_policy(entry)


def check_references(catalog: Catalog, title: str, name: str, entry: msgspec.Struct) -> None:
    """Refuses, with InvalidRequest, an entry that names what its title does not have.

    The versions that were stored last count, which need not be live yet. A card may come before there is a title.
    """
    if isinstance(entry, NpcCard):
        _check_names(catalog, title, "examples", "example_sets", entry.example_sets, "The card")
        _check_names(catalog, title, "suites", "suites", entry.suites, "The card")
        if game := newest(catalog, title, "titles", title, GameTitle):
            _check_card(entry, game, _with_sets(catalog, title, game))
    elif isinstance(entry, GameTitle):
        _check_names(catalog, title, "actions", "action_sets", entry.action_sets, "The title")
        _with_sets(catalog, title, entry)
    elif isinstance(entry, ActionSet):
        game = newest(catalog, title, "titles", title, GameTitle)
        if game and name in game.action_sets:
            _with_sets(catalog, title, game, {name: entry})
    elif isinstance(entry, GoldenSuite):
        rubrics = dict.fromkeys(rubric for case in entry.cases for rubric in case.expected.rubrics)
        _check_names(catalog, title, "rubrics", "rubrics", rubrics, "The suite")


def newest(catalog: Catalog, title: str, kind: str, name: str, shape: type[T]) -> T | None:
    """The version of a name that was stored last; None before there is one."""
    version = next((found["latest"] for found in catalog.names(title, kind) if found["name"] == name), None)
    if version is None:
        return None
    content, _ = catalog.get(title, kind, name, version)
    return msgspec.convert(content, shape, strict=False)


def _check_actions(actions: Sequence[ActionSpec]) -> None:
    """Actions have names of their own, and arguments that can be checked."""
    _refuse_twice("actions", [action.name for action in actions])
    for action in actions:
        try:
            check_schema(action.parameters)
        except InvalidSchema as error:
            raise InvalidRequest(f"The `parameters` of action {action.name} are no JSON Schema: {error}.") from None


def _check_model(name: str) -> None:
    try:
        chat_model(name)
    except ModelFailed as error:
        raise InvalidRequest(f"The title's model cannot be called. {error}") from None


def _check_policy(policy: ModerationPolicy) -> None:
    categories = [category.name for category in policy.categories]
    _refuse_twice("categories", categories)
    for term in policy.terms:
        if term.category is not None and term.category not in categories:
            raise InvalidRequest(
                f"Term {term.term} belongs to category {term.category}, which the policy does not have; "
                f"it has {', '.join(categories)}."
            )
    points = [sanction.points for sanction in policy.sanctions]
    if points != sorted(set(points)):
        raise InvalidRequest("The sanctions are a ladder: each begins at more points than the one before.")


def _check_card(card: NpcCard, game: GameTitle, actions: Sequence[ActionSpec]) -> None:
    """A character does and shows only what its game knows."""
    _refuse_unknown("actions", card.actions, [action.name for action in actions])
    if game.emotions:
        _refuse_unknown("emotions", card.emotions, game.emotions)


def _with_sets(
    catalog: Catalog, title: str, game: GameTitle, instead: dict[str, ActionSet] | None = None
) -> list[ActionSpec]:
    """The actions of a title and of its sets, each of which has a name of its own."""
    actions = list(game.actions)
    for name in game.action_sets:
        found = (instead or {}).get(name) or newest(catalog, title, "actions", name, ActionSet)
        actions += found.actions if found else ()
    _refuse_twice("actions", [action.name for action in actions], " of the title and its sets")
    return actions


def _check_names(catalog: Catalog, title: str, kind: str, field: str, named: Collection[str], whose: str) -> None:
    if not named:
        return
    known = [str(found["name"]) for found in catalog.names(title, kind)]
    if unknown := [name for name in named if name not in known]:
        raise InvalidRequest(
            f"{whose} names {field} that the catalogue does not have: {', '.join(unknown)}. "
            f"It has {', '.join(known) or 'none'}; store what is missing as {kind} first."
        )


def _refuse_unknown(what: str, named: Collection[str], known: Collection[str]) -> None:
    if unknown := [name for name in named if name not in known]:
        raise InvalidRequest(
            f"The card names {what} that the title does not have: {', '.join(unknown)}. "
            f"The title has {', '.join(known) or 'none'}; add what is missing to the title first."
        )


def _refuse_twice(what: str, names: Iterable[Any], where: str = "") -> None:
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise InvalidRequest(f"There are two {what} called {name}{where}; each needs a name of its own.")
        seen.add(name)
