"""POST /v1/evaluations/uploads: where to upload the cases of an evaluation, which then starts."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.plans import EvaluationRequest
from npcops.start_evaluation import OfferedUpload

start = bootstrap_studio.start_evaluation()


@operation("studio", status=201)
def handler(request: Request) -> OfferedUpload:
    """A presigned URL for one PUT of cases, and the evaluation that waits for them."""
    return start.offer_upload(request.title, request.identity.subject, request.body(EvaluationRequest))
