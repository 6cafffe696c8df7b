"""`npc`: the command line for studios. Every command works on any stage and can answer in JSON."""
