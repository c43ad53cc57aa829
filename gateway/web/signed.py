"""Only the carrier may speak to the webhooks: every one carries its signature."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from flask import Response, abort, current_app, request
from twilio.request_validator import RequestValidator, compare

from gateway.runtime import Runtime


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


def signed(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer 403 unless the request carries a valid X-Twilio-Signature, before anything is looked at."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        signature = request.headers.get("X-Twilio-Signature", "")
        if request.args.get("bodySHA256"):
            params: Any = request.get_data(as_text=True)
        else:
            params = request.form
        if not signature or not _is_signed(signature, params):
            abort(403)
        return view(*args, **kwargs)

    return checked


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
