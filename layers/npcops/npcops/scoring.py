"""Scores one playing of a golden case: checks, claims, the judge's verdicts, and figures."""

from __future__ import annotations

from collections.abc import Sequence

from npcops import languages, similarity
from npcops.characters import Script
from npcops.checks import Heard, checks_of, texts_for
from npcops.claims import grounds, sources_of
from npcops.dialogue import ShownPassage, Usage
from npcops.errors import ModelFailed, ModelUnavailable
from npcops.judging import Judge, Judged
from npcops.lore import Passage
from npcops.meanings import Meanings
from npcops.plans import PlannedCase
from npcops.playings import Check, PlayedTurn, Playing
from npcops.ports import EmbeddingModel
from npcops.studio_ports import ToxicityModel


class Scorer:
    """Scores playings; all that one playing needs vectors of is embedded in one batch."""

    def __init__(self, embeddings: EmbeddingModel, judge: Judge | None, toxicity: ToxicityModel | None) -> None:
        """Without a judge, rubrics are not asked; without a service for it, toxicity is not measured."""
        self._meanings, self._judge, self._toxicity = Meanings(embeddings), judge, toxicity

    def score(
        self,
        script: Script,
        planned: PlannedCase,
        turns: Sequence[PlayedTurn],
        passages: Sequence[Passage],
        judge: bool,
    ) -> Playing:
        """What the last of `turns` is like; `passages` are those that its model was given.

        A figure that cannot be had is absent. Raises ModelFailed, ModelUnavailable and StoreUnavailable.
        """
        case, shown = planned.case, tuple(_shown(passage) for passage in passages)
        if not turns:
            return Playing((), shown, (Check("answered", False, "Was not answered at all."),))
        answer, sources = turns[-1].say, sources_of(script, passages, turns)
        self._meanings.learn(
            [
                *texts_for(case, script, answer),
                *(sentence for each in sources for sentence in each.sentences),
                *similarity.phrases(answer),
                *similarity.phrases(case.reference),
                turns[-1].message,
            ]
        )
        cited = [citation.id for citation in turns[-1].citations]
        found = grounds(answer, sources, cited, self._meanings, case.expected.language or case.language)
        heard = Heard(case, script, tuple(turns), tuple(sources), found, self._meanings)
        judged = self._judged(script, passages, turns, planned) if judge else []
        metrics = {
            "groundedness": found.groundedness,
            "citation_support": found.citation_support,
            "relevance": similarity.relevance(turns[-1].message, answer, self._meanings),
            "rouge_l": similarity.rouge_l(answer, case.reference),
            "similarity": similarity.likeness(answer, case.reference, self._meanings),
            "toxicity": self._worst(turns, case.language or script.card.language),
            **_usage(turns[-1]),
        }
        return Playing(
            turns=tuple(turns),
            passages=shown,
            checks=(*checks_of(heard), *(_of_judge(each) for each in judged)),
            claims=found.claims,
            judgements=tuple(each.judgement for each in judged if each.judgement),
            metrics={name: round(value, 6) for name, value in metrics.items() if value is not None},
            judging=sum((each.usage for each in judged), Usage()),
        )

    def _judged(
        self, script: Script, passages: Sequence[Passage], turns: Sequence[PlayedTurn], planned: PlannedCase
    ) -> list[Judged]:
        if self._judge is None:
            return []
        case = planned.case
        return self._judge(script, passages, turns, case.expected.rubrics, case.reference, planned.judged_by)

    def _worst(self, turns: Sequence[PlayedTurn], language: str) -> float | None:
        """The toxicity of the worst answer; None where no service can tell."""
        said = [turn.say for turn in turns if turn.say.strip()]
        if self._toxicity is None or not said:
            return None
        if languages.is_in(" ".join(said), language) is False:
            language = languages.spoken(" ".join(said)) or language
        try:
            found = self._toxicity.toxicity(said, language)
        except (ModelFailed, ModelUnavailable):
            return None
        return max((toxicity for toxicity in found if toxicity is not None), default=None)


def _shown(passage: Passage) -> ShownPassage:
    return ShownPassage(passage.id, passage.document, passage.title, passage.text)


def _usage(turn: PlayedTurn) -> dict[str, float | None]:
    return {
        "input_tokens": float(turn.usage.input_tokens),
        "output_tokens": float(turn.usage.output_tokens),
        "cost_usd": turn.usage.cost_usd,
        "ms": float(turn.ms),
        "first_ms": None if turn.first_ms is None else float(turn.first_ms),
    }


def _of_judge(judged: Judged) -> Check:
    """Advice, unless people are known to agree with this judge."""
    name = f"rubric-{judged.rubric}"
    if judged.judgement is None:
        return Check(name, False, f"Not judged: {judged.problem}.", judged.counts)
    said = "yes" if judged.judgement.passed else "no"
    told = f"The judge says {said}: {judged.judgement.why}" if judged.judgement.why else f"The judge says {said}."
    return Check(name, judged.judgement.passed, told, judged.counts)
