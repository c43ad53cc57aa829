"""Organizers' accounts, what they may see, and claims."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from gateway import sample
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.people import claims, organizers, residents, rights
from gateway.runtime import Runtime


def account(s, login: str) -> Organizer:  # type: ignore[no-untyped-def]
    return s.scalars(select(Organizer).where(Organizer.login == login)).one()


def test_the_printed_password_opens_the_panel_and_a_wrong_one_locks_it_after_five_tries(
    village: Runtime,
) -> None:
    first = sample.load(village.db, village.settings)[0]
    o = organizers.check(village.db, first.login, first.password)
    assert o.role == "township_officer"
    with village.db.write() as s:
        token = organizers.sign_in(s, o, "test")
        assert organizers.who(s, token).id == o.id  # type: ignore[union-attr]
        organizers.sign_out(s, token)
        assert organizers.who(s, token) is None
    for _ in range(5):
        with pytest.raises(organizers.WrongPassword):
            organizers.check(village.db, first.login, "wrong")
    with pytest.raises(organizers.Locked):
        organizers.check(village.db, first.login, first.password)


def test_a_flood_of_guesses_holds_few_threads_and_counts_what_it_looked_at(each_village: Runtime) -> None:
    # a hash made at the product's own price: the few threads are held for as long as a real guess holds them
    with each_village.db.write() as s:
        account(s, "qianxiaoman").password = PasswordHasher().hash("not guessed")

    def guess(_: int) -> type[Exception]:
        with pytest.raises((organizers.WrongPassword, organizers.Locked, organizers.Busy)) as no:
            organizers.check(each_village.db, "qianxiaoman", "wrong")
        return no.type

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(guess, range(12)))
    assert outcomes[organizers.Busy] > 0
    with each_village.db.read() as s:
        assert account(s, "qianxiaoman").failures == outcomes[organizers.WrongPassword]


def test_nobody_sees_another_villages_people_matters_or_words(each_village: Runtime) -> None:
    with each_village.db.read() as s:
        qian = account(s, "qianxiaoman")
        assert {a.code for a in rights.areas(s, qian)} == {"NL"}
        assert {c.number for c in s.scalars(rights.consultations(s, qian))} == {11, 15}
        here = set(
            s.scalars(select(Person.id).join(Area, Area.id == Person.area_id).where(Area.code == "NL"))
        )
        assert {p.id for p in s.scalars(rights.people(s, qian))} == here
        lift = s.scalars(select(Consultation).where(Consultation.number == 13)).one()
        with pytest.raises(rights.NotVisible):
            rights.get(s, rights.consultations(s, qian), Consultation, lift.id)
        assert not [o for o in s.scalars(rights.opinions(s, qian)) if o.consultation_id == lift.id]
        assert s.scalar(select(Opinion.id).where(Opinion.consultation_id == lift.id).limit(1))


def test_those_who_only_look_change_nothing(village: Runtime) -> None:
    with village.db.write() as s, pytest.raises(rights.NotAllowed):
        rights.act(s, account(s, "xianminzheng"), "announce")


def test_an_accepted_claim_connects_the_handset_and_is_decided_once(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        qian = account(s, "qianxiaoman")
        phone = residents.handset_for(s, residents.Phone("+8619900000998", "mobile"))
        made = claims.claim(s, phone, "周秀英", "拟柳", "sms")
        assert made.state == "waiting" and claims.claim(s, phone, "周秀英", "拟柳", "sms").id == made.id
        zhou = claims.likely(s, made)[0]
        claims.accept(s, made, qian, zhou)
        assert [p.name for p in residents.people_on(s, phone.id)] == ["周秀英"]
        with pytest.raises(claims.AlreadyDecided):
            claims.reject(s, made, qian)
