"""The carrier's REST API, as far as the official client and the product use it."""

import hmac
import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from gateway import phones
from gateway.simulator.calls import Exchange
from gateway.simulator.network import Network
from gateway.simulator.store import Row, rfc2822
from gateway.text import segments

_HANG = 40  # seconds; longer than any sensible client waits


def make(network: Network, exchange: Exchange) -> Blueprint:
    """Routes under ``/simulator/2010-04-01/Accounts/<sid>``, with HTTP Basic authentication."""
    config, store = network.config, network.store
    base = f"/simulator/2010-04-01/Accounts/{config.account_sid}"
    short = f"/2010-04-01/Accounts/{config.account_sid}"
    blueprint = Blueprint("carrier", __name__)

    def error(status: int, code: int, words: str) -> Response:
        answer = jsonify(code=code, message=words, more_info=f"see error {code}", status=status)
        answer.status_code = status
        return answer

    @blueprint.before_request
    def _authenticate() -> Response | None:
        given = request.authorization
        user, password = (given.username or "", given.password or "") if given else ("", "")
        known = hmac.compare_digest(user, config.account_sid)
        if not (known and hmac.compare_digest(password, config.auth_token)):
            return error(401, 20003, "Authenticate")
        return None

    def misbehave() -> tuple[str, Response | None]:
        kind = network.spend()
        if kind == "429":
            answer = error(429, 20429, "Too Many Requests")
            answer.headers["Retry-After"] = "1"
            return kind, answer
        if kind == "500":
            return kind, error(500, 20500, "Internal Server Error")
        if kind == "502html":
            return kind, Response("<html><body>Bad Gateway</body></html>", 502, mimetype="text/html")
        return kind, None

    def afterwards(kind: str) -> Response | None:
        """Accepted, but the product never hears so."""
        if kind == "500_after_accept":
            return error(500, 20500, "Internal Server Error")
        if kind == "hang_after_accept":
            time.sleep(_HANG)
            return Response("", 504)
        return None

    # -- messages ----------------------------------------------------------------------------

    def message(row: Row) -> dict[str, Any]:
        moment = rfc2822(row["created"])
        return {
            "sid": row["sid"], "account_sid": config.account_sid, "api_version": "2010-04-01",
            "body": row["body"], "from": row["sender"], "to": row["receiver"], "direction": row["direction"],
            "status": row["status"], "error_code": int(row["error"]) if row["error"] else None,
            "error_message": None, "num_media": "0", "num_segments": str(segments(row["body"]).count),
            "price": None, "price_unit": "USD", "messaging_service_sid": None,
            "date_created": moment, "date_sent": moment, "date_updated": moment,
            "uri": f"{short}/Messages/{row['sid']}.json", "subresource_uris": {},
        }  # fmt: skip

    @blueprint.post(f"{base}/Messages.json")
    def create_message() -> Any:
        kind, no = misbehave()
        if no is not None:
            return no
        to, body = request.form.get("To", ""), request.form.get("Body", "")
        if not body:
            return error(400, 21602, "Message body is required")
        try:
            phone = phones.normalize(to)
        except phones.BadPhone:
            return error(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if phone.kind == phones.LANDLINE:
            return error(400, 21614, f"'To' number is not a valid mobile number: {to}")
        if to in (store.fact("stopped") or []):
            return error(400, 21610, "Attempt to send to unsubscribed recipient")
        if len(body) > 1600:
            return error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        sender = request.form.get("From", "")
        row = network.accept_message(to, body, request.form.get("StatusCallback", ""), sender)
        return afterwards(kind) or (jsonify({**message(row), "status": "queued", "date_sent": None}), 201)

    @blueprint.get(f"{base}/Messages.json")
    def list_messages() -> Any:
        return page("messages", message, {"To": "receiver", "From": "sender"}, "DateSent", "Messages")

    @blueprint.get(f"{base}/Messages/<sid>.json")
    def get_message(sid: str) -> Any:
        row = store.one("SELECT * FROM messages WHERE sid = ?", sid)
        return jsonify(message(row)) if row else error(404, 20404, "not found")

    # -- calls -------------------------------------------------------------------------------

    def call(row: Row) -> dict[str, Any]:
        return {
            "sid": row["sid"], "account_sid": config.account_sid, "api_version": "2010-04-01",
            "from": row["sender"], "to": row["receiver"], "direction": row["direction"], "status": row["status"],
            "date_created": rfc2822(row["created"]), "date_updated": rfc2822(row["created"]),
            "start_time": rfc2822(row["answered"] or row["created"]), "end_time": rfc2822(row["ended"]),
            "duration": None, "price": None, "price_unit": "USD", "answered_by": None, "parent_call_sid": None,
            "uri": f"{short}/Calls/{row['sid']}.json", "subresource_uris": {},
        }  # fmt: skip

    @blueprint.post(f"{base}/Calls.json")
    def create_call() -> Any:
        kind, no = misbehave()
        if no is not None:
            return no
        to, url = request.form.get("To", ""), request.form.get("Url", "")
        if not url:
            return error(400, 21205, "Url is required")
        try:
            phones.normalize(to)
        except phones.BadPhone:
            return error(400, 21211, f"Invalid 'To' Phone Number: {to}")
        events = request.form.getlist("StatusCallbackEvent")
        form = request.form
        row = exchange.place(
            to,
            url,
            form.get("StatusCallback", ""),
            events,
            form.get("From", ""),
            bool(form.get("MachineDetection")),
        )
        return afterwards(kind) or (jsonify(call(row)), 201)

    @blueprint.get(f"{base}/Calls.json")
    def list_calls() -> Any:
        return page(
            "calls", call, {"To": "receiver", "From": "sender", "Status": "status"}, "StartTime", "Calls"
        )

    @blueprint.route(f"{base}/Calls/<sid>.json", methods=["GET", "POST"])
    def one_call(sid: str) -> Any:
        row = store.call(sid)
        if row is None:
            return error(404, 20404, "not found")
        if request.method == "POST" and request.form.get("Status") in ("completed", "canceled"):
            if row["ended"]:
                return error(400, 21220, "Call is not in-progress. Cannot redirect.")
            exchange.hangup(sid)
            row = store.call(sid) or row
        return jsonify(call(row))

    # -- recordings ----------------------------------------------------------------------------

    @blueprint.get(f"{base}/Recordings/<name>")
    def recording(name: str) -> Any:
        row = store.one("SELECT data FROM recordings WHERE sid = ?", name.split(".")[0])
        return Response(row["data"], mimetype="audio/x-wav") if row else error(404, 20404, "not found")

    @blueprint.delete(f"{base}/Recordings/<name>")
    def forget_recording(name: str) -> Any:
        with store.write() as db:
            db.execute("DELETE FROM recordings WHERE sid = ?", (name.split(".")[0].removesuffix(".json"),))
        return Response(status=204)

    # -- lists -----------------------------------------------------------------------------------

    def page(table: str, show: Any, filters: dict[str, str], date: str, path: str) -> Response:
        where, values = ["1 = 1"], []
        for name, column in filters.items():
            if request.args.get(name):
                where.append(f"{column} = ?")
                values.append(request.args[name])
        for suffix, sign in ((">", ">="), ("<", "<="), ("", "=")):
            given = request.args.get(date + suffix)
            if given:
                # UTC days, whatever time of day was asked for
                day = datetime.fromisoformat(given.replace("Z", "+00:00")).date().isoformat()
                where.append(f"substr(created, 1, 10) {sign} ?")
                values.append(day)
        size = min(max(int(request.args.get("PageSize", 50)), 1), 1000)
        number = int(request.args.get("Page", 0))
        rows = store.all(
            f"SELECT * FROM {table} WHERE {' AND '.join(where)} ORDER BY n DESC LIMIT ? OFFSET ?",
            *values, size + 1, number * size,
        )  # fmt: skip
        more = len(rows) > size
        query = request.query_string.decode()
        rest = "&".join(p for p in query.split("&") if p and not p.startswith(("Page=", "PageToken=")))
        following = f"{short}/{path}.json?{rest}&Page={number + 1}" if more else None
        return jsonify(
            {
                table: [show(row) for row in rows[:size]],
                "page": number,
                "page_size": size,
                "start": number * size,
                "end": number * size + len(rows[:size]) - 1,
                "uri": f"{short}/{path}.json?{query}",
                "first_page_uri": f"{short}/{path}.json?{rest}",
                "next_page_uri": following,
                "previous_page_uri": None,
            }
        )

    return blueprint
