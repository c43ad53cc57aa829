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
from gateway.models.outreach import Delivery
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
    deliveries = Gauge("xiangyin_deliveries", "Deliveries by state", ["channel", "state"], registry=registry)
    events = Gauge("xiangyin_inbound_events", "Webhooks taken in", registry=registry)
    failed = Gauge("xiangyin_inbound_errors", "Webhooks that could not be processed", registry=registry)
    with runtime().db.read() as s:
        grouped = select(Delivery.channel, Delivery.state, func.count()).group_by(
            Delivery.channel, Delivery.state
        )
        for channel, state, count in s.execute(grouped):
            deliveries.labels(channel, state).set(count)
        events.set(s.scalar(select(func.count()).select_from(InboundEvent)) or 0)
        wrong = select(func.count()).select_from(InboundEvent).where(InboundEvent.error.is_not(None))
        failed.set(s.scalar(wrong) or 0)
    return Response(generate_latest(registry), mimetype="text/plain")
