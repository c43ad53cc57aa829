"""Inbound SMS: POST /twilio/sms."""

from flask import Blueprint, Response

from gateway import inbound
from gateway.web.limit import limited
from gateway.web.signed import runtime, told, xml

blueprint = Blueprint("sms", __name__)


@blueprint.post("/twilio/sms")
@limited
def sms() -> Response:
    """Answer one message with TwiML, after it is committed."""
    return xml(inbound.sms(runtime(), told("MessageSid", "SmsSid", "SmsMessageSid")))
