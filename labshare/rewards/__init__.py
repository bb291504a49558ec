"""Policies, grades, holds on entries, the calculation, monthly runs, statements, objections."""
