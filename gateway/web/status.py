"""What became of messages and calls: POST /twilio/status/message and /twilio/status/call."""

from flask import Blueprint, Response, current_app, request

from gateway import conversations
from gateway.outreach.settling import Callbacks, Report
from gateway.text import whole
from gateway.web.signed import runtime, told

blueprint = Blueprint("status", __name__)
_OVER = ("completed", "busy", "no-answer", "failed", "canceled")


def _take(channel: str, carrier_id: str, status: str, error: str | None) -> None:
    app = current_app.extensions
    if "callbacks" not in app:
        app["callbacks"] = Callbacks(runtime())
    delivery, attempt = whole(request.args.get("d")), whole(request.args.get("n"), 9)
    app["callbacks"].take(Report(channel, carrier_id, status, error, delivery, attempt))


@blueprint.post("/twilio/status/message")
def message() -> Response:
    """Move a delivery forward. About an unknown message: 204, since repeating it would change nothing."""
    form = told()
    carrier_id = form.get("MessageSid") or form.get("SmsSid") or ""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    if carrier_id and status:
        _take("sms", carrier_id, status, form.get("ErrorCode") or None)
    return Response(status=204)


@blueprint.post("/twilio/status/call")
def call() -> Response:
    """The same for calls; a finished call ends its conversation."""
    form = told()
    carrier_id, status = form.get("CallSid", ""), form.get("CallStatus", "")
    if carrier_id and status:
        _take("voice", carrier_id, status, form.get("ErrorCode") or None)
        if status in _OVER:
            with runtime().db.write() as s:
                conversations.ended(s, carrier_id)
    return Response(status=204)
