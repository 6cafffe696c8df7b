"""The hyperparameters of the local models: their ranges, and what they mean to the trainer."""

from __future__ import annotations

from dataclasses import dataclass

from local.bedrock.errors import ValidationError
from local.tuning.job import Plan


@dataclass(frozen=True)
class Hyperparameter:
    """From `least` to `most`, both included."""

    least: float
    most: float
    default: str
    whole: bool = False


KNOWN = {
    "epochCount": Hyperparameter(1, 20, "3", whole=True),
    "batchSize": Hyperparameter(1, 16, "4", whole=True),
    "learningRate": Hyperparameter(1e-6, 0.01, "3e-4"),
    "learningRateWarmupSteps": Hyperparameter(0, 100, "5", whole=True),
    "loraRank": Hyperparameter(1, 64, "8", whole=True),
}
# An adapter adds its product times alpha by rank: with this the learning rate means the same at every rank.
ALPHA_BY_RANK = 2.0


def checked(given: dict[str, str]) -> dict[str, str]:
    """All hyperparameters, those that are not given by default. Raises ValidationError."""
    if unknown := sorted(set(given) - set(KNOWN)):
        raise ValidationError(f"Unknown hyperparameter {unknown[0]}. Known are {', '.join(KNOWN)}.")
    return {name: _value(name, each, given.get(name, each.default)) for name, each in KNOWN.items()}


def plan(model: str, name: str, given: dict[str, str]) -> Plan:
    """What the trainer is told."""
    rank = int(given["loraRank"])
    return Plan(
        model=model,
        name=name,
        epochs=int(given["epochCount"]),
        batch=int(given["batchSize"]),
        learning_rate=float(given["learningRate"]),
        warm_up=int(given["learningRateWarmupSteps"]),
        rank=rank,
        alpha=ALPHA_BY_RANK * rank,
    )


def _value(name: str, known: Hyperparameter, text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        raise ValidationError(f"Hyperparameter {name} must be a number.") from None
    if not known.least <= number <= known.most or (known.whole and number != int(number)):
        kind = "a whole number" if known.whole else "a number"
        raise ValidationError(f"Hyperparameter {name} must be {kind} from {known.least:g} to {known.most:g}.")
    return str(int(number)) if known.whole else text
