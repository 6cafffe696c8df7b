"""GET /v1/agreement: how far reviewers agree with each other, and judges with people."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.labelled import Agreements

agreement = bootstrap_people.show_agreement()


@operation("studio")
def handler(request: Request) -> Agreements:
    """Reviewers first, then each judge by rubric."""
    return agreement(request.title)
