"""Only the carrier may speak to the webhooks: every one carries its signature."""

from functools import cache
from typing import Any

from flask import Response, abort, current_app, request
from twilio.request_validator import RequestValidator, compare

from gateway.runtime import Runtime

_IDS = ("MessageSid", "SmsSid", "SmsMessageSid", "CallSid", "RecordingSid")
_LONGEST_ID = 100  # characters; Twilio gives out 34, Somleng 36


def runtime() -> Runtime:
    """This process's runtime."""
    found: Runtime = current_app.extensions["xiangyin"]
    return found


def public_url() -> str:
    """The address the carrier signed, byte for byte.

    ``request.url`` decodes escapes and would break the signature; behind a proxy its scheme is wrong, too
    (twilio.md §1).
    """
    env = request.environ
    raw = env.get("RAW_URI") or env.get("REQUEST_URI")
    if not raw or not raw.startswith("/"):
        query = env.get("QUERY_STRING", "")
        raw = env.get("SCRIPT_NAME", "") + env.get("PATH_INFO", "") + (f"?{query}" if query else "")
    return runtime().settings.base_url + raw


def guard() -> None:
    """Answer 403 to everything under /twilio/ without a valid X-Twilio-Signature, before anything is looked at: also
    to another method or an address nobody listens at, which would otherwise tell a stranger what there is."""
    if not request.path.startswith("/twilio/"):
        return
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature:
        abort(403)  # before a large body is read
    if request.args.get("bodySHA256"):
        params: Any = request.get_data(as_text=True)
    else:
        params = request.form
    if not _is_signed(signature, params):
        abort(403)


def told(*ids: str) -> dict[str, str]:
    """The webhook's fields, as they can be kept (PostgreSQL takes no NUL). It must say by one of ``ids`` what it is
    about: without, a repeat can't be told from a second message, and so nothing is stored: 400. The same for an id no
    carrier gives out, which is too long for the index."""
    form = {name: value.replace("\0", "") for name, value in request.form.items()}
    if ids and not any(form.get(name) for name in ids):
        abort(400)
    if any(len(form.get(name, "")) > _LONGEST_ID for name in _IDS):
        abort(400)
    return form


def _is_signed(signature: str, params: Any) -> bool:
    validator, url = _validator(runtime().settings.auth_token), public_url()
    # validate() signs the address with its port and without it; nearly always it was signed as it is
    if not isinstance(params, str) and compare(validator.compute_signature(url, params), signature):
        return True
    return validator.validate(url, params, signature)


@cache
def _validator(token: str) -> RequestValidator:
    return RequestValidator(token)


def xml(document: str) -> Response:
    """TwiML has to say that it is XML; Flask's default is HTML (error 12300)."""
    return Response(document, mimetype="text/xml")
