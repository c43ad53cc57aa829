"""The browser phone: a page, and the JSON behind it.

``GET  /phone/api/handsets``                         → ``{handsets: [{number, kind, label, people, area}], hotline}``
``GET  /phone/api/news``                             → ``{<number>: {unread, ringing}}``, of handsets with something new
``GET  /phone/api/handset/<number>/state``           → ``{messages, call}``, read from now on; ``call`` has ``sid, status, direction,
captions: [{n, kind, words}], wants: "keys" | "record" | null, seconds, most``; a caption that was pieced together from clips has
``parts: [{words, sound}]``, to be played in order
``POST /phone/api/handset/<number>/sms``  ``{body, repeat?}``      → ``{sid, replies, answers}`` after the product answered
``POST …/dial`` ``{to?}`` · ``…/answer`` · ``…/keys`` ``{digits, repeat?}`` · ``…/silence`` · ``…/hangup`` → the state
``POST …/record`` ``{text, seconds?, key?}`` or multipart ``sound`` (WAV) → the state; ``key: "hangup"`` hangs up after it
``POST /phone/api/carrier`` ``{number?, create?, delivery?, callbacks?, answer?, stopped?}`` → switches (``answer``: "ring", "ring:5" for five
seconds, "auto", "machine", "busy", "no-answer"); ``GET`` shows them
``GET  /phone/api/errors``                           → the carrier's debugger
"""

import contextlib
import io
import json
import wave
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request

from gateway import phones, sound
from gateway.simulator.calls import LIVE, Exchange
from gateway.simulator.network import Network
from gateway.simulator.store import Row
from gateway.text import whole

_ANSWERS = ("ring", "auto", "machine", "busy", "no-answer")  # “ring:5” rings for five seconds


def asked() -> dict[str, Any]:
    """The request's JSON object, empty for anything else."""
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else {}


def make(network: Network, exchange: Exchange) -> Blueprint:
    """Routes under ``/phone``."""
    config, store = network.config, network.store
    blueprint = Blueprint(
        "phone", __name__, url_prefix="/phone", template_folder="templates", static_folder="static"
    )

    @blueprint.after_request
    def _headers(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = (
            "default-src 'self'; media-src 'self' blob:; frame-ancestors 'none'"
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        if not request.path.startswith("/phone/static"):
            answer.headers["Cache-Control"] = "no-store"
        return answer

    @blueprint.before_request
    def _own_page_only() -> None:
        # JSON posts from another site's page would need a preflight; plain ones carry their Origin
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin and origin.split("//", 1)[-1] != request.host:
            abort(403)

    @blueprint.before_request
    def _nobodys_number_only() -> None:
        # without a sign-in, anybody could read and answer for whoever was imported
        number = (request.view_args or {}).get("number")
        if number is not None and not phones.is_sample(number):
            abort(Response("这里只能试用样例号码，真实的号码不能试。", 403))

    @blueprint.get("/")
    def page() -> str:
        ring_back = min(config.others, default="")
        return render_template(
            "phone.html", handsets=config.handsets(), hotline=config.hotline, ring_back=ring_back
        )

    @blueprint.get("/api/handsets")
    def handsets() -> Any:
        return jsonify(handsets=config.handsets(), hotline=config.hotline)

    @blueprint.get("/api/news")
    def news() -> Any:
        # sample numbers only, as everywhere here; a broadcast to a whole imported county must not be sorted through
        sample = "(receiver GLOB '+861990000*' OR receiver GLOB '+86499*')"
        unread = store.all(
            "SELECT receiver, COUNT(*) AS n FROM messages WHERE read = 0 AND direction != 'inbound' AND status NOT IN"
            f" ('failed', 'undelivered') AND {sample} GROUP BY receiver"
        )
        rings = store.all(
            f"SELECT receiver FROM calls WHERE status = 'ringing' AND direction != 'inbound' AND {sample}"
        )
        found = {row["receiver"]: {"unread": row["n"], "ringing": False} for row in unread}
        for row in rings:
            found.setdefault(row["receiver"], {"unread": 0})["ringing"] = True
        return jsonify(found)

    def last_call(number: str) -> Row | None:
        found = store.one(
            "SELECT sid FROM calls WHERE receiver = ? OR sender = ? ORDER BY (status IN "
            "('queued','initiated','ringing','in-progress')) DESC, n DESC LIMIT 1",
            number, number,
        )  # fmt: skip
        return store.call(found["sid"]) if found else None

    def live_call(number: str) -> str:
        call = last_call(number)
        if call is None or call["status"] not in LIVE:
            abort(Response("no call", 409))
        return str(call["sid"])

    def state(number: str) -> Any:
        call = last_call(number)
        if call is not None:
            exchange.look_after(call["sid"])
            call = store.call(call["sid"]) or call
        messages = store.all(
            "SELECT n, sid, direction, body, status, created, read FROM messages WHERE sender = ? OR "
            "(receiver = ? AND status NOT IN ('failed','undelivered')) ORDER BY n DESC LIMIT 100",
            number, number,
        )[::-1]  # fmt: skip
        if any(not m["read"] and m["direction"] != "inbound" for m in messages):
            with store.write() as db:
                db.execute("UPDATE messages SET read = 1 WHERE receiver = ? AND read = 0", (number,))
        return jsonify(
            messages=[{**m, "mine": m["direction"] == "inbound"} for m in messages],
            call=_shown(call) if call else None,
        )

    def _shown(call: Row) -> dict[str, Any]:
        wait = call["live"].get("wait") or {}
        return {
            "sid": call["sid"],
            "status": call["status"],
            "direction": "in" if call["direction"] == "inbound" else "out",
            "live": call["status"] in LIVE,
            "ringing": call["direction"] != "inbound"
            and call["status"] in ("queued", "initiated", "ringing"),
            "captions": [
                {**row, "parts": json.loads(row["parts"] or "[]")}
                for row in store.all(
                    "SELECT n, kind, words, parts FROM captions WHERE call = ? ORDER BY n", call["sid"]
                )
            ],
            "wants": wait.get("kind") if call["status"] == "in-progress" else None,
            "seconds": wait.get("seconds"),
            "most": wait.get("most"),
        }

    @blueprint.get("/api/handset/<number>/state")
    def get_state(number: str) -> Any:
        return state(number)

    @blueprint.post("/api/handset/<number>/sms")
    def sms(number: str) -> Any:
        given = asked()
        return jsonify(
            network.text(
                number, str(given.get("body", ""))[:1600], whole(str(given.get("repeat", 0)), 2) or 0
            )
        )

    @blueprint.post("/api/handset/<number>/dial")
    def dial(number: str) -> Any:
        given = asked()
        call = last_call(number)
        if call is not None and call["status"] in LIVE:
            exchange.hangup(call["sid"])
        exchange.dial(number, str(given.get("to") or config.hotline))
        return state(number)

    @blueprint.post("/api/handset/<number>/answer")
    def answer(number: str) -> Any:
        exchange.answer(live_call(number))
        return state(number)

    @blueprint.post("/api/handset/<number>/keys")
    def keys(number: str) -> Any:
        given = asked()
        digits = "".join(d for d in str(given.get("digits", "")) if d in "0123456789*#")[:40]
        exchange.keys(live_call(number), digits, whole(str(given.get("repeat", 0)), 2) or 0)
        return state(number)

    @blueprint.post("/api/handset/<number>/silence")
    def silence(number: str) -> Any:
        exchange.silence(live_call(number))
        return state(number)

    @blueprint.post("/api/handset/<number>/record")
    def record(number: str) -> Any:
        given = asked() or request.form
        words, data, seconds = str(given.get("text", ""))[:500], b"", whole(str(given.get("seconds")), 4) or 0
        if "sound" in request.files:
            data = request.files["sound"].read()
            if not sound.ending(data):
                abort(Response("这不是一段声音。", 400))
            with contextlib.suppress(wave.Error, EOFError), wave.open(io.BytesIO(data)) as file:
                seconds = max(1, round(file.getnframes() / file.getframerate()))
        sid = live_call(number)
        exchange.record(sid, data, seconds or max(1, len(words) // 4), words, str(given.get("key") or "#"))
        if given.get("key") == "hangup":
            exchange.hangup(sid)
        return state(number)

    @blueprint.post("/api/handset/<number>/hangup")
    def hangup(number: str) -> Any:
        exchange.hangup(live_call(number))
        return state(number)

    @blueprint.route("/api/carrier", methods=["GET", "POST"])
    def carrier() -> Any:
        given = dict(asked())
        if request.method == "POST":
            number = str(given.pop("number", ""))
            if "stopped" in given:
                store.set_fact("stopped", given.pop("stopped"))
            unknown = given.keys() - network.NORMAL.keys()
            if unknown:
                return jsonify(error=f"no such switch: {', '.join(sorted(unknown))}"), 400
            if str(given.get("answer", "ring")).partition(":")[0] not in _ANSWERS:
                return jsonify(error=f"answer is one of {', '.join(_ANSWERS)}"), 400
            network.behave(number, **given)
        return jsonify(store.fact("behaviour") or {})

    @blueprint.get("/api/errors")
    def errors() -> Any:
        return jsonify(errors=store.all("SELECT * FROM errors ORDER BY n DESC LIMIT 50"))

    return blueprint
