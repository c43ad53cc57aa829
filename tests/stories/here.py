"""A township in this process, for stories that take weeks: telephones speak to it by signed webhooks, organizers by the
panel's forms, days pass by the trial clock, and what residents are told is what the carrier was handed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sqlalchemy import delete, select

from gateway import clock, jobs
from gateway.consultation import ballots, lifecycle, matters, splits
from gateway.models.area import Area
from gateway.models.base import Base
from gateway.models.consultation import Consultation, ConsultationEvent
from gateway.models.meeting import Assembly
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import broadcasts, outbox
from gateway.runtime import Runtime
from gateway.sample import _DATA as SAMPLE
from tests.admin.panel import Panel
from tests.carrier import signature
from tests.conftest import STRANGER
from tests.outreach.conftest import FakeCarrier

__all__ = ["SAMPLE", "Here", "Matter", "Phone", "announced", "closed", "published"]
_count = iter(range(10**6))


def without_matters(rt: Runtime) -> None:
    """The sample township before anybody raised anything."""
    with rt.db.write() as s:
        for table in reversed(Base.metadata.sorted_tables):
            if "consultation_id" in table.c:
                s.execute(delete(table))
        s.execute(delete(Consultation))


class Phone:
    """One handset. What comes to it by SMS it keeps; a call rings until it is answered."""

    def __init__(self, here: "Here", number: str) -> None:
        self.here, self.number, self.url = here, number, ""
        self.inbox: list[str] = []
        self.calls: list[tuple[str, str, str]] = []  # ringing: where it leads, its callback, its id
        self._call: dict[str, str] = {}

    def text(self, words: str) -> str:
        """Send an SMS; returns the reply."""
        form = {
            "MessageSid": f"SM{next(_count):032d}",
            "From": self.number,
            "To": self.here.hotline,
            "Body": words,
        }
        message = ElementTree.fromstring(self.here.signed("/twilio/sms", form)).find("Message")
        reply = (message.text or "") if message is not None else ""
        self.inbox += [reply] if reply else []
        return reply

    def got(self, *parts: str) -> str:
        """The newest SMS with all these words."""
        found = next((b for b in reversed(self.inbox) if all(part in b for part in parts)), "")
        assert found, (parts, self.inbox)
        return found

    def dial(self) -> str:
        self._begin("/twilio/voice", f"CA{next(_count):032d}", "inbound")
        return self._ask({})

    def answer(self) -> str:
        """Pick up the newest call that rings; returns what is said."""
        url, callback, sid = self.calls.pop()
        self._begin(url, sid, "outbound-api")
        self._call["callback"] = callback
        return self._ask({})

    def _begin(self, url: str, sid: str, direction: str) -> None:
        there, mine = self.here.hotline, self.number
        here, away = (there, mine) if direction != "inbound" else (mine, there)
        self.url = url
        self._call = {
            "CallSid": sid,
            "From": here,
            "To": away,
            "Direction": direction,
            "CallStatus": "in-progress",
        }

    def _ask(self, more: dict[str, str]) -> str:
        form = {k: v for k, v in self._call.items() if k != "callback"} | more
        root = ElementTree.fromstring(self.here.signed(self.url, form))
        waits = next((e for e in root.iter() if e.tag in ("Gather", "Record", "Dial")), None)
        self.url = str(waits.get("action")) if waits is not None else ""
        self.said = "".join("".join(e.itertext()) for e in root.iter("Say"))
        return self.said

    def press(self, *keys: str) -> str:
        """Press one after the other; returns what is said after the last."""
        for key in keys:
            self._ask({"Digits": key})
        return self.said

    def choose(self, *labels: str) -> str:
        """Press the key that the menu names for each; returns what is said after the last."""
        for label in labels:
            keys = dict(re.findall(r"([^。]*?)，请按(\w+)。", self.said))
            key = next((k for words, k in keys.items() if label in words), None)
            assert key, (label, self.said)
            self.press(key)
        return self.said

    def votes(self, name: str, number: int, title: str, key: str, *, speaks: bool = False) -> str:
        """Ring, find the matter, press this choice and confirm it, and say why with ``speaks``; returns what is said
        when the choice is kept."""
        self.dial()
        if f"{name}，请按" in self.said:
            self.choose(name)
        self.press("1")
        if title and f"{title}，请按" in self.said:
            self.choose(title)
        self.press(key, "1")
        assert re.search(r"(\d ?){4,6}", self.said), (name, self.said)
        said = self.said
        if speaks:
            self.speak()
        self.hang_up()
        return said

    def speak(self) -> str:
        """Say something after the tone."""
        sound = f"RE{next(_count):032d}"
        return self._ask(
            {"RecordingUrl": f"http://127.0.0.1/{sound}", "RecordingSid": sound, "RecordingDuration": "3", "Digits": "#"}
        )  # fmt: skip

    def hang_up(self) -> None:
        callback = self._call.pop("callback", "/twilio/status/call")
        self.here.signed(callback, {**self._call, "CallStatus": "completed"}, 204)


class Here:
    """The township. ``cast`` may be asked for telephones by a person's name."""

    def __init__(self, rt: Runtime, folder: Path) -> None:
        self.rt, self.hotline = rt, rt.settings.hotline
        without_matters(rt)
        clock.use_trial_clock(folder)
        self.carrier = FakeCarrier()
        rt.make_carrier = lambda: self.carrier  # type: ignore[method-assign]
        self._phones: dict[str, Phone] = {}
        self._panels: dict[str, Panel] = {}
        self._taken = 0
        self.http = self.panel("xuquanzhen").http

    # ---- who is in it -------------------------------------------------------------------------------

    def panel(self, login: str) -> Panel:
        """This organizer's browser."""
        if login not in self._panels:
            self._panels[login] = Panel(self.rt, login)
            self._panels[login].get("/admin/account")  # a page with a form, for its token
        return self._panels[login]

    def phone(self, name: str) -> Phone:
        """The telephone on which somebody is reached."""
        with self.rt.db.read() as s:
            found = s.scalars(
                select(Handset.number)
                .join(PersonHandset, PersonHandset.handset_id == Handset.id)
                .join(Person, Person.id == PersonHandset.person_id)
                .where(Person.name == name)
            ).first()
        assert found, name
        return self._phone(found)

    def _phone(self, number: str) -> Phone:
        return self._phones.setdefault(number, Phone(self, number))

    @property
    def phones(self) -> list[Phone]:
        """All that were told something, or used."""
        return list(self._phones.values())

    def stranger(self) -> Phone:
        """A telephone that is on nobody's roster."""
        return self._phone(STRANGER.phone)

    def person(self, name: str) -> int:
        with self.rt.db.read() as s:
            return s.scalars(select(Person.id).where(Person.name == name)).one()

    def area(self, code: str) -> int:
        with self.rt.db.read() as s:
            return s.scalars(select(Area.id).where(Area.code == code)).one()

    # ---- the carrier --------------------------------------------------------------------------------

    def signed(self, url: str, form: dict[str, str], status: int = 200) -> str:
        """A webhook as the carrier signs it."""
        base = self.rt.settings.base_url
        url = url if url.startswith("http") else base + url
        headers = {"X-Twilio-Signature": signature(self.rt.settings.auth_token, url, form)}
        answer = self.http.post(url.removeprefix(base), data=form, headers=headers)
        assert answer.status_code == status, (url, answer.status_code)
        return answer.get_data(as_text=True)

    def carry(self) -> None:
        """The clock's round, and everything that may leave now leaves and arrives."""
        jobs.round_(self.rt)
        with self.rt.db.read() as s:
            lanes = broadcasts.lanes_due(s, self.rt.settings)
        for lane in lanes:
            outbox.drain(self.rt, lane)
        for asked, found in self._new():
            phone, callback = self._phone(str(asked["to"])), str(asked["callback"])
            if "url" in asked:
                phone.calls.append((str(asked["url"]), callback, found.carrier_id))
            else:
                phone.inbox.append(str(asked["body"]))
                self.signed(callback, {"MessageSid": found.carrier_id, "MessageStatus": "delivered"}, 204)

    def _new(self) -> Iterator[tuple[dict[str, Any], Any]]:
        fresh = list(zip(self.carrier.asked, self.carrier.sent, strict=True))[self._taken :]
        self._taken += len(fresh)
        yield from fresh

    # ---- days -----------------------------------------------------------------------------------------

    def until(self, moment: datetime) -> None:
        """Time passes until a minute after this moment."""
        clock.move_trial_clock(moment - clock.now() + timedelta(minutes=1))
        self.carry()

    def days(self, n: int = 1) -> None:
        clock.move_trial_clock(timedelta(days=n))
        self.carry()

    def day(self, n: int) -> str:
        """The date so many days from now, as a form writes it."""
        return f"{clock.now().astimezone(clock.village_zone()) + timedelta(days=n):%Y-%m-%d}"

    # ---- a matter -------------------------------------------------------------------------------------

    def matter(self, number: int) -> "Matter":
        return Matter(self, number)


class Matter:
    """One matter, as the panel's forms move it."""

    def __init__(self, here: Here, number: int) -> None:
        self.here, self.number = here, number
        with here.rt.db.read() as s:
            c = matters.find(s, number)
            assert c, number
            self.id = c.id
        self.page = f"/admin/consultations/{self.id}"

    def does(self, login: str, step: str, status: int = 200, **form: Any) -> str:
        """An organizer posts one of the matter's forms; what must be told then leaves. Returns the page with what was
        said to it: a light page where the matter's own would follow, which costs a thirtieth of a second and says the
        same (:meth:`seen_by` looks at it)."""
        panel = self.here.panel(login)
        if "csrf_token" not in panel.page:
            panel.get("/admin/account")
        answer = panel.post(f"{self.page}/{step}", **form)
        moved = answer.status_code == 302
        assert moved or answer.status_code == status, (step, answer.status_code)
        goes_to = answer.headers.get("Location", "")
        said = panel.get("/admin/account" if goes_to == self.page else goes_to, status) if moved else ""
        panel.page = said or answer.get_data(as_text=True)
        self.here.carry()
        return unescape(panel.page)

    def seen_by(self, login: str) -> str:
        return unescape(self.here.panel(login).get(self.page))

    def answers(self, login: str, why: str = "大家说的写进去了") -> None:
        """Whatever people said and nobody has answered is sorted into one group, and the group is answered."""
        board, panel = f"{self.page}/opinions", self.here.panel(login)
        said = re.findall(r'name="opinion" value="(\d+)"', panel.get(f"{board}?show=waiting"))
        while said:
            panel.send(f"{board}/sort", opinion=said, name="大家说的")
            group = re.search(r'show=(\d+)">大家说的', panel.page)
            assert group
            assert "答复了" in panel.send(f"{board}/answer", group=group[1], verdict="adopted", why=why)
            self.here.carry()
            said = re.findall(r'name="opinion" value="(\d+)"', panel.get(f"{board}?show=waiting"))

    def publishes(self, login: str, result: str, days: int = 7, status: int = 200) -> str:
        ends = f"{self.here.day(days)}T23:59"
        return self.does(login, "publish", status, go="send", result=result, until=ends, sms="", voice="")

    def answers_everybody(self, login: str, why: str) -> int:
        """Every opinion that waits is put into one group and answered; returns how many there were."""
        panel = self.here.panel(login)
        board = panel.get(f"{self.page}/opinions?show=waiting")
        waiting = sorted(set(re.findall(r'name="opinion" value="(\d+)"', board)))
        if waiting:
            panel.send(f"{self.page}/opinions/sort", opinion=waiting, name=f"第{waiting[0]}条起")
            group = re.search(rf'show=(\d+)"[^>]*>第{waiting[0]}条起', panel.page)
            assert group, panel.page
            said = panel.send(f"{self.page}/opinions/answer", group=group[1], verdict="adopted", why=why)
            assert f"答复了{len(waiting)}条" in said
        self.here.carry()
        return len(waiting)

    def knocks(self, login: str) -> None:
        """Somebody tells the result at every door that no telephone told."""
        panel = self.here.panel(login)
        for home in re.findall(r'name="home" value="(\w+)"', panel.get(f"{self.page}/visits")):
            panel.get(f"{self.page}/visits")
            panel.send(f"{self.page}/visits", home=home)

    def sits(self, login: str, status: int = 200, **count: Any) -> str:
        """The day of the meeting comes, and what came out of it is entered."""
        with self.here.rt.db.read() as s:
            found = select(Assembly).where(Assembly.consultation_id == self.id).order_by(Assembly.id.desc())
            meeting = s.scalars(found.limit(1)).one()
        if clock.now() < meeting.starts_at:
            self.here.until(meeting.starts_at + timedelta(hours=2))
        panel = self.here.panel(login)
        panel.get(f"/admin/assemblies/{meeting.id}")
        said = unescape(
            panel.send(f"/admin/assemblies/{meeting.id}", status, go="keep", minutes="大家都说了", **count)
        )
        self.here.carry()
        return said

    @property
    def now(self) -> Consultation:
        with self.here.rt.db.read() as s:
            found = matters.find(s, self.number)
            assert found
            s.expunge(found)
            return found

    @property
    def state(self) -> str:
        return self.now.state

    @property
    def tally(self) -> ballots.Tally:
        with self.here.rt.db.read() as s:
            return ballots.tally(s, s.get_one(Consultation, self.id))

    def split(self) -> dict[str, dict[str, int] | None]:
        with self.here.rt.db.read() as s:
            return splits.by_place(s, s.get_one(Consultation, self.id))[0]

    def path(self) -> list[str]:
        """The states it went through."""
        states = [e.to_state for e in self.history() if e.event != "refused"]
        return [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state]

    def history(self) -> list[ConsultationEvent]:
        """Everything that happened to it."""
        with self.here.rt.db.read() as s:
            found = lifecycle.history(s, s.get_one(Consultation, self.id))
            s.expunge_all()
            return found

    def refusals(self) -> list[tuple[str, str]]:
        """What was wanted and forbidden: by whom, and the words."""
        return [(e.actor, e.reason) for e in self.history() if e.event == "refused"]


# ---- how far a matter has come when a story begins ----------------------------------------


def announced(
    here: Here,
    login: str = "qianxiaoman",
    code: str = "NL",
    *,
    number: int = 21,
    days: int = 8,
    **more: object,
) -> Matter:
    """An organizer writes a matter down and announces it; everybody is told."""
    panel = here.panel(login)
    panel.get("/admin/consultations/new")
    form = {
        "go": "keep", "number": str(number), "title": "村口装路灯", "area": here.area(code), "unit": "person", "option1": "同意",
        "option2": "不同意", "option3": "", "opens": "", "closes": here.day(days), "sms": "", "voice": "",
    }  # fmt: skip
    panel.send("/admin/consultations/new", **{**form, **more})
    matter = here.matter(number)
    assert "通知开始发了" in matter.does(login, "announce")
    return matter


def closed(here: Here, matter: Matter) -> None:
    """The days go by."""
    ends = matter.now.closes_at
    assert ends
    here.until(ends)
    assert matter.state == "DRAFTED"


def published(here: Here, login: str = "qianxiaoman", code: str = "NL", **more: object) -> Matter:
    matter = announced(here, login, code, **more)
    closed(here, matter)
    assert "结果公布了" in matter.publishes(login, "装三盏灯")
    return matter
