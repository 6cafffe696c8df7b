"""How well supported claims are told from others, with the local embedding model (bench/claims.jsonl).

Each claim is held against the passages that search finds for its question, all of the document it is about, and the
character's card. `auc` is by ten-fold cross-validation over questions, so no claim is judged by weights that have seen
its question; `passed` is the share of each kind that counts as supported. `--fit` prints weights for npcops.evidence.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from bench.lore_index import LocalEmbeddings, documents, index
from npcops import evidence, similarity
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.characters import NpcCard
from npcops.claims import SUPPORTED, card_source
from npcops.lore import Viewer
from npcops.meanings import Meanings
from npcops.retrieval import Retriever
from npcops.wording import split_sentences

WORLD = Path(__file__).parent.parent / "world"
CLAIMS = Path(__file__).with_name("claims.jsonl")
CONTEXT_TOKENS, FOLDS, ROUNDS, PENALTY = 1200, 10, 4, 1.0
# Added to the bias, so that what is supported with a likelihood of .4 counts: a true sentence that is taken for an
# invented one costs a writer more time than the other way round.
LENIENCE = 0.405
# Which window of a source is looked at before there are weights: the nearest with the most words in common.
FIRST_GUESS = np.array([6, 3, 1, 0.5, -2, -1, -1.5, -1, -1, -1, -4.0])


def labelled() -> list[dict[str, Any]]:
    """The rows of the labelled set, each with its character and question."""
    lines = (WORLD / "golden" / "questions.jsonl").read_text("utf-8").splitlines()
    golden = {row["id"]: row for row in map(json.loads, lines)}
    return [{**golden.get(row.get("golden"), {}), **row} for row in map(json.loads, CLAIMS.read_text().splitlines())]


def sources_of(rows: list[dict[str, Any]], embeddings: LocalEmbeddings) -> list[list[evidence.Source]]:
    """What the character of each row was given, and its card."""
    found = documents(WORLD / "lore")
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteVectorStore(str(Path(folder) / "lore.sqlite"), 384)
        index(store, "bench", found, embeddings)
        retriever, result = Retriever(embeddings, store), []
        for row in rows:
            viewer = Viewer(row["npc"], frozenset(row.get("flags", ())))
            passages = retriever.find("bench", row["question"], viewer, CONTEXT_TOKENS).passages
            whole = [evidence.source(c.id, c.heading_path, [c.text]) for c in found.get(row.get("document", ""), ())]
            given = [evidence.source(passage.id, passage.heading_path, [passage.text]) for passage in passages]
            card = yaml.safe_load((WORLD / "npcs" / f"{row['npc']}.yaml").read_text("utf-8"))
            result.append([*given, *whole, card_source(msgspec.convert(card, NpcCard))])
    return result


def features_of(rows: list[dict[str, Any]]) -> list[np.ndarray[Any, Any]]:
    """The windows of each row's sources as numbers, with a constant for the bias."""
    embeddings = LocalEmbeddings()
    meanings, result = Meanings(embeddings), []
    for row, sources in zip(rows, sources_of(rows, embeddings), strict=True):
        meanings.learn([row["claim"], *(sentence for each in sources for sentence in each.sentences)])
        known = evidence.known_names(sources)
        windows = np.concatenate([evidence.feature_rows(row["claim"], each, meanings, known) for each in sources])
        result.append(np.c_[windows, np.ones(len(windows))])
    return result


def regression(rows: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Weights of a logistic regression with a penalty on their squares, by Newton's method with halved steps."""
    penalty = np.r_[np.full(rows.shape[1] - 1, PENALTY), 1e-9]
    weights = np.zeros(rows.shape[1])

    def loss(at: np.ndarray[Any, Any]) -> float:
        return float((np.logaddexp(0, rows @ at) - truth * (rows @ at)).sum() + (penalty * at * at).sum() / 2)

    for _ in range(100):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - truth) + penalty * weights
        step = np.linalg.solve((rows * (likely * (1 - likely))[:, None]).T @ rows + np.diag(penalty), slope)
        length = 1.0
        while loss(weights - length * step) > loss(weights) and length > 1e-6:
            length /= 2
        weights = weights - length * step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def fitted(windows: list[np.ndarray[Any, Any]], truth: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Weights by which the best window of a claim's sources tells whether it is supported."""
    weights = FIRST_GUESS
    for _ in range(ROUNDS):
        weights = regression(np.array([rows[(rows @ weights).argmax()] for rows in windows]), truth)
    return weights


def auc(scores: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    """How often a supported claim has the higher score of two."""
    yes, no = scores[truth == 1][:, None], scores[truth == 0][None]
    return float(np.mean((yes > no) + 0.5 * (yes == no)))


def crossed(rows: list[dict[str, Any]], windows: list[np.ndarray[Any, Any]], truth: np.ndarray[Any, Any]) -> Any:
    """Likelihoods of support, each by weights that were fitted without its question."""
    groups = sorted({row["question"] for row in rows})
    np.random.default_rng(0).shuffle(groups)
    result = np.zeros(len(rows))
    for fold in range(FOLDS):
        held = set(groups[fold::FOLDS])
        own = [number for number, row in enumerate(rows) if row["question"] in held]
        others = [number for number in range(len(rows)) if number not in set(own)]
        weights = fitted([windows[number] for number in others], truth[others])
        result[own] = [1 / (1 + np.exp(-(windows[number] @ weights).max() - LENIENCE)) for number in own]
    return result


def run() -> dict[str, Any]:
    """Figures by cross-validation, at the threshold that evaluations use."""
    rows = labelled()
    truth = np.array([float(row["supported"]) for row in rows])
    windows = features_of(rows)
    likely = crossed(rows, windows, truth)
    taken = likely >= SUPPORTED
    kinds: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        kinds.setdefault(f"{'supported' if row['supported'] else 'unsupported'} {row['kind']}", []).append(number)
    return {
        "rows": len(rows),
        "auc": round(auc(likely, truth), 3),
        "auc_of_cosines": round(auc(np.array([each[:, 0].max() for each in windows]), truth), 3),
        "precision": round(float(truth[taken].mean()), 3),
        "recall": round(float(taken[truth == 1].mean()), 3),
        "passed": {kind: f"{int(taken[own].sum())} of {len(own)}" for kind, own in sorted(kinds.items())},
    }


def means() -> dict[str, Any]:
    """How often an answer is seen to mean a given sentence (bench/means.jsonl). The threshold was chosen on these."""
    rows = [json.loads(line) for line in CLAIMS.with_name("means.jsonl").read_text("utf-8").splitlines()]
    meanings, scores = Meanings(LocalEmbeddings()), []
    for row in rows:
        meanings.learn([row["means"], row["answer"], *split_sentences(row["answer"])])
        scores.append(similarity.meant(row["means"], row["question"], row["answer"], meanings))
    truth, found = np.array([float(row["holds"]) for row in rows]), np.array(scores)
    return {
        "pairs": len(rows),
        "auc": round(auc(found, truth), 3),
        "seen": round(float((found[truth == 1] >= similarity.MEANS).mean()), 3),
        "seen_wrongly": round(float((found[truth == 0] >= similarity.MEANS).mean()), 3),
    }


def fit() -> str:
    """The weights of all rows, as npcops.evidence has them."""
    rows = labelled()
    weights = fitted(features_of(rows), np.array([float(row["supported"]) for row in rows]))
    return f"WEIGHTS = ({', '.join(f'{weight:.2f}' for weight in weights[:-1])})\nBIAS = {weights[-1] + LENIENCE:.2f}"


if __name__ == "__main__":
    print(fit() if "--fit" in sys.argv else json.dumps({"claims": run(), "means": means()}, indent=2))
