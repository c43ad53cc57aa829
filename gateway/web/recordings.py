"""Recordings becoming ready: POST /twilio/recording. The sound itself is fetched by the clock's round."""

from flask import Blueprint, Response, request

from gateway import inbound
from gateway.web.signed import runtime, signed

blueprint = Blueprint("recordings", __name__)


@blueprint.post("/twilio/recording")
@signed
def recording() -> Response:
    """Note where a recording can be fetched, or that there is none."""
    inbound.recording_reported(runtime(), request.form)
    return Response(status=204)
