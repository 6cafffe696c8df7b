"""Runs the tasks of this folder with lm-evaluation-harness on an NPC of npcops: `python npcops_lm.py`.

NPCOPS_API_URL is the API's address (up to and without /v1), NPCOPS_TOKEN a token of scope `studio`,
NPCOPS_CONFIGURATION (optional, JSON) what speaks: see `POST /v1/tryouts`.
"""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager
from lm_eval.utils import make_table

FOLDER = Path(__file__).parent
SECONDS = 60
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)


class Npcops(LM):
    """An NPC as a model: each request is a try-out, which leaves nothing behind."""

    def generate_until(self, requests, disable_tqdm=False):
        """The last answer of each case."""
        return [self._answer(json.loads(request.doc["case"])) for request in requests]

    def loglikelihood(self, requests, disable_tqdm=False):
        """NPCs tell no probabilities."""
        raise NotImplementedError("npcops has no likelihoods: use tasks of type generate_until")

    loglikelihood_rolling = loglikelihood

    def _answer(self, case):
        configuration = json.loads(os.environ.get("NPCOPS_CONFIGURATION", "{}"))
        request = urllib.request.Request(
            f"{os.environ['NPCOPS_API_URL'].rstrip('/')}/v1/tryouts",
            json.dumps({**case["tryout"], "configuration": configuration}).encode(),
            {"Authorization": f"Bearer {os.environ['NPCOPS_TOKEN']}", "Content-Type": "application/json"},
        )
        for pause in PAUSES:
            try:
                return _last_words(request)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise
                time.sleep(pause)
        return _last_words(request)


def _last_words(request):
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        turns = json.load(response)["turns"]
    return turns[-1]["say"] if turns else ""


if __name__ == "__main__":
    os.chdir(FOLDER)
    tasks = sorted(file.stem for file in FOLDER.glob("npcops_*.yaml"))
    manager = TaskManager(include_path=str(FOLDER), include_defaults=False)
    found = simple_evaluate(model=Npcops(), tasks=tasks, task_manager=manager)
    print(make_table(found))
