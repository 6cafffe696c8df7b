"""The judge of evaluations, asked about an answer that a person has judged."""

from __future__ import annotations

from collections.abc import Callable

from npcops.dialogue import Usage
from npcops.errors import ModelFailed
from npcops.judging import Judge
from npcops.labelled import JudgeVersions, LabelledAnswer
from npcops.lore import Viewer, space_of
from npcops.playings import PlayedTurn
from npcops.ports import Catalog
from npcops.retrieval import Retriever
from npcops.scripts import JUDGE, read_script


class ModelJudge:
    """`Judge` of judgements. It reads what it judges by at the stage's label, as evaluations do."""

    def __init__(
        self,
        catalog: Catalog,
        label: str,
        judge: Judge,
        model: str,
        retriever: Callable[[], Retriever],
        context_tokens: int,
    ) -> None:
        self._catalog, self._label, self._judge, self._model = catalog, label, judge, model
        self._retriever, self._context_tokens = retriever, context_tokens

    def versions(self, title: str, rubric: str) -> JudgeVersions:
        """See Judge."""
        _, rubric_version = self._catalog.get(title, "rubrics", rubric, self._label)
        _, prompt_version = self._catalog.get(title, "prompts", JUDGE, self._label)
        return JudgeVersions(rubric_version, prompt_version, self._model)

    def judge(self, title: str, rubric: str, answer: LabelledAnswer) -> tuple[bool, str]:
        """See Judge. The judge has the lore that the NPC would have had before it."""
        script = read_script(self._catalog, self._label, title, answer.npc)
        viewer = Viewer(answer.npc, frozenset(answer.flags))
        space = space_of(title, script.game.lore)
        passages = self._retriever().find(space, answer.player, viewer, self._context_tokens).passages
        (judged,) = self._judge(script, passages, [_played(answer)], [rubric], "")
        if judged.judgement is None:
            raise ModelFailed(f"No judgement: {judged.problem}.")
        return judged.judgement.passed, judged.judgement.why


def _played(answer: LabelledAnswer) -> PlayedTurn:
    return PlayedTurn(answer.player, answer.reply, "neutral", (), (), None, (), "", Usage(), 0, None)
