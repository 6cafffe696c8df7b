"""POST /v1/tunings/corrections: tune a model by the corrections that people have accepted for training."""

from npcops import bootstrap_tuning
from npcops.api import Request, operation
from npcops.tune_corrections import CorrectionsRequest, TunedCorrections

tune = bootstrap_tuning.tune_corrections()


@operation("studio", status=202)
def handler(request: Request) -> TunedCorrections:
    """The run that was begun."""
    return tune(request.title, request.identity.subject, request.body(CorrectionsRequest))
