"""POST /v1/tunings: where to upload training data, which then tunes a model."""

from npcops import bootstrap_tuning
from npcops.api import Request, operation
from npcops.offer_training import OfferedTraining
from npcops.tunings import TuningRequest

offer = bootstrap_tuning.offer_training()


@operation("studio", status=201)
def handler(request: Request) -> OfferedTraining:
    """A presigned URL for one PUT of data, and the run that waits for it."""
    wanted = request.body(TuningRequest)
    return offer(request.title, request.identity.subject, wanted, request.query("format") or "jsonl")
