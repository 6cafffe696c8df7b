"""POST /v1/tunings/{tuning}/stop: stop a tuning run."""

from npcops import bootstrap_tuning
from npcops.api import Request, operation
from npcops.tunings import Tuning

stop = bootstrap_tuning.stop_tuning()


@operation("studio", status=202)
def handler(request: Request) -> Tuning:
    """The run, which ends as `stopped` when its pipeline has."""
    return stop(request.title, request.path("tuning"))
