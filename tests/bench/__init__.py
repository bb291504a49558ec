"""`make bench`: what the platform costs beside the raw database, in one run on both engines.

Absolute times tell of the machine; the ratios tell of the code. Both sides are checked to return or write the same
before they are timed; each figure is the median of several turns, the two sides taking turns.
"""
