"""GET /v1/corrections: corrected answers in one state."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.corrections import PROPOSED
from npcops.people import CorrectionList

corrections = bootstrap_people.corrections()


@operation("studio")
def handler(request: Request) -> CorrectionList:
    """The newest first; those that nobody has decided yet unless another state is asked for."""
    return corrections.listed(request.title, request.query("state") or PROPOSED, request.query("before") or "")
