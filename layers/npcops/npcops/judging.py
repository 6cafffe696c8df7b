"""Puts an answer before a judge model, with a question that only a reader can answer, and reads its verdict.

What is judged is data: it cannot close a tag of the prompt, and no verdict is read from anything but the judge's own
call of its tool. What cannot be read is no judgement, and never a pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from npcops.characters import PromptTemplate, Script
from npcops.dialogue import Usage
from npcops.errors import InvalidTemplate, ModelFailed, NotFound
from npcops.golden import Rubric
from npcops.lore import Passage
from npcops.model_calls import Message, Prompt, Reply, Tool
from npcops.people import Agreement
from npcops.plans import JudgedBy
from npcops.playings import Judgement, PlayedTurn
from npcops.ports import Catalog, ChatModel
from npcops.prompting import for_model
from npcops.scripts import JUDGE
from npcops.studio_ports import JudgeAgreement
from npcops.templates import render_judge

# A judge counts from so many answers on that people have judged as well, and from so much agreement on.
ENOUGH_ITEMS, ENOUGH_KAPPA = 20, 0.6
_LONGEST_WHY = 500
_ASKED = Message("user", "Judge the exchange above by its rubric. Answer by calling the tool `verdict`, once.")
_TOOL = Tool(
    "verdict",
    "Gives the verdict on one reply.",
    {
        "type": "object",
        "properties": {
            "why": {"type": "string", "description": "One sentence, which names the words that decide it."},
            "verdict": {"type": "boolean", "description": "true for yes, false for no."},
        },
        "required": ["why", "verdict"],
    },
)


class Judged(msgspec.Struct, frozen=True):
    """What came of one rubric: a judgement, or the reason why there is none, and whether that counts."""

    rubric: str
    judgement: Judgement | None = None
    counts: bool = False
    problem: str = ""
    usage: Usage = Usage()


class Judge:
    """Asks the judge model."""

    def __init__(self, catalog: Catalog, label: str, chat: ChatModel, model: str, agreement: JudgeAgreement) -> None:
        """Rubrics and prompt `judge` are those at `label`; `model` is the id of the judge."""
        self._catalog, self._label = catalog, label
        self._chat, self._model, self._agreement = chat, model, agreement

    def __call__(
        self,
        script: Script,
        passages: Sequence[Passage],
        turns: Sequence[PlayedTurn],
        rubrics: Sequence[str],
        reference: str,
        by: JudgedBy | None = None,
    ) -> list[Judged]:
        """What the judge says of the last of `turns`, by each rubric; by what stands at the label, or else `by` that.

        Raises ModelUnavailable or StoreUnavailable.
        """
        by = by or JudgedBy(self._model, self._label, dict.fromkeys(rubrics, self._label))
        return [self._judged(script, passages, turns, rubric, reference, by) for rubric in rubrics]

    def _judged(
        self,
        script: Script,
        passages: Sequence[Passage],
        turns: Sequence[PlayedTurn],
        name: str,
        reference: str,
        by: JudgedBy,
    ) -> Judged:
        title = script.game.id
        try:
            rubric, rubric_version = self._entry(title, "rubrics", name, by.rubrics.get(name, ""), Rubric)
            template, prompt_version = self._entry(title, "prompts", JUDGE, by.prompt, PromptTemplate)
        except NotFound:
            return Judged(name, problem=f"there is no rubric {name}, or no prompt {JUDGE}")
        known = self._agreement.of(title, name, rubric_version, prompt_version, by.model)
        try:
            prompt = self._prompt(template, script, passages, turns, rubric, reference, by.model)
            reply = self._chat.reply(prompt, by.model)
        except (InvalidTemplate, ModelFailed) as error:
            return Judged(name, None, counts(known), f"the judge could not be asked ({error.kind})")
        read = verdict_in(reply)
        if read is None:
            # Of a judge that decides, an answer must not get past by leaving it without a verdict.
            return Judged(name, None, counts(known), "the judge gave no verdict that can be read", reply.usage)
        kappa = known.value if known is not None and known.items >= ENOUGH_ITEMS else None
        return Judged(name, Judgement(name, read[0], read[1], kappa), counts(known), usage=reply.usage)

    def _entry(self, title: str, kind: str, name: str, version: str, shape: type[Any]) -> tuple[Any, str]:
        if not version:
            raise NotFound(f"There was no {name} when this was planned.")
        content, found = self._catalog.get(title, kind, name, version)
        return msgspec.convert(content, shape, strict=False), found

    def _prompt(
        self,
        template: PromptTemplate,
        script: Script,
        passages: Sequence[Passage],
        turns: Sequence[PlayedTurn],
        rubric: Rubric,
        reference: str,
        model: str,
    ) -> Prompt:
        template = for_model(template, model)
        question = "\n".join([*(f"{turn.message}\n({turn.say})" for turn in turns[:-1]), turns[-1].message])
        system, context = render_judge(
            template, script.card, script.game, passages, question, turns[-1].say, rubric, reference
        )
        return Prompt(
            system=system,
            context=context,
            messages=(_ASKED,),
            tool=_TOOL,
            max_tokens=template.max_tokens,
            temperature=template.temperature,
            attribution={"title": script.game.id, "npc": script.card.id, "purpose": JUDGE},
        )


def counts(known: Agreement | None) -> bool:
    """Whether a judge that agrees so far with people decides anything."""
    return known is not None and known.value is not None and known.items >= ENOUGH_ITEMS and known.value >= ENOUGH_KAPPA


def verdict_in(reply: Reply) -> tuple[bool, str] | None:
    """The verdict, and why; None unless the judge's answer as a whole is one.

    A judge that was cut off, that quotes a verdict among other words, or whose verdict is anything but yes or no in the
    tool's own form, has given none.
    """
    given = reply.tool_input
    if given is None or "{" in reply.text:
        # Some models have no tools and write the object; one that stands among other words may be a quotation.
        written = _whole_object(reply.text)
        given = written if given is None or written == given else None
    if given is None or set(given) != {"verdict", "why"} or reply.stop_reason == "max_tokens":
        return None
    verdict, why = given["verdict"], given["why"]
    if not isinstance(verdict, bool) or not isinstance(why, str):
        return None
    return verdict, " ".join(why.split())[:_LONGEST_WHY]


def _whole_object(text: str) -> dict[str, Any] | None:
    """The one JSON object that a text is, between the marks of a code block at most."""
    bare = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        found = json.loads(bare, object_pairs_hook=_once)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for a name that comes twice: the second verdict would silently win."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
