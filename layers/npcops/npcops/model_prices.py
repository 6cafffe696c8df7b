"""The models npcops can call: what each one supports and costs, read from `models.json` beside this module.

JSON, because every cold start reads it: msgspec decodes the file in well under a millisecond, while importing a YAML
parser alone costs 20. Prices are estimates in US dollars per million tokens; each states the month it was compared.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from npcops.errors import ModelFailed

ChatFamily = Literal["claude", "nova", "llama", "mistral", "titan", "local"]
EmbeddingFamily = Literal["titan", "cohere-v3", "cohere-v4"]
ToolChoice = Literal["tool", "any", "auto", "none"]

_Entry = TypeVar("_Entry")

_PER_MILLION = 1_000_000
_FILE = Path(__file__).with_name("models.json")


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens, estimated in month `as_of`. Without cache prices, cached tokens cost as input."""

    input: float
    output: float
    as_of: str
    cache_read: float | None = None
    cache_write: float | None = None

    def cost(self, fresh: int, output: int, cache_read: int = 0, cache_write: int = 0) -> float:
        """The estimated price of one call; `fresh` are the input tokens that no cache served or stored."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        total = fresh * self.input + cache_read * read + cache_write * write + output * self.output
        return total / _PER_MILLION


class ChatEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a model that speaks.

    `tool_choice` is the strongest way it can be told to call a tool: `tool` by name, `any` one, `auto` if it likes;
    `none` means that it is not given tools at all but the schema in words. `request_fields` go to the model as they
    are. `regional_factor` multiplies the prices of calls outside a `global.` inference profile.
    """

    family: ChatFamily
    context_tokens: int
    tool_choice: ToolChoice
    prices: Prices
    prompt_caching: bool = False
    streaming: bool = True
    system: bool = True
    temperature: bool = True
    request_fields: dict[str, Any] = {}
    regional_factor: float = 1.0


class EmbeddingEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of an embedding model: texts a call, characters a text, and the length of its vectors."""

    family: EmbeddingFamily
    dimensions: int
    batch: int
    max_chars: int
    prices: Prices


class ChatSpec(msgspec.Struct, frozen=True):
    """A chat model as it is called: `id` goes into the request, `prices` are those of this way of calling it."""

    id: str
    entry: ChatEntry
    prices: Prices


class EmbeddingSpec(msgspec.Struct, frozen=True):
    """An embedding model as it is called."""

    id: str
    entry: EmbeddingEntry


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `models.json`."""

    note: str
    chat: dict[str, ChatEntry]
    embedding: dict[str, EmbeddingEntry]


@functools.cache
def known_models() -> ModelFile:
    """The packaged file, read once a process."""
    return msgspec.json.decode(_FILE.read_bytes(), type=ModelFile)


def chat_model(name: str) -> ChatSpec:
    """The chat model that a setting names: an id, an inference profile, an ARN that contains one of these, or
    `<known id>@<id or ARN>` for a custom, imported or provisioned model (the known id tells family and prices).

    Raises ModelFailed for a name that matches nothing.
    """
    base, called = _split(name)
    entry = _find(known_models().chat, base)
    if entry is None:
        raise ModelFailed(
            f"Model {name} is not in models.json. Add an entry below `chat` under its id, without a region prefix, "
            "with family, context_tokens, tool_choice and prices; or, for a custom or provisioned model, "
            "name it `<id of its base model>@<its ARN>`."
        )
    factor = 1.0 if base.startswith("global.") else entry.regional_factor
    return ChatSpec(called, entry, _scaled(entry.prices, factor))


def embedding_model(name: str) -> EmbeddingSpec:
    """The embedding model that a setting names, in the same forms as `chat_model`. Raises ModelFailed."""
    base, called = _split(name)
    entry = _find(known_models().embedding, base)
    if entry is None:
        raise ModelFailed(
            f"Embedding model {name} is not in models.json. Add an entry below `embedding` under its id, without a "
            "region prefix, with family, dimensions, batch, max_chars and prices."
        )
    return EmbeddingSpec(called, entry)


def _split(name: str) -> tuple[str, str]:
    """The id that tells what the model is, and the id to call."""
    base, at, target = name.partition("@")
    called = target if at else name
    if base.startswith("arn:") and "/" in base:
        base = base.rpartition("/")[2]
    return base, called


def _find(entries: dict[str, _Entry], base: str) -> _Entry | None:
    """Inference profiles are a geography before a model id: `eu.`, `global.`; the list of them grows."""
    return entries.get(base) or entries.get(base.partition(".")[2])


def _scaled(prices: Prices, factor: float) -> Prices:
    if factor == 1.0:
        return prices

    def times(price: float | None) -> float | None:
        return None if price is None else price * factor

    return Prices(
        prices.input * factor, prices.output * factor, prices.as_of, times(prices.cache_read), times(prices.cache_write)
    )
