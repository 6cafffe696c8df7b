"""POST /v1/models/{version}/promotion: players are shifted to an approved model, percent by percent."""

from npcops import bootstrap_models
from npcops.api import Request, operation
from npcops.decide_model import version_of
from npcops.models_state import PromotionStarted
from npcops.promotions import PromotionRequest
from npcops.studio_metrics import counted_promotion

start = bootstrap_models.start_promotion()


@operation("studio", status=202)
def handler(request: Request) -> PromotionStarted:
    """The promotion that was started, past the canon gate, which a person may override with a reason."""
    version, wanted, by = version_of(request.path("version")), request.body(PromotionRequest), request.identity.subject
    return counted_promotion(lambda: start(request.title, version, by, wanted), by)
