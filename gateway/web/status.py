"""What became of messages and calls: POST /twilio/status/message and /twilio/status/call."""

from flask import Blueprint, Response, current_app, request

from gateway import conversations
from gateway.outreach.settling import Callbacks, Report
from gateway.web.signed import runtime, signed

blueprint = Blueprint("status", __name__)
_OVER = ("completed", "busy", "no-answer", "failed", "canceled")


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if given.isdigit() and len(given) < 19 else None


def _take(channel: str, carrier_id: str, status: str) -> None:
    app = current_app.extensions
    if "callbacks" not in app:
        app["callbacks"] = Callbacks(runtime())
    error = request.form.get("ErrorCode") or None
    app["callbacks"].take(Report(channel, carrier_id, status, error, _number("d"), _number("n")))


@blueprint.post("/twilio/status/message")
@signed
def message() -> Response:
    """Move a delivery forward. About an unknown message: 204, since repeating it would change nothing."""
    form = request.form
    carrier_id = form.get("MessageSid") or form.get("SmsSid") or ""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    if carrier_id and status:
        _take("sms", carrier_id, status)
    return Response(status=204)


@blueprint.post("/twilio/status/call")
@signed
def call() -> Response:
    """The same for calls; a finished call ends its conversation."""
    form = request.form
    carrier_id, status = form.get("CallSid", ""), form.get("CallStatus", "")
    if carrier_id and status:
        _take("voice", carrier_id, status)
        if status in _OVER:
            with runtime().db.write() as s:
                conversations.ended(s, carrier_id)
    return Response(status=204)
