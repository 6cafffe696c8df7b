"""POST /v1/evaluations: evaluate a candidate, compared with what players get."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.plans import EvaluationRequest
from npcops.start_evaluation import Started

start = bootstrap_studio.start_evaluation()


@operation("studio", status=202)
def handler(request: Request) -> Started:
    """The evaluation that was started."""
    return start(request.title, request.identity.subject, request.body(EvaluationRequest))
