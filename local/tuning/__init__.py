"""Low-rank adapters (LoRA) for the local chat model, trained with NumPy alone, in a process of their own."""

from local.tuning.extra import install, installed

__all__ = ["install", "installed"]
