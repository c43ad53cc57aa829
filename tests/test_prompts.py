# ruff: noqa: F811
"""Recordings by people: the loudspeaker's voice instead of a machine's, for as long as it says what the text says."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import soundfile
import time_machine
from sqlalchemy import select

from gateway import clock, jobs, phones, playable, prompts
from gateway.inbound import scripts
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.conversation import InboundEvent
from gateway.models.organizer import Audit, Organizer
from gateway.models.prompt import Prompt
from gateway.people import residents
from gateway.prompts import Subject
from gateway.runtime import Runtime
from gateway.simulator.tone import tone
from gateway.turns import FACTS, nobodys, spoken_notice
from tests.calls import Call
from tests.conftest import STRANGER, SUN, WANG, settings_for
from tests.test_recordings import Media, media  # noqa: F401


def of_matter(rt: Runtime, number: int = 11, words: str = "", language: str = "zh-CN") -> Subject:
    with rt.db.read() as s:
        c = s.scalars(select(Consultation).where(Consultation.number == number)).one()
        said = words or spoken_notice(nobodys(s, rt.settings, scripts()["hotline"], language), c)
        return Subject(language, said, f"{number}号事，通知", "notice", c.area_id, c.id)


def of_script(rt: Runtime, words: str, language: str = "zh-CN") -> Subject:
    with rt.db.read() as s:
        area = s.scalars(select(Area).where(Area.code == "XQ")).one()
        return Subject(language, words, words, "script", area.id)


def qian(rt: Runtime) -> Organizer:
    with rt.db.read() as s:
        return s.scalars(select(Organizer).where(Organizer.login == "qianxiaoman")).one()


def record(rt: Runtime, subject: Subject, seconds: int = 2, hum: bytes = b"") -> Prompt:
    """Upload a recording and put it to use."""
    file, length = prompts.keep_sound(rt.store, hum or tone(seconds), subject.words)
    with rt.db.write() as s:
        made = prompts.offer(s, subject, s.get_one(Organizer, qian(rt).id), "upload")
        made.file, made.seconds = file, length
        prompts.go_live(s, made)
        return made


def code_for(rt: Runtime, subject: Subject) -> str:
    with rt.db.write() as s:
        return prompts.new_code(s, subject, s.get_one(Organizer, qian(rt).id))


def only(rt: Runtime) -> Prompt:
    with rt.db.read() as s:
        return s.scalars(select(Prompt).order_by(Prompt.id.desc()).limit(1)).one()


# -- playing ------------------------------------------------------------------------------------------------------


def test_a_notice_is_heard_in_the_voice_that_recorded_it_and_the_menu_still_in_the_machines(
    each_village: Runtime,
) -> None:
    made = record(each_village, of_matter(each_village))
    call = Call(each_village, SUN.phone, "CA-1")
    assert call.played == []
    said = call.press("1")
    assert call.played == [f"{each_village.settings.base_url}/sound/{made.file}"]
    assert "屯中路" not in said and "同意，请按1" in said
    with each_village.db.read() as s:  # which one was heard is in the stored answer
        heard = s.scalars(select(InboundEvent.answer).order_by(InboundEvent.id.desc()).limit(1)).one()
    assert str(made.file) in heard


def test_when_the_text_changes_the_text_is_spoken_and_when_it_comes_back_the_recording(
    village: Runtime,
) -> None:
    record(village, of_matter(village))
    with village.db.write() as s:
        c = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
        before, c.voice = c.voice, {**c.voice, "notice": "第十一号事，改了，只修一半。"}
    call = Call(village, SUN.phone, "CA-1")
    assert "只修一半" in call.press("1") and call.played == []
    with village.db.write() as s:
        s.scalars(select(Consultation).where(Consultation.number == 11)).one().voice = before
    call = Call(village, WANG.phone, "CA-2")
    call.press("1", "1")
    assert call.played and "屯中路" not in call.said


def test_a_newer_recording_replaces_the_older_one_and_the_older_one_is_kept(village: Runtime) -> None:
    first = record(village, of_matter(village), 1)
    second = record(village, of_matter(village), 3)
    call = Call(village, SUN.phone, "CA-1")
    call.press("1")
    assert call.played == [prompts.address(village.settings.base_url, str(second.file))]
    with village.db.read() as s:
        assert s.get_one(Prompt, first.id).state == "replaced"
        assert prompts.may_be_fetched(s, str(first.file))  # a call under way may still be about to play it


def test_what_was_withdrawn_is_not_played_and_soon_not_to_be_had(village: Runtime) -> None:
    made = record(village, of_matter(village))
    with village.db.write() as s:
        assert prompts.withdraw(s, s.get_one(Prompt, made.id), qian(village))
        assert not prompts.withdraw(s, s.get_one(Prompt, made.id), qian(village))
    call = Call(village, SUN.phone, "CA-1")
    assert "屯中路" in call.press("1") and call.played == []
    with village.db.read() as s:
        assert prompts.may_be_fetched(s, str(made.file))
        with time_machine.travel(clock.now() + timedelta(hours=1), tick=True):
            assert not prompts.may_be_fetched(s, str(made.file))
    assert village.store.get(f"sounds/{made.file}")  # kept: somebody heard it


def test_one_matters_recording_is_not_played_for_another(village: Runtime) -> None:
    record(village, of_matter(village, 13, words="谢谢您"))
    call = Call(village, SUN.phone, "CA-1")
    call.press("1", "1", "1")
    assert call.played == []


def test_a_sentence_of_the_script_is_put_together_from_recordings_and_speech(village: Runtime) -> None:
    whole = record(village, of_script(village, "您好，这里是拟柳村协商热线，您不用花话费"))
    label = record(village, of_script(village, "听正在商量的事"), 1)
    press, one = record(village, of_script(village, "请按"), 3), record(village, of_script(village, "1"), 4)
    call = Call(village, SUN.phone, "CA-1")
    files = [str(p.file) for p in (whole, label, press, one, press, press, press, press)]
    assert [url.rpartition("/")[2] for url in call.played] == files
    assert "孙长河，您好" in call.said and "听正在商量的事" not in call.said and "办别的事" in call.said


def test_a_language_without_words_is_offered_when_every_sentence_of_it_was_recorded(village: Runtime) -> None:
    hotline = scripts()["hotline"]
    sound, seconds = prompts.keep_sound(village.store, tone(1), "")
    wanted = prompts.wanted(hotline, "mn")
    with village.db.write() as s:
        by = s.get_one(Organizer, qian(village).id)
        for sentence in wanted[1:]:
            made = prompts.offer(s, of_script(village, sentence.words, "mn"), by, "upload")
            made.file, made.seconds, made.state = sound, seconds, "live"
        s.flush()
        assert prompts.languages(s, hotline) == ("zh-CN", "en") and prompts.left(s, hotline, "mn") == 1
        made = prompts.offer(s, of_script(village, wanted[0].words, "mn"), by, "upload")
        made.file, made.state = sound, "live"
        s.flush()
        assert prompts.languages(s, hotline) == ("zh-CN", "en", "mn")
        from gateway.ivr import render
        from gateway.ivr.engine import begin
        from gateway.ivr.script import Place, Turn

        find = prompts.finder(s, "https://x.example", "mn", None)
        for (
            name,
            step,
        ) in hotline.steps.items():  # no word of it is left to a machine, but for names and titles
            if step.is_action:
                continue
            facts = dict.fromkeys(FACTS, "") | {"receipt_spoken": "4 0 2 7 8", "days": "5", "duty_phone": "1"}
            facts |= {f"{step}{end}": "" for step in hotline.steps for end in ("", "_said")}
            turn = begin(hotline, name, facts) if step.does != "connect" else Turn(Place(name))
            document = render.voice(
                hotline, "mn", turn, facts, action_url="https://x.example/?c=1", find=find
            )
            assert "<Say" not in document, (name, document)


# -- by telephone --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def behind(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_database,
    media: Media,  # type: ignore[no-untyped-def]
) -> Iterator[Runtime]:
    """The sample township behind a carrier whose recordings are fetched over HTTP."""
    st = settings_for(
        tmp_path, new_database(request.param, "township"), twilio_account_sid="AC1", twilio_auth_token="the secret",
        hotline_number="+8649900000012", twilio_api_url=media.url,
    )  # fmt: skip
    rt = Runtime.open(st, migrated=True)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]
    yield rt
    rt.close()


class Recorder(Call):
    """An organizer's call."""

    def speak(self, media: Media, sid: str) -> str:
        return self._ask(
            {
                "RecordingSid": sid, "RecordingUrl": f"{media.url}/2010-04-01/R/{sid}", "RecordingDuration": "2",
                "Digits": "#",
            }
        )  # fmt: skip


def arrived(rt: Runtime) -> None:
    jobs.fetch_recordings(rt)
    jobs.take_in_prompts(rt)


def test_an_organizer_records_by_telephone_hears_it_back_records_again_and_confirms(
    behind: Runtime,
    media: Media,
) -> None:
    code = code_for(behind, of_matter(behind))
    call = Recorder(behind, STRANGER.phone, "CA-rec")
    assert "录音" not in call.said  # nobody is told of the star key
    assert "六位录音码" in call.press("*")
    assert "您要录的是，11号事，通知" in call.press(code)
    assert "正在取" in call.speak(media, "RE1")
    assert "请再等一等" in call.wait()  # not there yet
    arrived(behind)
    assert "您录的是" in call.wait() and "重录，请按2" in call.said
    first = call.played
    assert len(first) == 1 and first[0].startswith(f"{behind.settings.base_url}/sound/")
    assert "您要录的是" in call.press("2")
    media.answer = (200, "audio/x-wav", tone(4))
    call.speak(media, "RE2")
    arrived(behind)
    call.wait()
    assert call.played != first and only(behind).state == "offered"
    assert "记下了" in call.press("1")
    made = only(behind)
    assert (made.state, made.way, made.seconds) == ("live", "phone", 4)
    heard = Call(behind, SUN.phone, "CA-heard")
    heard.press("1")
    assert heard.played == call.played or heard.played == [
        prompts.address(behind.settings.base_url, str(made.file))
    ]
    with behind.db.read() as s:
        done = {a.verb: a for a in s.scalars(select(Audit))}
        assert {"prompt_code", "prompt_code_used", "prompt_live"} <= done.keys()
        assert done["prompt_live"].actor == f"organizer:{qian(behind).id}"
        assert s.scalars(select(Prompt.state).order_by(Prompt.id)).all() == ["dropped", "live"]
    assert "六位录音码" in call.press("1")  # another one


def test_whoever_hangs_up_before_confirming_changed_nothing(behind: Runtime, media: Media) -> None:
    call = Recorder(behind, STRANGER.phone, "CA-rec")
    call.press("*", code_for(behind, of_matter(behind)))
    call.speak(media, "RE1")
    call.hang_up()
    arrived(behind)
    heard = Call(behind, SUN.phone, "CA-heard")
    heard.press("1")
    assert heard.played == [] and only(behind).state == "offered"


def test_what_is_no_sound_is_recorded_again(behind: Runtime, media: Media) -> None:
    media.answer = (200, "audio/x-wav", tone(2)[:44] + bytes(32000))  # silence
    call = Recorder(behind, STRANGER.phone, "CA-rec")
    call.press("*", code_for(behind, of_matter(behind)))
    call.speak(media, "RE1")
    arrived(behind)
    assert "没录好" in call.wait() and "您要录的是" in call.said


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(village: Runtime) -> None:
    code = code_for(village, of_matter(village))
    assert "您要录的是" in Call(village, STRANGER.phone, "CA-1").press("*", code)
    assert "没有这个码" in Call(village, STRANGER.phone, "CA-2").press("*", code)
    late = code_for(village, of_matter(village))
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=True):
        assert "没有这个码" in Call(village, STRANGER.phone, "CA-3").press("*", late)


def test_a_newer_code_for_the_same_text_ends_the_older_one(village: Runtime) -> None:
    older, newer = (code_for(village, of_matter(village)) for _ in range(2))
    assert "没有这个码" in Call(village, STRANGER.phone, "CA-1").press("*", older)
    assert "您要录的是" in Call(village, STRANGER.phone, "CA-2").press("*", newer)


def test_guessing_is_stopped_on_that_handset_and_on_no_other(each_village: Runtime) -> None:
    code = code_for(each_village, of_matter(each_village))
    wrong = "000000" if code != "000000" else "111111"
    call = Call(each_village, STRANGER.phone, "CA-1")
    call.press("*")
    for _ in range(5):
        assert "没有这个码" in call.press(wrong)
    assert "次数太多" in call.press(code)
    assert "您要录的是" in Call(each_village, SUN.phone, "CA-2").press("*", code)
    again = code_for(each_village, of_matter(each_village))
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=True):
        assert "没有这个码" in Call(each_village, STRANGER.phone, "CA-3").press("*", again)  # too old by now


def test_guessing_from_forged_numbers_is_stopped_for_all(village: Runtime) -> None:
    with village.db.write() as s:
        others = [residents.handset_for(s, phones.normalize(f"+86199000007{n:02}")).id for n in range(20)]
        for n in range(100):
            assert prompts.use_code(s, others[n // 5], "000000") in ("wrong", "blocked")
    assert "次数太多" in Call(village, STRANGER.phone, "CA-1").press(
        "*", code_for(village, of_matter(village))
    )


def test_an_account_that_was_closed_records_nothing(village: Runtime) -> None:
    code = code_for(village, of_matter(village))
    with village.db.write() as s:
        s.get_one(Organizer, qian(village).id).active = False
    assert "没有这个码" in Call(village, STRANGER.phone, "CA-1").press("*", code)


def test_a_resident_who_pressed_the_star_by_mistake_is_led_back(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-1")
    assert "六位录音码" in call.press("*")
    assert "听正在商量的事" in call.press("*")
    assert "第十一号" in call.press("1")


def test_a_code_nobody_confirmed_is_no_receipt_and_no_secret_is_kept_in_the_open(village: Runtime) -> None:
    code = code_for(village, of_matter(village))
    for path in village.settings.data_dir.rglob("*.db*"):
        assert code.encode() not in path.read_bytes()


# -- sounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["WAV", "MP3", "OGG", "FLAC"])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_whatever_was_recorded_becomes_what_a_telephone_plays(form: str, rate: int) -> None:
    samples, _ = soundfile.read(io.BytesIO(tone(2)))
    out = io.BytesIO()
    soundfile.write(out, samples.repeat(rate // 8000)[: 2 * rate], rate, format=form)
    data, seconds = playable.prompt(out.getvalue(), "第十一号事，修路")
    assert soundfile.SoundFile(io.BytesIO(data)).comment == "第十一号事，修路"
    made = soundfile.info(io.BytesIO(data))
    assert (made.samplerate, made.channels, made.subtype) == (8000, 1, "PCM_16") and seconds in (1, 2)
    assert abs(soundfile.read(io.BytesIO(data))[0]).max() > 0.4  # as loud as others


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "不是声音"), (b"<!doctype html>", "不是声音"), (tone(2)[:60], "没有声音|太短|不是声音"), (tone(2)[:44] + bytes(32000), "听不到声音"),
        (tone(301), "太长"), (b"\0\0\0\x18ftypM4A " + bytes(200), "m4a"),
    ],
)  # fmt: skip
def test_what_is_no_sound_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(playable.NoSound, match=why):
        playable.prompt(data)
