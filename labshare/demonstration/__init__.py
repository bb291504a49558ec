"""Demonstration data: an invented county that looks and counts like a real one.

Stands beside the entrances: it may use every room, no room uses it. Bulk rows are worked out by the rooms' own rules
and written through SQLAlchemy Core; monthly runs are made by the real services.
"""
