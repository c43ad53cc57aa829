"""Inbound SMS: POST /twilio/sms."""

from flask import Blueprint, Response, request

from gateway import inbound
from gateway.web.limit import limited
from gateway.web.signed import runtime, signed, xml

blueprint = Blueprint("sms", __name__)


@blueprint.post("/twilio/sms")
@signed
@limited
def sms() -> Response:
    """Answer one message with TwiML, after it is committed."""
    return xml(inbound.sms(runtime(), request.form))
