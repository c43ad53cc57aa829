"""GET /sound/<digest>.wav: the recordings by people that calls play. The carrier fetches them without a signature and
keeps them: an address never gets another sound, and names nobody."""

from contextlib import suppress

from flask import Blueprint, Response, abort

from gateway import prompts
from gateway.spoken import riff
from gateway.spoken.manner import altered
from gateway.web.signed import runtime

blueprint = Blueprint("prompts", __name__)
_KEPT = "public, max-age=31536000, immutable"


@blueprint.get("/sound/<any(slow,loud,'loud-slow'):manner>/<file>")
@blueprint.get("/sound/<file>")
def sound(file: str, manner: str = "") -> Response:
    """The sound, while anybody may be hearing it; slower or louder where somebody asked for it."""
    rt = runtime()
    with rt.db.read() as s:
        if not prompts.may_be_fetched(s, file):
            abort(404)
    try:
        data = rt.store.get(f"sounds/{file}")
    except FileNotFoundError:
        abort(404)
    if manner:
        with suppress(riff.NoWav):
            data = altered(data, manner)
    answer = Response(data, mimetype="audio/wav")
    answer.headers["Cache-Control"] = _KEPT
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.set_etag(f"{file.partition('.')[0]}{manner}")
    return answer
