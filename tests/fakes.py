"""Stand-ins for the two models: the only parts of the product that tests do not run for real."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from npcops.dialogue import Usage
from npcops.model_calls import Delta, Prompt, Reply

DIMENSIONS = 64
STAGE_MODEL = "stage-model"
# Models write a word or two at once.
PIECE = 7
USAGE = Usage(input_tokens=100, output_tokens=10, cost_usd=0.001, ms=5)


class WordEmbeddings:
    """An `EmbeddingModel` for which texts are alike that share words: each word is one of 64 directions."""

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.failures: list[Exception] = []

    def embed_documents(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        if self.failures:
            raise self.failures.pop(0)
        self.embedded.extend(texts)
        return self.embed_queries(texts)

    def embed_queries(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> tuple[float, ...]:
        vector = [0.0] * DIMENSIONS
        for word in re.findall(r"\w+", text.lower()):
            vector[hashlib.blake2b(word.encode(), digest_size=1).digest()[0] % DIMENSIONS] += 1.0
        length = math.hypot(*vector) or 1.0
        return tuple(value / length for value in vector)


class ScriptedChat:
    """A `ChatModel` that records its prompts and answers each as it was told to; the last answer is repeated."""

    def __init__(self, *answers: dict[str, Any] | str | Exception | Callable[[Prompt], dict[str, Any] | str]) -> None:
        self.prompts: list[Prompt] = []
        self.models: list[str | None] = []
        self.answers = list(answers) or [{"say": "Well met."}]

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        self.prompts.append(prompt)
        self.models.append(model)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(prompt)
        text, called = (answer, None) if isinstance(answer, str) else ("", answer)
        return Reply(text, called, model or STAGE_MODEL, "tool_use" if called else "end_turn", USAGE)

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        reply = self.reply(prompt, model)
        kind: Literal["text", "tool_input"] = "text" if reply.tool_input is None else "tool_input"
        written = reply.text if reply.tool_input is None else json.dumps(reply.tool_input, ensure_ascii=False)
        for start in range(0, len(written), PIECE):
            yield Delta(kind, written[start : start + PIECE])
        yield reply

    @property
    def seen(self) -> str:
        """All text that ever went to the model."""
        return "\n".join(prompt_text(prompt) for prompt in self.prompts)


def prompt_text(prompt: Prompt) -> str:
    """Everything a model reads of one prompt, the tool's schema included."""
    return "\n".join((prompt.system, prompt.context, *(message.text for message in prompt.messages), repr(prompt.tool)))
