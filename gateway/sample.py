"""The sample township: five made-up places, forty people and six matters at different stages, on any day."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.consultation import ballots, catalogue, lifecycle, matters, profiles, reach, receipts, themes
from gateway.db import Database
from gateway.models.answer import Ballot, BallotLog, Objection, Opinion, OpinionGroup, SecretChoice
from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationArea, ConsultationEvent, Notice
from gateway.models.followup import RECIPIENTS, Evaluation, Task
from gateway.models.organizer import Fact
from gateway.models.participation import Recusal
from gateway.models.person import Household, Person
from gateway.people import organizers, residents
from gateway.sample_days import moved, of_states, on, public_days, result
from gateway.settings import Settings

_DATA = Path(__file__).parent / "data" / "township.json"
_LANGUAGES = {"zh": "zh-CN", "ko": "ko", "mn": "mn"}

# Where each matter stands today, and which of its days is moved where (days from today).
_STAGE: dict[int, tuple[str, str, int]] = {
    11: ("OPEN", "closes", 6),
    13: ("OPEN", "closes", 8),
    16: ("PUBLICITY", "publicity", 4),
    14: ("IMPLEMENTING", "deadline", 20),
    15: ("IMPLEMENTING", "closes", -50),
    12: ("CLOSED", "closes", -60),
}
_STAGES = ("notice", "reminder", "result", "effective", "implementation", "evaluation")
_SCOPES = {"cross_village": "villages", "community_part": "part"}
_ASSEMBLIES = {11: "representatives", 14: "land_to_outsiders"}  # domain.md §2, quorum profiles
_SETTLED = {"withdrawn_after_revision": "withdrawn", "explained_accepted": "explained"}


@dataclass(frozen=True)
class Account:
    """A panel login of the sample township. The password is this installation's own."""

    login: str
    password: str
    name: str
    role: str
    area_name: str


def load(db: Database, settings: Settings, today: date | None = None) -> list[Account]:
    """Load the township into an empty database; again changes nothing, except that the matters nobody
    touched are moved on so that something is always open. The township officer's account comes first.
    """
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    today = today or clock.now().astimezone(settings.zone).date()
    accounts = [_account(settings, o, data) for o in data["organizers"]]
    with db.write() as s:
        if s.get(Fact, "sample") is None:
            if s.scalar(select(Area.id).limit(1)) is None:
                _fill(s, settings, data, accounts, today)
                Fact.put(s, "sample", today.isoformat())
            else:
                return []  # somebody's own village lives here
        else:
            _move_on(s, settings, data, today)
    return sorted(accounts, key=lambda a: a.role != "township_officer")


def _account(settings: Settings, o: dict[str, Any], data: dict[str, Any]) -> Account:
    secret = hmac.new(settings.master_key, f"sample:{o['login']}".encode(), hashlib.sha256).digest()
    password = base64.b32encode(secret)[:10].decode().lower()
    area_name = next(a["name"] for a in data["areas"] if a["id"] == o["area"])
    return Account(o["login"], password, o["name"], o["role"], area_name)


def _fill(s: Session, settings: Settings, data: dict[str, Any], accounts: list[Account], today: date) -> None:
    areas = _areas(s, data["areas"])
    for given, account in zip(data["organizers"], accounts, strict=True):
        organizers.add(
            s, name=account.name, area=areas[given["area"]], role=account.role, login=account.login,
            password=account.password,
        )  # fmt: skip
    people = _people(s, data, areas)
    catalogue.add_usual(s, areas["XQ"], "sample")
    themes.add_usual(s, areas["XQ"], "sample")
    for given in data["consultations"]:
        _consultation(s, settings, given, areas, people, today)


def _areas(s: Session, given: list[dict[str, Any]]) -> dict[str, Area]:
    made: dict[str, Area] = {}
    for a in given:
        above = made.get(a["parent"])
        area = Area(
            code=a["id"],
            name=a["name"],
            level=a["level"],
            parent_id=above.id if above else None,
            path=f"{above.path if above else '/'}{a['id']}/",
            signature=a["sms_signature"],
            languages=[_LANGUAGES[tongue] for tongue in a.get("languages", ["zh"])],
            profile=a["profile"],
            stats={**a.get("stats", {}), "groups": a.get("groups", [])},
        )
        s.add(area)
        s.flush()
        made[a["id"]] = area
    return made


def _people(s: Session, data: dict[str, Any], areas: dict[str, Area]) -> dict[str, Person]:
    homes: dict[str, Household] = {}
    for h in data["households"]:
        homes[h["id"]] = Household(area_id=areas[h["area"]].id, code=h["id"])
        s.add(homes[h["id"]])
    s.flush()
    made: dict[str, Person] = {}
    for r in data["residents"]:
        home = homes.get(r.get("household") or "")
        person = Person(
            area_id=areas[r["area"]].id,
            household_id=home.id if home else None,
            name=r["name"],
            sex=r["sex"],
            birth_year=r["birth_year"],
            group=r.get("group") or "",
            language=_LANGUAGES[r["language"]],
            registered=r["hukou"] == "registered",
            lives=r["lives"],
            state="verified",
            prefers=r["preferred_channel"],
            needs=r["needs"],
            tags=r["roles"],
            owner=bool(r.get("owner") or "owner" in r["roles"]),
            floor_area=r.get("area_m2") or r.get("floor_area"),
            sms_consent=r["consent"]["sms"] and not r["opted_out"],
            voice_consent=r["consent"]["voice"],
        )
        s.add(person)
        s.flush()
        made[r["id"]] = person
        if r.get("phone"):
            number = phones.normalize(r["phone"])
            residents.connect(s, person, residents.handset_for(s, number))
    for h in data["households"]:
        homes[h["id"]].delegate_id = made[h["voting_rep"]].id
    return made


# ---- matters -------------------------------------------------------------------------------------


def _shift(c: dict[str, Any], today: date) -> timedelta:
    """How far this matter's days are moved, so that it stands today where it should."""
    _, anchor, days = _STAGE[c["no"]]
    public = public_days(c)
    if anchor == "publicity" and public:
        was = public[1]
    else:
        was = on(c["implementation"]["deadline"] if anchor == "deadline" else c[anchor])
    return today + timedelta(days=days) - was


def _dates(c: Consultation, settings: Settings, given: dict[str, Any], by: timedelta) -> None:
    zone, public = settings.zone, public_days(given)
    c.opens_at = clock.start_of_day(on(given["opens"]) + by, zone)
    c.closes_at = clock.end_of_day(on(given["closes"]) + by, zone)
    if c.state not in ("OPEN", "NOTICED"):
        last = public[1] if public else on(given["closes"]) + timedelta(days=10)
        c.publicity_ends_at = clock.end_of_day(last + by, zone)
        c.result = result(moved(given["sms"]["result_notice"], by))
    # words of stages to come would give a result away before there is one
    known = _STAGES if c.state != "OPEN" else _STAGES[:2]
    texts = {("result" if k == "result_notice" else k): moved(v, by) for k, v in given["sms"].items()}
    c.sms = {stage: words for stage, words in texts.items() if stage in known}
    c.voice = {"notice": moved(given["voice_prompt"], by)}


def _consultation(
    s: Session, settings: Settings, given: dict[str, Any], areas: dict[str, Area], people: dict[str, Person], today: date
) -> None:  # fmt: skip
    state = _STAGE[given["no"]][0]
    by = _shift(given, today)
    lead = areas["XQ"] if len(given["area"]) > 1 else areas[given["area"][0]]
    c = Consultation(
        number=given["no"],
        title=given["title"],
        area_id=lead.id,
        lead=given["lead"],
        kind=given["kind"],
        unit=given["vote_unit"],
        group=given.get("affected_only", ""),
        state=state,
        options=given["options"],
        sensitive=bool(given.get("sensitive")),
        decision=given.get("decision_rule", "").partition("（")[0].strip(),
        scope=_SCOPES.get(given["scope"], given["scope"]),
        three_important=given.get("three_important", []),
        wide_impact=bool(given.get("wide_impact")),
        technical=bool(given.get("technical")),
        assembly=_ASSEMBLIES.get(given["no"], ""),
        commissioned_by=given.get("commissioned_by", ""),
        count_by=given.get("count_by", ""),
        profile=profiles.choose(s, lead, given["kind"]).to_json(),
    )
    _dates(c, settings, given, by)
    s.add(c)
    s.flush()
    for code in given["area"]:
        s.add(ConsultationArea(consultation_id=c.id, area_id=areas[code].id))
    for id in given.get("recused", ()):
        about = {"reason": "有亲戚在承包地的公司上班", "by": "sample", "created_at": c.opens_at}
        s.add(Recusal(consultation_id=c.id, person_id=people[id].id, **about))
    s.flush()
    if state != "OPEN":
        c.voices = matters.voices(s, c)
    _history(s, c, given["path"], state, by)
    for stage in _STAGES[: _told(state)]:
        # told long ago: 0 is no broadcast, so nothing is sent for it
        s.add(
            Notice(
                consultation_id=c.id,
                stage=stage,
                sms=c.sms.get(stage, ""),
                voice="",
                by="sample",
                broadcast_id=0,
            )
        )
    if state == "PUBLICITY":  # everybody has heard of the result, as the notices above say
        for door in reach.doors(s, c):
            reach.visit(s, c, door.home, "sample")
    if state in ("IMPLEMENTING", "CLOSED"):
        _carried_out(s, settings, c, given, by)
    opened = c.opens_at or clock.now()
    _said(s, c, given, people, opened, everything=state != "OPEN")


def _carried_out(
    s: Session, settings: Settings, c: Consultation, given: dict[str, Any], by: timedelta
) -> None:
    """Who does it until when; of the closed one also what the evaluator found, and who was told."""
    work, judged = given["implementation"], given["evaluation"]
    over, at = c.state == "CLOSED", clock.now()
    due = clock.end_of_day(on(work["deadline"]) + by, settings.zone)
    s.add(
        Task(
            consultation_id=c.id, what=c.title, owner=work["owner"], due_at=due,
            proof=moved(work["notes"], by) if over else "", done_at=min(due, at) if over else None, done_by="sample",
        )
    )  # fmt: skip
    c.due_at = None if over else due
    if over:
        s.add(
            Evaluation(
                consultation_id=c.id, evaluator="评估员（示例）", findings=judged["finding"], summary=judged["finding"],
                reported=dict.fromkeys(RECIPIENTS, at.isoformat()), by="sample",
            )
        )  # fmt: skip


def _told(state: str) -> int:
    return {"OPEN": 1, "PUBLICITY": 3, "IMPLEMENTING": 5, "CLOSED": 6}[state]


def _history(s: Session, c: Consultation, path: list[str], state: str, by: timedelta) -> None:
    assert c.opens_at and c.closes_at
    states = path[: path.index("OPEN") + 1] if state == "OPEN" else path[: _last(path, state) + 1]
    for n, (to, at) in enumerate(zip(states, of_states(states, c, clock.now()), strict=True)):
        before = states[n - 1] if n else ""
        event = lifecycle.event_between(before, to) if before else "raise"
        c.state = to  # as it stood then, so that its deadline is counted from there
        lifecycle.record(s, c, event, "sample", before=before, to=to, at=at)
        if to == "HEARING" and to != state:
            lifecycle.record(s, c, "minutes", "sample", before=to, to=to, at=at, reason=_HEARD)
        c.due_at = lifecycle.due(c, to, at)


_HEARD = "到会的人都说了话，记录在村部"


def _last(path: list[str], state: str) -> int:
    return len(path) - 1 - path[::-1].index(state)


def _said(
    s: Session,
    c: Consultation,
    given: dict[str, Any],
    people: dict[str, Person],
    at: datetime,
    *,
    everything: bool,
) -> None:
    """Past matters have their answers; open ones wait for yours, with a few opinions to show what they look like."""
    answered = _answered(s, c, given) if everything else {}
    for n, o in enumerate(given["opinions"] if everything else given["opinions"][:2]):
        person = people.get(o["resident"] or "")
        words = o.get("text") or o.get("gloss_zh") or ""
        s.add(
            Opinion(
                consultation_id=c.id,
                person_id=person.id if person else None,
                words=words,
                channel=o["channel"],
                anonymous=bool(o.get("anonymous")),
                receipt=receipts.mint(s, "opinion", c.id, person.id if person else None),
                created_at=at + timedelta(days=n // 3, hours=9 + 3 * (n % 3)),
                done_at=at + timedelta(days=5) if everything else None,
                **answered.get(o["id"], {}),
            )
        )
    if not everything:
        return
    for n, v in enumerate(given["votes"]):
        person, when = (
            people[v["resident"]],
            at + timedelta(days=n // 3, hours=9 + 3 * (n % 3), minutes=7 * n),
        )
        receipt = receipts.mint(s, "ballot", c.id, person.id)
        row = {
            "consultation_id": c.id,
            "person_id": person.id,
            "option": "" if c.sensitive else v["option"],
            "channel": v["channel"],
        }
        s.add(Ballot(**row, household_id=person.household_id, receipt=receipt, created_at=when))
        s.add(BallotLog(**row, receipt=receipt, created_at=when))
        if c.sensitive:
            voter = ballots.pseudonym(c.id, person.id)
            s.add(SecretChoice(consultation_id=c.id, voter=voter, choice=v["option"]))
    if c.state == "PUBLICITY":
        return  # its one objection comes after the publicity period
    for o in given["objections"]:
        person, when = people[o["resident"]], (c.closes_at or at) + timedelta(days=8)
        s.add(
            Objection(
                consultation_id=c.id,
                round=o["round"],
                person_id=person.id,
                words=o.get("text") or o.get("gloss_zh") or "",
                channel=o["channel"],
                receipt=receipts.mint(s, "objection", c.id, person.id),
                state=_SETTLED.get(o["status"], "resolved"),
                due_at=when + timedelta(days=5),
                explanation=o["handling"],
                explained_at=when + timedelta(days=2),
                closed_at=when + timedelta(days=3),
                created_at=when,
            )
        )


def _answered(s: Session, c: Consultation, given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What became of each opinion of a past matter, by its id, with the groups they were sorted into."""
    found: dict[str, dict[str, Any]] = {}
    at = (c.closes_at or clock.now()) + timedelta(days=1)
    for a in given["answers"]:
        group = OpinionGroup(consultation_id=c.id, name=a["group"], by="sample")
        s.add(group)
        s.flush()
        facts = {"group_id": group.id, "verdict": a["verdict"], "why": a["why"]}
        found |= dict.fromkeys(a["opinions"], facts | {"answered_at": at, "answered_by": "sample"})
    return found


def _move_on(s: Session, settings: Settings, data: dict[str, Any], today: date) -> None:
    """Give the open matters and the one in publicity new days, if nobody has done anything with them."""
    expected = {"OPEN": ("DRAFTED",), "PUBLICITY": ("EFFECTIVE",)}
    for given in data["consultations"]:
        state = _STAGE[given["no"]][0]
        c = s.scalar(select(Consultation).where(Consultation.number == given["no"]))
        if c is None or c.state not in expected.get(state, ()):
            continue
        events = list(s.scalars(select(ConsultationEvent).where(ConsultationEvent.consultation_id == c.id)))
        if any(e.actor not in ("sample", "clock") for e in events):
            continue
        c.state = state
        c.voices = None if state == "OPEN" else c.voices
        _dates(c, settings, given, _shift(given, today))
        for event in events:
            if event.actor == "clock":
                s.delete(event)
        s.execute(delete(Notice).where(Notice.consultation_id == c.id, Notice.by == "clock"))
