"""A golden suite as a task of EleutherAI's lm-evaluation-harness: its words, and a model that is the NPC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npc.promptfoo_export import tryout

RUN = "python npcops_lm.py"
FOLDER = Path(__file__).parent / "exported"
WORDS = ("says_any", "says_all", "says_none")
TASK = """\
# Written by `npc eval export`. `python npcops_lm.py` runs it on the NPC (pip install lm_eval==0.4.13); with
# `lm_eval run --include_path . --tasks {task}` any other model can be asked the same.
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {task}.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{{{message}}}}"
doc_to_target: "{{{{reference}}}}"
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: 512
process_results: !function npcops_checks.process_results
metric_list:
  - metric: passed
    aggregation: mean
    higher_is_better: true
  - metric: required
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1
"""


def files(suite: dict[str, Any], rubrics: dict[str, str]) -> dict[str, str]:
    """The files' texts by name. The harness sees words only, so rubrics are of no use to it."""
    task = "npcops_" + suite["name"].replace("-", "_")
    lines = [json.dumps(_line(case), ensure_ascii=False) for case in suite["cases"] if expressible(case)]
    return {
        f"{task}.yaml": TASK.format(task=task),
        f"{task}.jsonl": "\n".join(lines) + "\n",
        **{name: (FOLDER / name).read_text("utf-8") for name in ("npcops_checks.py", "npcops_lm.py")},
    }


def expressible(case: dict[str, Any]) -> bool:
    """Whether words alone tell something of the case."""
    return any(case.get("expected", {}).get(name) for name in WORDS)


def _line(case: dict[str, Any]) -> dict[str, Any]:
    """One document. What differs in shape from case to case is JSON in a string, for data sets have fixed columns."""
    expected = {name: value for name, value in case["expected"].items() if name in WORDS}
    return {
        "id": case["id"],
        "kind": case["kind"],
        "required": case.get("required", True),
        "message": "\n".join(case["messages"]),
        "reference": case.get("reference", ""),
        "case": json.dumps({"tryout": tryout(case), "expected": expected}, ensure_ascii=False),
    }
