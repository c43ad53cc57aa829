"""Residents ring in: crowded handsets, many matters, hidden numbers, and no recording where none is wanted."""

from sqlalchemy import select

from gateway import inbound
from gateway.models.answer import Objection, Opinion, Recording
from gateway.models.person import Claim, Handset, Person, PersonHandset
from gateway.people import claims, residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import SUN, WANG


def crowd(rt: Runtime, phone: str, *names: str) -> None:
    """More people of the same household on a handset."""
    with rt.db.write() as s:
        handset = residents.handset(s, phone)
        assert handset is not None
        first = residents.people_on(s, handset.id)[0]
        for name in names:
            person = Person(
                area_id=first.area_id, household_id=first.household_id, name=name, state="verified"
            )
            s.add(person)
            s.flush()
            residents.connect(s, person, handset)


def test_the_fifth_person_on_a_handset_is_reached_by_leading_on(village: Runtime) -> None:
    crowd(village, WANG.phone, "王大", "王二", "王三")
    call = Call(village, WANG.phone, "CA-crowd")
    assert "王德顺，请按1" in call.said and "后面的人，请按3" in call.said and "王二" not in call.said
    assert "王大，请按1" in call.press("3") and "王三，请按3" in call.said
    assert "王三，您好" in call.press("3")


def test_a_fourth_result_is_reached_by_leading_on(village: Runtime) -> None:
    from gateway.models.consultation import Consultation

    with village.db.write() as s:
        # four results of 孙长河's village, whatever the sample has
        area_id = residents.people_on(s, residents.handset(s, SUN.phone).id)[0].area_id  # type: ignore[union-attr]
        from gateway.models.consultation import ConsultationArea

        for n in range(4):
            c = Consultation(number=30 + n, title=f"第{n}件", area_id=area_id, state="EFFECTIVE", result="办")
            s.add(c)
            s.flush()
            s.add(ConsultationArea(consultation_id=c.id, area_id=area_id))
    call = Call(village, SUN.phone, "CA-results")
    assert "后面的几件，请按3" in call.press("3")
    further = call.press("3")
    assert "请按1" in further and "请按" in further
    assert "办" in call.press("1")


def test_a_hidden_number_is_nobodys_even_after_its_claim_was_believed(village: Runtime) -> None:
    for hidden in ("anonymous", "+266696687", ""):
        assert "还没登记" in Call(village, hidden, f"CA-hidden-{hidden}").said
    call = Call(village, "Restricted", "CA-hidden-claim")
    call.press("1")
    call.record("RE-name")
    with village.db.write() as s:
        claim = s.scalars(select(Claim).where(Claim.recording_id.is_not(None))).one()
        from gateway.models.organizer import Organizer

        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        claims.accept(s, claim, s.scalars(select(Organizer).limit(1)).one(), sun)
        handset = s.get_one(Handset, claim.handset_id)
        assert s.scalar(select(PersonHandset).where(PersonHandset.handset_id == handset.id)) is None
    assert "还没登记" in Call(village, "unknown", "CA-hidden-again").said


def test_two_recorded_claims_from_one_handset_are_two(village: Runtime) -> None:
    for n in (1, 2):
        call = Call(village, "+8619900000997", f"CA-claim-{n}")
        call.press("1")
        call.record(f"RE-claim-{n}")
    with village.db.read() as s:
        assert len(set(s.scalars(select(Claim.recording_id).where(Claim.name == "")))) == 2


def test_star_means_that_nothing_is_kept(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-star")
    call.press("2", "1")  # propose something
    call.record("RE-star", key="*")
    inbound.recording_reported(
        village,
        {
            "RecordingSid": "RE-star",
            "RecordingStatus": "completed",
            "RecordingUrl": "https://carrier.example/RE-star",
        },
    )
    with village.db.read() as s:
        kept = s.scalars(select(Recording).where(Recording.carrier_id == "RE-star")).one()
        assert (kept.state, kept.url) == ("refused", None)
        assert s.scalar(select(Opinion).where(Opinion.recording_id == kept.id)) is None


def test_a_second_recorded_reason_stands_beside_the_first(village: Runtime) -> None:
    for n in (1, 2):
        call = Call(village, "+8619900000403", f"CA-object-{n}")  # 郭亮: 16 is in publicity
        said = call.press("3")
        if "请按1" in said and "我要反对" not in said:
            said = call.press("1")
        assert "我要反对" in said
        call.press("2")
        call.record(f"RE-object-{n}")
    with village.db.read() as s:
        recordings = {r.carrier_id: r.id for r in s.scalars(select(Recording))}
        assert s.scalars(select(Objection.recording_id).where(Objection.recording_id.is_not(None))).all() == [
            recordings["RE-object-1"]
        ]
        assert s.scalars(select(Opinion.recording_id).where(Opinion.recording_id.is_not(None))).all() == [
            recordings["RE-object-2"]
        ]


def test_who_hangs_up_as_told_is_still_rung(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-promised")
    assert "会有人打给您" in call.press("7", "7", "7")
    with village.db.read() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset is not None
        waiting = s.scalars(
            select(Opinion).where(Opinion.kind == "callback", Opinion.handset_id == handset.id)
        ).all()
        assert len(waiting) == 1
    assert "您不用再按了" in Call(village, SUN.phone, "CA-promised-2").press("0")
    with village.db.read() as s:
        assert len(s.scalars(select(Opinion).where(Opinion.kind == "callback")).all()) == len(waiting)


def test_who_wants_no_recording_is_not_asked_for_one_again(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-no-recording")
    call.press("2", "1", "1")
    assert "有人给您打电话" in call.record("RE-none", key="*") and call.url == ""


def test_a_hidden_number_is_promised_no_call(village: Runtime) -> None:
    said = Call(village, "anonymous", "CA-hidden-0").press("0")
    assert "没有显示号码" in said and "会有人打给您" not in said
    call = Call(village, "anonymous", "CA-hidden-word")
    call.press("2")
    assert "再见" in call.record("RE-hidden") and "打电话" not in call.said
    with village.db.read() as s:
        kept = s.scalars(select(Opinion).where(Opinion.recording_id.is_not(None), Opinion.kind == "callback"))
        assert len(kept.all()) == 1


def test_silence_at_a_recording_is_not_a_key_that_was_missed(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-silent")
    call.press("1", "1", "1")
    assert "回执" in call.said
    call.url += "&silence=1"
    assert "没听到您按键" not in call._ask({}) and "再见" in call.said
