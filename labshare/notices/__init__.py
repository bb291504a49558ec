"""Outbox, mail, in-app notices: carries, does not know."""
