"""POST /v1/evaluations/{evaluation}/resume: go on with what was left unfinished."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.start_evaluation import Started

start = bootstrap_studio.start_evaluation()


@operation("studio", status=202)
def handler(request: Request) -> Started:
    """The evaluation, with its new attempt."""
    return start.resume(request.title, request.path("evaluation"))
