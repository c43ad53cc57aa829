"""Calls, ours and theirs: POST /twilio/voice, at the beginning and at every key press."""

from flask import Blueprint, Response, request

from gateway import inbound
from gateway.web.limit import limited
from gateway.web.signed import runtime, told, xml

blueprint = Blueprint("voice", __name__)


@blueprint.post("/twilio/voice")
@limited
def voice() -> Response:
    """Answer one step of a call with TwiML, after it is committed."""
    return xml(inbound.voice(runtime(), told("CallSid"), request.args))
