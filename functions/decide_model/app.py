"""POST /v1/models/{version}/decision: a person approves or rejects a model version."""

from npcops import bootstrap_models
from npcops.api import Request, operation
from npcops.decide_model import version_of
from npcops.models_state import DecidedModel
from npcops.promotions import Decided

decide = bootstrap_models.decide_model()


@operation("studio", status=202)
def handler(request: Request) -> DecidedModel:
    """What was decided; an approval is checked next."""
    version, decided = version_of(request.path("version")), request.body(Decided)
    return decide(request.title, version, request.identity.subject, decided)
