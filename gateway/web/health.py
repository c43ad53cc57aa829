"""Is it alive, is it ready, how much is it doing: GET /healthz, /readyz, /metrics."""

from datetime import timedelta

import redis
from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from gateway import clock
from gateway.models.conversation import InboundEvent
from gateway.models.organizer import Heartbeat
from gateway.outreach import meter
from gateway.queue import LANES
from gateway.web.signed import runtime

blueprint = Blueprint("health", __name__)
_SILENT = timedelta(seconds=30)  # a clock that has not done its round for so long is not there


@blueprint.get("/healthz")
def healthz() -> str:
    """The web process answers."""
    return "ok"


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database, Redis and clock are there; 503 and which of them is not."""
    rt, missing = runtime(), []
    try:
        with rt.db.read() as s:
            s.execute(text("SELECT 1"))
            beat = s.scalar(select(func.max(Heartbeat.at)))
            if beat is None or clock.now() - beat > _SILENT:
                missing.append("clock")
    except SQLAlchemyError:
        missing.append("database")
    try:
        rt.redis().ping()
    except redis.RedisError:
        missing.append("redis")
    return jsonify(ready=not missing, missing=missing), 503 if missing else 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counts from the database, in Prometheus' format; no personal data."""
    registry = CollectorRegistry()

    def gauge(name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"xiangyin_{name}", words, labels, registry=registry)

    deliveries = gauge("deliveries", "Deliveries by state", "channel", "state")
    age = gauge("queue_age_seconds", "How long the oldest due delivery of a lane waits", "lane")
    rate = gauge("send_rate", "Deliveries handed over a second, over the last minute", "lane")
    ambiguous = gauge("deliveries_ambiguous", "Submitted, not answered, lease lapsed: being looked up")
    unknown = gauge("deliveries_unknown", "What became of them can't be found out for now")
    lag = gauge("callback_lag_seconds", "From handing over to the newest status callbacks, median")
    events = gauge("inbound_events", "Webhooks taken in")
    failed = gauge("inbound_errors", "Webhooks that could not be processed")
    with runtime().db.read() as s:
        seen = meter.read(s)
        events.set(s.scalar(select(func.count()).select_from(InboundEvent)) or 0)
        wrong = select(func.count()).select_from(InboundEvent).where(InboundEvent.error.is_not(None))
        failed.set(s.scalar(wrong) or 0)
    for (channel, state), count in seen.by_state.items():
        deliveries.labels(channel, state).set(count)
    for lane in LANES:
        age.labels(lane).set(seen.queue_age.get(lane, 0))
        rate.labels(lane).set(seen.send_rate.get(lane, 0))
    ambiguous.set(seen.ambiguous)
    unknown.set(seen.unknown)
    lag.set(seen.callback_lag)
    return Response(generate_latest(registry), mimetype="text/plain")
