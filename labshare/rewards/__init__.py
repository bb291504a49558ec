"""Reward policies, the calculation, monthly runs, statements, objections."""
