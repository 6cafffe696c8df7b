"""npcops: NPCs that answer players from a game's own lore, and keep to it."""
