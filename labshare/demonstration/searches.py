"""What the demonstration's client looked for last."""

from datetime import timedelta

from labshare.catalogue.models import FirmSearch
from labshare.catalogue.rules.text import one_spelling
from labshare.demonstration.loading import Loading

TYPED = (
    (0, "盐雾 GB/T 10125 3 件", 2),
    (1, "HRC", 4),
    (3, "螺栓生锈", 0),
    (8, "金相 GCr15", 3),
    (15, "三坐标 CNAS", 2),
)
"""Days ago, words, and how many labs had an offer."""


def add_searches(loading: Loading) -> None:
    for days, words, labs in TYPED:
        at = loading.at(loading.today - timedelta(days=days), 8)
        key = one_spelling(words)
        loading.rows.add(FirmSearch, firm_id=loading.demo_client.id, key=key, words=words, labs=labs, last_at=at)
