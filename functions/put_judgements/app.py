"""PUT /v1/rubrics/{rubric}/judgements: answers that people have judged, which the judge judges as well."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.labelled import JudgedSoFar, NewJudgements

judge = bootstrap_people.judge_answers()
# What one answer takes at most: looking up lore, a call of the judge, and telling the caller.
SECONDS_FOR_ONE = 18.0


@operation("studio")
def handler(request: Request) -> JudgedSoFar:
    """Judge as many as there is time for; the caller asks again for what is left."""
    new, rubric = request.body(NewJudgements), request.path("rubric")
    who = request.identity.subject
    return judge(request.title, rubric, who, new, lambda: request.seconds_left > SECONDS_FOR_ONE)
