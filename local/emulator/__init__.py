"""The embedded cloud: MiniStack in its own interpreter, with the repairs and the state keeping that npcops needs."""
