"""Firms, size class, affiliations, memberships, roles, API tokens; the permission table."""
