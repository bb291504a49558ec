"""Recomputations written separately from the contract's text. Nothing in here imports anything from `labshare`."""
