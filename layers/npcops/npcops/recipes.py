"""Recipes of base models that can be tuned: formats, limits, throughput and hyperparameters, one packaged file each."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from npcops.errors import InvalidRequest
from npcops.model_prices import ChatFamily
from npcops.tunings import Throughput, TuningType

Format = Literal["conversation", "prompt-completion"]
"""`conversation`: a line of Bedrock's conversation schema (system, messages); else `prompt` and `completion`."""

_FOLDER = Path(__file__).with_name("recipes")


class Hyperparameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a hyperparameter may be: `least` to `most`, both included; a `whole` one has no fraction.

    `default` is written as it goes to Bedrock.
    """

    name: str
    least: float
    most: float
    default: str
    whole: bool = False


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one type of tuning is done.

    `least_records` and `most_records` bound training and validation records together; `most_tokens` is what a record
    may hold, input and output; `training_bytes` and `validation_bytes` bound the files. 0: no bound is known.
    """

    hyperparameters: tuple[Hyperparameter, ...]
    most_tokens: int
    least_records: int = 0
    most_records: int = 0
    training_bytes: int = 0
    validation_bytes: int = 0


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a base model is tuned, by what its provider's documentation said in month `as_of`.

    `base` is the id by which npcops calls the model, `customizes` the one that a customization job is given. Words of
    `reserved` must not be in any record. `throughput` lists what a tuned model can be run on, the default first.
    """

    base: str
    customizes: str
    family: ChatFamily
    format: Format
    types: dict[TuningType, Training]
    throughput: Annotated[tuple[Throughput, ...], msgspec.Meta(min_length=1)]
    as_of: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}$")]
    source: str
    regions: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    note: str = ""

    def training(self, kind: TuningType) -> Training:
        """How this type of tuning is done. Raises InvalidRequest: this model cannot be tuned so."""
        found = self.types.get(kind)
        if found is None:
            known = ", ".join(sorted(self.types))
            raise InvalidRequest(f"The model {self.base} cannot be tuned by {kind}, but by: {known}.")
        return found

    def runs_on(self, asked: Throughput | None) -> Throughput:
        """What a tuned model is run on. Raises InvalidRequest: not on what was asked for."""
        if asked is not None and asked not in self.throughput:
            raise InvalidRequest(f"A tuned {self.base} runs on {' or '.join(self.throughput)} throughput alone.")
        return asked or self.throughput[0]

    def hyperparameters(self, kind: TuningType, given: dict[str, str]) -> dict[str, str]:
        """All hyperparameters as they go to Bedrock: those that are `given`, and the recipe's.

        Raises InvalidRequest for one that the model does not have, and for a value out of its range.
        """
        known = {each.name: each for each in self.training(kind).hyperparameters}
        if unknown := sorted(set(given) - set(known)):
            raise InvalidRequest(
                f"{self.base} has no hyperparameter {unknown[0]!r} for {kind}. It has: {', '.join(sorted(known))}."
            )
        return {name: _checked(each, given[name]) if name in given else each.default for name, each in known.items()}


@functools.cache
def known_recipes() -> dict[str, Recipe]:
    """The packaged recipes by base model, read once a process."""
    read = (msgspec.json.decode(file.read_bytes(), type=Recipe) for file in sorted(_FOLDER.glob("*.json")))
    return {recipe.base: recipe for recipe in read}


def recipe(base: str) -> Recipe:
    """The recipe of a base model, named by its id or by an inference profile of it. Raises InvalidRequest."""
    recipes = known_recipes()
    found = recipes.get(base) or recipes.get(base.partition(".")[2])
    if found is None:
        raise InvalidRequest(f"There is no recipe to tune {base!r}. These can be tuned: {', '.join(sorted(recipes))}.")
    return found


def _checked(known: Hyperparameter, value: str) -> str:
    """The value, if it is a number in range. Raises InvalidRequest."""
    try:
        number = float(value)
    except ValueError:
        raise InvalidRequest(f"The hyperparameter {known.name} is not a number.") from None
    # Written the other way round, a comparison with NaN would let it pass.
    if not known.least <= number <= known.most:
        raise InvalidRequest(f"The hyperparameter {known.name} must be from {known.least:g} to {known.most:g}.")
    if known.whole and number != int(number):
        raise InvalidRequest(f"The hyperparameter {known.name} must be a whole number.")
    return str(int(number)) if known.whole else value.strip()
