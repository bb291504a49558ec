"""Recomputations written separately, from docs/rules.md. Nothing in here imports anything from `labshare`."""
