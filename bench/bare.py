"""The least a webhook can be, beside which ours are measured: check the signature, then answer a constant; or, for a
status callback, one UPDATE by primary key. Written as most people would: Flask, the official validator, SQLAlchemy Core.
"""

import os

from flask import Flask, Response, abort, request
from sqlalchemy import bindparam, create_engine, event, text
from twilio.request_validator import RequestValidator


def create_app() -> Flask:
    """A Flask application with two routes; ``DATABASE_URL`` is for the second."""
    app, base = Flask(__name__), os.environ["PUBLIC_URL"]
    validator = RequestValidator(os.environ["BENCH_TOKEN"])
    url = os.environ.get("DATABASE_URL", "sqlite://").replace("postgresql://", "postgresql+psycopg://", 1)
    lite = url.startswith("sqlite")
    engine = create_engine(url, **({} if lite else {"pool_size": 16}))
    if lite:

        @event.listens_for(engine, "connect")
        def prepare(connection, _record):  # type: ignore[no-untyped-def]
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
                connection.execute(f"PRAGMA {pragma}")

    moved = text("UPDATE deliveries SET state = :to WHERE id = :d").bindparams(
        bindparam("d"), bindparam("to")
    )

    def check() -> None:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(base + request.path + query, request.form, signature):
            abort(403)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/twilio/sms")
    def sms() -> Response:
        check()
        return Response(
            "<?xml version='1.0'?><Response><Message>收到</Message></Response>", mimetype="text/xml"
        )

    @app.post("/twilio/status/message")
    def status() -> Response:
        check()
        with engine.begin() as connection:
            connection.execute(moved, {"d": int(request.args["d"]), "to": request.form["MessageStatus"]})
        return Response(status=204)

    return app
