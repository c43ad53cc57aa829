"""The panel as a browser sees it: signing in as one of the township's organizers, and posting its forms."""

import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import sample
from gateway.app import create_app
from gateway.models.area import Area
from gateway.models.organizer import Audit, Organizer
from gateway.models.outreach import LADDER, Broadcast
from gateway.outreach import broadcasts
from gateway.runtime import Runtime

SMS = "【拟柳村委会】明天停水，早上八点到十二点"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Panel:
    """One signed-in browser."""

    def __init__(self, rt: Runtime, login: str, password: str = "") -> None:
        self.rt, self.http = rt, _client(rt)
        known = {a.login: a.password for a in sample.load(rt.db, rt.settings)}
        password = password or known[login]
        self.page = self.http.get("/admin/login").get_data(as_text=True)
        assert self.post("/admin/login", login=login, password=password).status_code == 302

    def get(self, path: str, status: int = 200) -> str:
        """The page as text; redirects are followed."""
        answer = self.http.get(path, follow_redirects=True)
        assert answer.status_code == status, (path, answer.status_code)
        self.page = answer.get_data(as_text=True)
        return self.page

    def post(self, path: str, **form: Any) -> Any:
        """Post a form with a token as the page last seen gave it."""
        token = _TOKEN.search(self.page)
        assert token, "no form on the last page"
        return self.http.post(path, data={**form, "csrf_token": token[1]})

    def send(self, path: str, status: int = 200, **form: Any) -> str:
        """Post and follow: what the organizer sees afterwards."""
        answer = self.post(path, **form)
        if answer.status_code == 302:
            return self.get(answer.headers["Location"], status)
        assert answer.status_code == status, (path, answer.status_code)
        self.page = answer.get_data(as_text=True)
        return self.page


def _client(rt: Runtime) -> FlaskClient:
    if not hasattr(rt, "app"):
        rt.app = create_app(runtime=rt)  # type: ignore[attr-defined]
    client: FlaskClient = rt.app.test_client()  # type: ignore[attr-defined]
    return client


def area(s: Session, code: str) -> Area:
    return s.scalars(select(Area).where(Area.code == code)).one()


def area_id(rt: Runtime, code: str) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Area.id).where(Area.code == code)).one()


def rules(rt: Runtime, code: str, *, approval: bool = False, yuan: float | None = None) -> None:
    """Give an area its rules."""
    with rt.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == code)).one()
        area.needs_approval = approval
        area.monthly_budget = None if yuan is None else round(yuan * 1000)


def newest(rt: Runtime) -> Broadcast:
    with rt.db.read() as s:
        return s.scalars(select(Broadcast).order_by(Broadcast.id.desc()).limit(1)).one()


def organizer(rt: Runtime, login: str) -> Organizer:
    with rt.db.read() as s:
        return s.scalars(select(Organizer).where(Organizer.login == login)).one()


def draft(panel: Panel, code: str = "NL", **more: object) -> str:
    """Write a broadcast; returns the page that follows."""
    panel.get("/admin/broadcasts/new")
    form = {"area": area_id(panel.rt, code), "channel": "auto", "sms": SMS, "ladder": LADDER, **more}
    return panel.send("/admin/broadcasts/new", **form)


def verbs(rt: Runtime) -> list[str]:
    """What the audit says was done, oldest first."""
    with rt.db.read() as s:
        return list(s.scalars(select(Audit.verb).order_by(Audit.id)))


def counts(rt: Runtime, id: int) -> dict[str, int]:
    """How many deliveries of a broadcast are in each state."""
    with rt.db.read() as s:
        return broadcasts.counts(s, s.get_one(Broadcast, id))
