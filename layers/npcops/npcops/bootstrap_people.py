"""What the functions for people's opinions are made of; see bootstrap, which has those for players and for lore.

Each function's module calls its own factory once at cold start, and pays only for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npcops import settings, tuning_settings
from npcops.wiring import (
    BATCH_SECONDS,
    catalog,
    embeddings,
    evaluation_files,
    evaluations,
    fresh_catalog,
    retriever,
)
from npcops.wiring_people import judgements, judging_chat, reviews, spoken
from npcops.wiring_tuning import live_figures, tuned_models

if TYPE_CHECKING:
    from npcops.comparing import Comparing
    from npcops.corrections import Corrections
    from npcops.grounding import CitedGrounding
    from npcops.judgements import JudgeAnswers, ShowAgreement
    from npcops.rate_turn import RateTurn
    from npcops.reviews import Reviews
    from npcops.sampling import SampleTurn

# How much lore the judge of a labelled answer is shown (in tokens): as much as a turn is given.
CONTEXT_TOKENS = 1200


def rate_turn() -> RateTurn:
    """Function RateTurn."""
    from npcops.rate_turn import RateTurn

    return RateTurn(spoken(), reviews(), live_figures(), settings.read(settings.PlayerSettings).spoken_turn_days)


def review_turns() -> Reviews:
    """Functions ListReviews and ReviewTurn."""
    from npcops.reviews import Reviews

    return Reviews(spoken(), reviews(), settings.read(settings.ReviewSettings).reviewers_per_turn)


def sample_turn() -> SampleTurn:
    """Function SampleTurn. What measures answers is built when one is first measured."""
    from npcops.live_counting import CountLive
    from npcops.sampling import SampleTurn, Shares

    wanted, days = settings.read(settings.SampleSettings), settings.read(settings.PlayerSettings).spoken_turn_days
    shares = Shares(
        random=wanted.review_random_share,
        degraded=wanted.review_degraded_share,
        measured=wanted.review_measured_share,
        threshold=wanted.review_groundedness,
    )
    settings.read(settings.CatalogSettings), settings.read(settings.EmbeddingSettings)
    count = CountLive(
        live_figures(), tuned_models(), settings.read(tuning_settings.LiveSettings).slow_turn_milliseconds
    )
    return SampleTurn(spoken(), reviews(), shares, cited_grounding, count, days)


def cited_grounding() -> CitedGrounding:
    """How well answers rest on what they cite."""
    from npcops.grounding import CitedGrounding

    label = settings.read(settings.CatalogSettings).catalog_label
    return CitedGrounding(catalog(), label, embeddings(BATCH_SECONDS))


def corrections() -> Corrections:
    """Functions ListCorrections and DecideCorrection."""
    from npcops.corrections import Corrections

    return Corrections(reviews(), fresh_catalog())


def comparing() -> Comparing:
    """Functions NextPair, PreferAnswer and GetPreferences."""
    from npcops.comparing import Comparing

    return Comparing(evaluations(), evaluation_files(), reviews())


def judge_answers() -> JudgeAnswers:
    """Function PutJudgements."""
    from npcops.judgements import JudgeAnswers, KnownAgreement
    from npcops.judging import Judge
    from npcops.model_judge import ModelJudge

    label = settings.read(settings.CatalogSettings).catalog_label
    own = settings.read(settings.JudgeSettings).judge_model
    model = own or settings.read(settings.SpeakingSettings).chat_model
    settings.read(settings.StoreSettings), settings.read(settings.EmbeddingSettings)
    store, known = judgements(), fresh_catalog()
    judge = Judge(known, label, judging_chat(model), model, KnownAgreement(store))
    return JudgeAnswers(store, ModelJudge(known, label, judge, model, retriever, CONTEXT_TOKENS))


def show_agreement() -> ShowAgreement:
    """Function GetAgreement."""
    from npcops.judgements import ShowAgreement

    return ShowAgreement(reviews(), judgements())
