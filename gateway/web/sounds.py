"""What a carrier plays: GET /audio/<name>.wav.

Open to everybody, since a carrier fetches without a signature. A name stands for its content, so it may be kept for ever;
names of what was rendered at run time can't be guessed (gateway/spoken/shelf.py).
"""

import io

from flask import Blueprint, Response, abort, send_file

from gateway.spoken.manner import altered
from gateway.spoken.prompts import ROUTE
from gateway.web.signed import runtime

blueprint = Blueprint("sounds", __name__)


@blueprint.get(f"{ROUTE}/<any(slow,loud,'loud-slow'):manner>/<name>.wav")
@blueprint.get(f"{ROUTE}/<name>.wav")
def sound(name: str, manner: str = "") -> Response:
    """One clip, whole or in parts; slower or louder where somebody asked for it."""
    path = runtime().prompts.file(name)
    if path is None or not path.is_file():
        abort(404)
    content = io.BytesIO(altered(path.read_bytes(), manner)) if manner else path
    answer = send_file(
        content, mimetype="audio/wav", conditional=True, etag=f"{name}{manner}", max_age=31_536_000
    )
    answer.cache_control.public, answer.cache_control.immutable = True, True
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
