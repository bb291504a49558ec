"""For those who look after it: `/healthz`, `/readyz`, `/metrics`.

Requests are counted by each process; with several workers their files are added up (prometheus_client's multiprocess
mode, turned on by `labshare serve`). What lies in the database is read when it is asked for, so that any web host gives
the same answer about jobs, seals and mail.
"""

import os
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from labshare.audit.queries import count_unsealed
from labshare.http.rights import public
from labshare.kernel.database import db
from labshare.kernel.roles import excess_rights
from labshare.kernel.time import utc_now
from labshare.notices.delivery import queue_of_mail

blueprint = Blueprint("monitoring", __name__)
REQUESTS = Histogram(
    "labshare_request_seconds",
    "Requests by endpoint and status, with how long they took.",
    ("endpoint", "method", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process is alive; nothing else is asked."""
    return Response("alive\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """The database answers and has this version's tables; 503 with the reason otherwise."""
    lacking = _lacking()
    return Response(f"{lacking or 'ready'}\n", 503 if lacking else 200, content_type="text/plain; charset=utf-8")


def _lacking() -> str | None:
    from alembic.runtime.migration import MigrationContext  # 9 MB, for this question alone

    try:
        found = MigrationContext.configure(db.session.connection()).get_current_heads()
    except SQLAlchemyError:
        return "the database does not answer"
    if set(found) != _newest():
        return "the database is not migrated: labshare db upgrade"
    excess = excess_rights() if current_app.config["PRODUCTION"] else None
    return f"the database's role {excess}" if excess else None


@cache
def _newest() -> set[str]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(current_app.root_path) / "migrations").replace("%", "%%"))
    return set(ScriptDirectory.from_config(config).get_heads())


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus' text, for the addresses of `METRICS_FROM` alone; to all others the page does not exist."""
    if not _trusted():
        abort(404)
    registry = CollectorRegistry()
    registry.register(DatabaseFigures())
    requests = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        requests = CollectorRegistry()
        MultiProcessCollector(requests)
    return Response(generate_latest(requests) + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _trusted() -> bool:
    """An address that is listed. A request that some proxy passed on without being counted in `TRUSTED_PROXIES` has
    the proxy's address, not its own: it is not believed."""
    if "X-Forwarded-For" in request.headers and not current_app.config["TRUSTED_PROXIES"]:
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in current_app.config["METRICS_FROM"])


class DatabaseFigures(Collector):
    """Jobs, seals and mail as the database has them now."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = utc_now()
        name = "labshare_job_last_success"
        last = GaugeMetricFamily(f"{name}_timestamp_seconds", "When it last ended well.", labels=["job"])
        age = GaugeMetricFamily(f"{name}_age_seconds", "How long ago that was.", labels=["job"])
        overdue = GaugeMetricFamily("labshare_job_overdue", "1: it should have run by now.", labels=["job"])
        failed = GaugeMetricFamily("labshare_job_failed", "1: its last run failed.", labels=["job"])
        for state in current_app.extensions["labshare.jobs"](now):
            labels = [state.job.name]
            if state.succeeded_at is not None:
                last.add_metric(labels, state.succeeded_at.timestamp())
                age.add_metric(labels, (now - state.succeeded_at).total_seconds())
            overdue.add_metric(labels, state.overdue)
            failed.add_metric(labels, state.error is not None)
        yield from (last, age, overdue, failed)
        yield GaugeMetricFamily("labshare_audit_unsealed_events", "Events without a seal yet.", count_unsealed(now))
        waiting, oldest, given_up = queue_of_mail()
        yield GaugeMetricFamily("labshare_mail_queue", "Letters not sent yet.", waiting)
        yield GaugeMetricFamily("labshare_mail_given_up", "Letters given up after the last attempt.", given_up)
        yield GaugeMetricFamily(
            "labshare_mail_oldest_age_seconds",
            "How long the oldest of them waits.",
            (now - oldest).total_seconds() if oldest else 0,
        )


def _begin() -> None:
    g.begun = perf_counter()


def _count(response: Response) -> Response:
    if request.blueprint != blueprint.name and "begun" in g:
        method = request.method if request.method in METHODS else "other"
        labels = (request.endpoint or "none", method, str(response.status_code))
        REQUESTS.labels(*labels).observe(perf_counter() - g.begun)
    return response


def init(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_count)
    app.register_blueprint(blueprint)
