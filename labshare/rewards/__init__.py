"""Reward policies, the calculation, monthly runs, statements, objections (contract sections 6 and 7)."""
