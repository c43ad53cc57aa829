"""Reading what somebody typed, with a Chinese word about what won't do."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _

from gateway import clock
from gateway.consultation.refusal import Refused

# where the gateway's field names differ from the form's
FIELDS = {"closes_at": "closes", "opens_at": "opens", "options": "option1"}


def errors_of(refused: Refused) -> dict[str, str]:
    """A refusal as ``{field: words}``; the empty field means the form as a whole."""
    return {FIELDS.get(refused.field, refused.field): refused.why}


def moment(field: str, zone: ZoneInfo) -> datetime | None:
    """A datetime-local or date field in the village's time; None when left empty. A bare date counts to
    its end. Raises Refused when it can't be read."""
    typed = request.form.get(field, "").strip()
    if not typed:
        return None
    try:
        if len(typed) == 10:
            return clock.end_of_day(date.fromisoformat(typed), zone)
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise Refused(_("这个日期看不懂，请这样写：2025-11-24"), field) from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    return read.replace(second=59) if (read.hour, read.minute) == (23, 59) else read


def whole(field: str) -> int | None:
    """A whole number, or None when the field is empty. Raises Refused."""
    typed = request.form.get(field, "").strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or len(typed) > 9:
        raise Refused(_("请写数字"), field)
    return int(typed)


def page_number() -> int:
    """``?page=`` as a positive number; nonsense is page one."""
    return min(max(1, request.args.get("page", 1, type=int)), 100_000)


def ids(field: str) -> list[int]:
    """The ticked boxes of that name."""
    return request.form.getlist(field, type=int)


def own_words(name: str) -> str:
    """What somebody wrote into a text field; “” where it still holds what we had written there ourselves, so that our
    words follow the other fields when these change."""
    typed = request.form.get(name, "").strip()
    return "" if typed == request.form.get(f"auto_{name}", "").strip() else typed


def automatic(texts: dict[str, str]) -> dict[str, str]:
    """Our own texts as a form keeps them beside its fields, for :func:`own_words`."""
    return {f"auto_{name}": words for name, words in texts.items()}
