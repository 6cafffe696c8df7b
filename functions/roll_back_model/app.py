"""POST /v1/models/rollback: players are answered as before, at once."""

from npcops import bootstrap_models
from npcops.api import Request, operation
from npcops.models_state import RolledBack
from npcops.promotions import RollbackRequest

roll_back = bootstrap_models.roll_back_model()


@operation("studio")
def handler(request: Request) -> RolledBack:
    """What was left, and by what players are answered again."""
    return roll_back(request.title, request.identity.subject, request.body(RollbackRequest))
