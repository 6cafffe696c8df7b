"""GET /v1/tunings: the newest tuning runs."""

from npcops import bootstrap_tuning
from npcops.api import Request, operation
from npcops.tuning_state import TuningList, list_tunings

store = bootstrap_tuning.tunings()


@operation("studio")
def handler(request: Request) -> TuningList:
    """A page, newest first."""
    return list_tunings(store, request.title, request.query("limit"), request.query("before"))
