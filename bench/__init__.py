"""Benchmarks: speed, memory, sizes and retrieval quality. Figures of one run are comparable with each other only."""
