"""GET /v1/models: the versions of a title's model, and who is answered by which."""

from npcops import bootstrap_models
from npcops.api import Request, operation
from npcops.models_state import ModelList

models = bootstrap_models.list_models()


@operation("studio")
def handler(request: Request) -> ModelList:
    """All versions, newest first."""
    return models(request.title)
