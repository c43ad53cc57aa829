"""The least a webhook can be: check the signature, answer a constant. What ours is measured beside."""

import os

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator


def create_app() -> Flask:
    """A Flask application with one route."""
    app, base = Flask(__name__), os.environ["PUBLIC_URL"]
    validator = RequestValidator(os.environ["BENCH_TOKEN"])

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/twilio/sms")
    def sms() -> Response:
        if not validator.validate(
            base + request.path, request.form, request.headers.get("X-Twilio-Signature", "")
        ):
            abort(403)
        return Response(
            "<?xml version='1.0'?><Response><Message>收到</Message></Response>", mimetype="text/xml"
        )

    return app
