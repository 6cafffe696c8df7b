"""Turns training data into what the trainer learns from: tokens of the form in which the model is asked later.

A conversation whose system text tells of a character becomes a dialogue in the raw form of `prompt`, of which the
character's lines are learned; any other one follows the template of the model file. The worked examples that stand
before a question later are left out: they are the same for everybody, and the longer part of a prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence

from local.bedrock import prompt, rehearsal
from local.bedrock.converse import Request
from local.bedrock.models import Base
from local.bedrock.scene import Example as Exchange
from local.bedrock.scene import Scene, parse_scene
from local.bedrock.speaker import messages_of
from local.bedrock.training_data import Conversation
from local.tuning.packing import Example

# What is kept while a step is computed grows with the length of an example.
MOST_TOKENS, MOST_LEARNED = 768, 384
TEXT_TOKENS = 256
TURN_END = "<|im_end|>\n"


class Lessons:
    """Examples for one base model."""

    def __init__(self, base: Base) -> None:
        self._model = base.model

    async def of_conversations(self, conversations: Sequence[Conversation], rehearsed: bool) -> list[Example]:
        """All answers of all conversations; and if `rehearsed`, among them what is not to be unlearned meanwhile."""
        examples = [example for each in conversations async for example in self._of_conversation(each, rehearsed)]
        answers = Counter[tuple[str, ...]]()
        for each in conversations:
            answers[each.system] += len(each.turns) // 2
        for system, number in answers.items() if rehearsed else ():
            scene = parse_scene(system)
            if scene:
                for exchanges in rehearsal.for_scene(scene, number):
                    examples += [example async for example in self._of_exchanges(scene, exchanges)]
        return examples

    async def of_texts(self, texts: Sequence[str]) -> list[Example]:
        """Pieces of plain text, of which every token is learned."""
        pieces: list[Example] = []
        for text in texts:
            tokens = await self._model.tokens(text, whole=False)
            # Pieces overlap by one token, from which the first word of a piece is foretold.
            cut = (tokens[start : start + TEXT_TOKENS + 1] for start in range(0, len(tokens) - 1, TEXT_TOKENS))
            pieces += [Example(tuple(piece), ((1, len(piece)),)) for piece in cut]
        return pieces

    async def _of_conversation(self, conversation: Conversation, noted: bool) -> AsyncIterator[Example]:
        """With notes that have nothing to do with what is said, if it is to be `noted`."""
        scene = parse_scene(conversation.system)
        said = [text for _, text in conversation.turns]
        if scene:
            pairs = zip(said[::2], said[1::2], strict=True)
            exchanges = [Exchange(rehearsal.beside(*pair) if noted else "", *pair) for pair in pairs]
            async for example in self._of_exchanges(scene, exchanges):
                yield example
        else:
            for place in range(1, len(said), 2):
                request = Request(turns=list(conversation.turns[:place]), system=list(conversation.system))
                asked = await self._model.apply_template(messages_of(request))
                yield await self._answer(asked, said[place])

    async def _of_exchanges(self, scene: Scene, exchanges: Iterable[Exchange]) -> AsyncIterator[Example]:
        """One dialogue, or more if it is long; each begins with the character's opening."""
        opening = await self._model.tokens(prompt.opening(scene), whole=True)
        tokens, learned = list(opening), list[tuple[int, int]]()
        for exchange in exchanges:
            asked = await self._model.tokens(prompt.asked(scene, exchange), whole=False)
            words = await self._model.tokens(prompt.answered(scene, exchange), whole=False)
            words = words[:MOST_LEARNED]
            if learned and len(tokens) + len(asked) + len(words) > MOST_TOKENS:
                yield Example(tuple(tokens), tuple(learned))
                tokens, learned = list(opening), []
            tokens += asked[-(MOST_TOKENS - len(opening) - len(words)) :]
            learned.append((len(tokens), len(tokens) + len(words)))
            tokens += words
        if learned:
            yield Example(tuple(tokens), tuple(learned))

    async def _answer(self, asked: str, reply: str) -> Example:
        before = await self._model.tokens(asked, whole=True)
        words = (await self._model.tokens(reply, whole=False))[:MOST_LEARNED]
        words += await self._model.tokens(TURN_END, whole=True)
        before = before[-(MOST_TOKENS - len(words)) :]
        return Example((*before, *words), ((len(before), len(before) + len(words)),))
