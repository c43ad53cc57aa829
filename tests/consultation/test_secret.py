"""Secret matters: who took part is known, what they chose is not; not from the database, not from any page."""

import importlib
import re
import shutil
import sqlite3
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import time_machine
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import delete, select

from gateway import clock, disclosed
from gateway.consultation import ballots, matters, receipts, steps
from gateway.models.answer import Ballot, BallotLog, SecretChoice
from gateway.models.consultation import Consultation
from gateway.models.organizer import Audit
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests import resident
from tests.admin.panel import Panel
from tests.conftest import LI, SUN, WANG, settings_for
from tests.consultation.procedure import QIAN, end_of, new
from tests.resident import Call, text

NOW = datetime.fromisoformat("2026-06-01T02:00:00+00:00")


def secret(rt: Runtime, **more: object) -> int:
    """A secret matter of 拟柳村's, open; its id. The others of the village are out of the way."""
    with rt.db.write() as s:
        for other in s.scalars(select(Consultation).where(Consultation.state == "OPEN")):
            other.state = "WITHDRAWN"
        c = new(s, "NL", number=31, sensitive=True, **more)
        steps.announce(s, c, "cli")
        return c.id


def chosen(rt: Runtime, id: int) -> list[str]:
    """The choices of a matter, as only the holder of the key can count them."""
    with rt.db.read() as s:
        c = s.get_one(Consultation, id)
        return sorted(v.option for v in ballots.said(s, c)[0])


def dump(rt: Runtime) -> str:
    """The whole database as somebody who stole it reads it. What is sealed looks different each time: only that it is
    there is kept."""
    path = rt.settings.database.partition(":///")[2]
    with sqlite3.connect(path) as db:
        lines = "\n".join(db.iterdump())
    lines = re.sub(r"X'[0-9A-F]*'", "X''", lines)
    return re.sub(r"sealed:[A-Za-z0-9+/=]+", "sealed:", lines)


def day(rt: Runtime, options: str) -> str:
    """Three people answer by SMS, by telephone and on paper, and one changes their mind; then the disk is stolen."""
    id, (sms, changed, voice, paper) = secret(rt), options
    assert "已保密记下" in text(rt, SUN, f"31 {sms}", sid="SM-sun-first")
    assert "已保密记下" in text(rt, SUN, f"31 {changed}", sid="SM-sun-again")
    call = Call(rt, WANG)
    for key in ("1", "1", voice, "1"):
        call.press(key)
    with rt.db.write() as s:
        li = s.scalars(select(Person).where(Person.name == LI.name)).one()
        ballots.cast(s, s.get_one(Consultation, id), li, paper, "clerk", paper="村3-12，见证人吴凤霞")
    assert chosen(rt, id) == sorted([changed, voice, paper])
    return dump(rt)


def test_a_stolen_database_is_the_same_whoever_chose_what(
    village: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same day twice, from the same morning, with every choice the other way round."""
    twin = tmp_path / "twin.db"
    shutil.copy(village.settings.database.partition(":///")[2], twin)
    stolen = []
    for url, options in ((village.settings.database, "1122"), (f"sqlite:///{twin}", "2211")):
        code, sid = count(40001), count()
        monkeypatch.setattr(receipts.secrets, "randbelow", lambda _n, code=code: next(code))
        monkeypatch.setattr(resident, "_count", sid)
        rt = Runtime.open(settings_for(tmp_path, url), migrated=True)
        clock.use_trial_clock(None)
        rt.wake = lambda *lanes: None  # type: ignore[method-assign]
        with time_machine.travel(NOW, tick=False):
            stolen.append(day(rt, options).splitlines())
        rt.close()
    assert any("secret_choices" in line for line in stolen[0])
    assert stolen[0] == stolen[1]


def test_a_choice_has_neither_number_nor_time_and_changing_it_replaces_it(village: Runtime) -> None:
    id = secret(village)
    first = text(village, SUN, "31 1")
    assert text(village, SUN, "31 1") == first  # said twice: the same receipt, nothing new
    assert text(village, SUN, "31 2") != first
    with village.db.read() as s:
        assert [c.name for c in SecretChoice.__table__.columns] == ["consultation_id", "voter", "choice"]
        kept = s.scalars(select(SecretChoice).where(SecretChoice.consultation_id == id)).all()
        assert [k.choice for k in kept] == ["2"]
        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        assert ballots.pseudonym(id, sun.id) == kept[0].voter != ballots.pseudonym(id + 1, sun.id)
        assert [b.option for b in s.scalars(select(Ballot).where(Ballot.consultation_id == id))] == [""]
        assert {b.option for b in s.scalars(select(BallotLog).where(BallotLog.consultation_id == id))} == {""}
        assert not [a for a in s.scalars(select(Audit)) if "同意" in a.details]


def everybody(rt: Runtime, id: int, options: str) -> None:
    """As many of the village's people answer as there are options."""
    with rt.db.write() as s:
        c = s.get_one(Consultation, id)
        people = s.scalars(matters.eligible(s, c).order_by(Person.id)).all()
        for person, option in zip(people, options, strict=False):
            ballots.cast(s, c, person, option, "sms")


def ended(rt: Runtime, id: int) -> ballots.Tally:
    with rt.db.write() as s:
        c = s.get_one(Consultation, id)
        steps.close_early(s, c, "cli", "都答完了")
        return ballots.tally(s, c)


def test_counts_are_seen_by_nobody_while_people_answer_and_none_under_five_after(village: Runtime) -> None:
    id = secret(village)
    everybody(village, id, "1" * 6 + "2" * 3)
    qian = Panel(village, QIAN)
    page = qian.get(f"/admin/consultations/{id}")
    assert "保密表态：还在征集" in page and "<svg" not in page.partition("票数")[2].partition("</section>")[0]
    tally = ended(village, id)
    assert tally.hidden and tally.counts == {} and tally.units == 9 and tally.majority == "1"
    page = qian.get(f"/admin/consultations/{id}")
    assert "有一项不到五个" in page and "过半数的是“同意”" in page
    assert "该问" in qian.get(f"/admin/consultations/{id}/publish") and "同意6" not in qian.page
    with village.db.read() as s:
        d = disclosed.of(s, s.get_one(Consultation, id))
        assert not d.shown and d.tally.counts == {}


def test_counts_of_which_none_is_under_five_are_published(village: Runtime) -> None:
    id = secret(village, options={"1": "同意", "2": "不同意"})
    with village.db.write() as s:
        c = s.get_one(Consultation, id)
        people = s.scalars(matters.eligible(s, c).order_by(Person.id)).all()
        assert len(people) >= 10
    everybody(village, id, "1" * 5 + "2" * 5)
    tally = ended(village, id)
    assert (tally.hidden, tally.counts, tally.majority) == (False, {"1": 5, "2": 5}, None)
    with village.db.read() as s:
        c = s.get_one(Consultation, id)
        c.state = "PUBLICITY"
        assert disclosed.of(s, c).shown


def test_the_sample_welfare_review_is_secret_and_names_no_small_number(village: Runtime) -> None:
    with village.db.read() as s:
        c = matters.find(s, 12)
        assert c and c.sensitive
        assert not list(s.scalars(select(Ballot).where(Ballot.consultation_id == c.id, Ballot.option != "")))
        tally = ballots.tally(s, c)
        assert tally.hidden and tally.units == 8
    assert end_of(1) - clock.now() < timedelta(days=2)


def test_what_was_chosen_before_is_parted_when_the_house_is_renewed(village: Runtime) -> None:
    step = importlib.import_module("gateway.migrations.versions.0018_secret_choices")
    with village.db.write() as s:  # as an older house kept it
        c = matters.find(s, 12)
        assert c
        before = sorted((v.person_id, v.option) for v in ballots.said(s, c)[0])
        for table in (Ballot, BallotLog):
            for row in s.scalars(select(table).where(table.consultation_id == c.id)):
                row.option = dict(before)[row.person_id]
        s.execute(delete(SecretChoice))
    with (
        village.db.engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        step._part()
    with village.db.read() as s:
        c = matters.find(s, 12)
        assert c
        kept = s.scalars(select(Ballot.option).where(Ballot.consultation_id == c.id))
        assert set(kept) == {""} and len(list(s.scalars(select(SecretChoice)))) == len(before)
        assert sorted((v.person_id, v.option) for v in ballots.said(s, c)[0]) == before
