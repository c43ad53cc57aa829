"""One ZIP a consultation for the village's archive, and the sealed part with the names."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from flask import render_template, request, send_file
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, identities, records
from admin import papers as sheets
from admin.common import me, panel, reading, runtime, writing
from gateway import bundle
from gateway.consultation import matters
from gateway.consultation import papers as gate
from gateway.models.consultation import Consultation
from gateway.people import rights

_LEAST_REASON, _LEAST_PASSWORD = 4, 12


@panel.get("/consultations/<int:id>/archive")
def archive(id: int) -> str:
    """What the archive holds, and the two ways to take it away."""
    with reading() as s:
        return _page(common.consultation(s, id, change=True), {})


def _page(c: Consultation, errors: dict[str, str]) -> str:
    made = "-".join(secrets.token_hex(2) for _n in range(5))
    typed = {"password": made, **request.form.to_dict()}
    return render_template("admin/archive.html", c=c, f=typed, errors=errors)


def _file() -> IO[bytes]:
    """On disk, without a name: a township's archive may be larger than memory, and a failure is a page, not half a file."""
    return tempfile.TemporaryFile()


def _one_moment(s: Session) -> None:
    """All of it as of one moment: SQLite reads so anyway, PostgreSQL when asked to."""
    if s.get_bind().dialect.name != "sqlite":
        s.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _about(c: Consultation, part: str) -> dict[str, Any]:
    return {
        "format": "xiangyin-archive-1",
        "part": part,
        "number": c.number,
        "title": c.title,
        "state": c.state,
    }


def _printed(
    s: Session, c: Consultation, kinds: tuple[str, ...], within: list[int]
) -> Iterator[tuple[str, str, str]]:
    css = (Path(__file__).parent / "static" / "papers.css").read_text(encoding="utf-8")
    for kind in gate.printable(c):
        if kind in kinds:
            yield kind, f"纸：{sheets.NAMES[kind]}", sheets.sheet(s, c, kind, None, within=within, css=css)


def _open_part(s: Session, c: Consultation) -> tuple[IO[bytes], records.Records]:
    hush = records.discreet(s, c, matters.area_ids(s, c))
    held, out = records.Records(s, c, runtime().settings.zone, hush), _file()
    shown = tuple(kind for kind in gate.KINDS if kind not in gate.WITH_NAMES)
    bundle.write(out, _with_contents(held.files(_printed(s, c, shown, [])), c), _about(c, "open"))
    return out, held


def _with_contents(files: Iterator[bundle.File], c: Consultation) -> Iterator[bundle.File]:
    """The files, and last a page that says what each of them is."""
    listed = []
    for file in files:
        listed.append((file.name, file.title))
        yield file
    yield bundle.File(
        "index.html", "目录，先看这个", [render_template("admin/archive_index.html", c=c, files=listed)]
    )


@panel.post("/consultations/<int:id>/archive")
def download_archive(id: int) -> Response:
    """The open part. Its sum is on record, so that a copy can be told from a forgery."""
    with reading() as s, force_locale("zh"):
        _one_moment(s)
        c = common.consultation(s, id, change=True)
        out, _records = _open_part(s, c)
        area, number = c.area_id, c.number
    with writing() as s:
        rights.act(s, me(), "archive", f"consultation:{id}", area, f"sha256:{bundle.sha256(out)}")
    return _download(out, f"consultation-{number}-archive.zip")


@panel.post("/consultations/<int:id>/archive/identities")
def download_identities(id: int) -> Response | tuple[str, int]:
    """The part with the names, under a password, for who has a reason that is kept (domain.md §4)."""
    reason, password = request.form.get("reason", "").strip(), request.form.get("password", "").strip()
    errors = {}
    if not _LEAST_REASON <= len(reason) <= 200:
        errors["reason"] = _("请写明为什么要看名字，四个字以上")
    if len(password) < _LEAST_PASSWORD or not (password.isascii() and password.isprintable()):
        errors["password"] = _("密码要十二个以上的字母、数字")
    if errors:
        with reading() as s:
            return _page(common.consultation(s, id, change=True), errors), 422
    with reading() as s, force_locale("zh"):
        _one_moment(s)
        c = common.consultation(s, id, change=True)
        whole, held = _open_part(s, c)
        within = rights.area_ids(s, me())
        about = {**_about(c, "identities"), "archive_sha256": bundle.sha256(whole)}
        whole.close()
        with _file() as plain:
            lists = _printed(s, c, gate.WITH_NAMES, within)
            bundle.write(plain, identities.Identities(held, within).files(lists), about)
            out = _file()
            bundle.seal(out, plain, "identities.zip", password)
        area, number = c.area_id, c.number
    with writing() as s:
        details = f"{reason}（sha256:{bundle.sha256(out)}）"
        rights.act(s, me(), "archive_identities", f"consultation:{id}", area, details)
    return _download(out, f"consultation-{number}-identities.zip")


def _download(out: IO[bytes], name: str) -> Response:
    out.seek(0)
    return send_file(out, "application/zip", as_attachment=True, download_name=name)
