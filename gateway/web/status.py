"""What became of messages and calls: POST /twilio/status/message and /twilio/status/call."""

from flask import Blueprint, Response, request

from gateway import inbound
from gateway.outreach import reconcile
from gateway.web.signed import runtime, signed

blueprint = Blueprint("status", __name__)
_OVER = ("completed", "busy", "no-answer", "failed", "canceled")


def _delivery() -> int | None:
    id = request.args.get("d", "")
    return int(id) if id.isdigit() and len(id) < 19 else None


@blueprint.post("/twilio/status/message")
@signed
def message() -> Response:
    """Move a delivery forward. About an unknown message: 204, since repeating it would change nothing."""
    form = request.form
    carrier_id = form.get("MessageSid") or form.get("SmsSid") or ""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    if carrier_id and status:
        with runtime().db.write() as s:
            reconcile.reported(s, _delivery(), carrier_id, status, form.get("ErrorCode") or None, "sms")
    return Response(status=204)


@blueprint.post("/twilio/status/call")
@signed
def call() -> Response:
    """The same for calls; a finished call ends its conversation."""
    form = request.form
    carrier_id, status = form.get("CallSid", ""), form.get("CallStatus", "")
    if carrier_id and status:
        with runtime().db.write() as s:
            reconcile.reported(s, _delivery(), carrier_id, status, form.get("ErrorCode") or None, "voice")
            if status in _OVER:
                inbound.call_ended(s, carrier_id)
    return Response(status=204)
