"""Recordings becoming ready: POST /twilio/recording. The sound itself is fetched by the clock's round."""

from flask import Blueprint, Response

from gateway import inbound
from gateway.web.signed import runtime, told

blueprint = Blueprint("recordings", __name__)


@blueprint.post("/twilio/recording")
def recording() -> Response:
    """Note where a recording can be fetched, or that there is none."""
    inbound.recording_reported(runtime(), told())
    return Response(status=204)
