"""Whose voice residents hear: recordings instead of synthetic speech, for a matter's texts and for the scripts."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, words
from admin.common import me, panel, reading, runtime, writing
from admin.inbox import sound_file
from gateway import phones, playable, prompts, text, turns
from gateway.consultation import lifecycle, matters
from gateway.inbound import HOTLINE, scripts
from gateway.ivr import sentences
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation
from gateway.models.organizer import RULE, Organizer
from gateway.models.prompt import Prompt
from gateway.people import rights
from gateway.prompts import Subject

MAX_BYTES = 15_000_000  # four minutes as the page's own WAV
SPOKEN = ("zh-CN", "ko")  # languages in which the carrier's machine speaks (twilio.md §3, dependencies.md §8)
_VILLAGES = 30  # whose names are offered inside whole sentences


# -- what there is to be recorded ------------------------------------------------------------------------------


def of_matter(s: Session, c: Consultation, language: str = "zh-CN") -> list[Subject]:
    """What residents are told of a matter just now, or will be told of its drafted result."""
    said = {}
    turn = turns.nobodys(s, runtime().settings, prompts.with_recorded(s, scripts()[HOTLINE]), language)
    if c.state in ("ACCEPTED", "NOTICED", *GATHERING):
        said["notice"] = turns.spoken_notice(turn, c)
    if c.draft.get("voice") and "publish" in lifecycle.allowed(c):
        said["result"] = matters.spoken_words(c.draft["voice"])
    elif c.in_publicity or c.state in IN_FORCE:
        said["result"] = turns.spoken_result(turn, c)
    number = text.spoken_ordinal_matter(c.number)
    return [
        Subject(language, what, f"{number}事，{words.PROMPT_PARTS[part]}", part, c.area_id, c.id)
        for part, what in said.items()
    ]


def cards(s: Session, c: Consultation) -> list[tuple[Subject, list[Prompt], bool]]:
    """For a matter's page: each text, its recordings, and whether one of them is what residents hear."""
    found = []
    for subject in (one for language in ("zh-CN", *c.rules.languages) for one in of_matter(s, c, language)):
        made = prompts.versions(s, subject)
        found.append((subject, made, prompts.fits(made, subject)))
    return found


def _rules_all(s: Session) -> bool:
    """Whether whoever is signed in answers for everybody who rings the hotline: its sentences belong to all areas."""
    return me().may(RULE) and s.get_one(Area, me().area_id).parent_id is None


def _villages(s: Session) -> tuple[str, ...]:
    return tuple(a.name for a in rights.areas(s, me())[:_VILLAGES])


def _sentences(s: Session, language: str) -> list[sentences.Sentence]:
    if not _rules_all(s):
        raise rights.NotAllowed
    return prompts.wanted(scripts()[HOTLINE], language, _villages(s))


def _language(given: str) -> str:
    if given not in words.LANGUAGES:
        abort(404)
    return given


def _subject(s: Session, language: str, key: str, *, change: bool = False) -> Subject:
    """What an address is about: ``c12-notice`` or ``s-<digest>``. Raises NotVisible, NotAllowed."""
    _language(language)
    kind, _dash, rest = key.partition("-")
    if kind == "s":
        for one in _sentences(s, language):
            if one.digest == rest:
                return Subject(language, one.words, one.words[:30], "script", me().area_id)
    elif kind[:1] == "c" and (id := text.whole(kind[1:])):
        c = common.consultation(s, id, change=change)
        for subject in of_matter(s, c, language):
            if subject.part == rest:
                return subject
    raise rights.NotVisible


def key_of(subject: Subject) -> str:
    if subject.consultation_id:
        return f"c{subject.consultation_id}-{subject.part}"
    return f"s-{subject.digest}"


def _address(subject: Subject) -> str:
    return url_for("admin.one_spoken", language=subject.language, key=key_of(subject))


panel.add_app_template_global(_address, "voice_page")


# -- pages -----------------------------------------------------------------------------------------------------


@panel.get("/spoken/")
def spoken_languages() -> str:
    """How far each language is."""
    with reading() as s:
        script = scripts()[HOTLINE]
        if not _rules_all(s):
            raise rights.NotAllowed
        offered = prompts.languages(s, script)
        rows = []
        for language, name in words.LANGUAGES.items():
            total = len(prompts.wanted(script, language))
            rows.append(
                (language, name, total - prompts.left(s, script, language), total, language in offered)
            )
        return render_template("admin/spoken.html", rows=rows)


@panel.get("/spoken/<language>")
def spoken_script(language: str) -> str:
    """Every sentence of the hotline in one language, and which have a recording."""
    with reading() as s:
        found = _sentences(s, _language(language))
        known = prompts.live_in(s, language)
        left = sum(1 for one in found if one.digest not in known and not one.whole)
        return render_template(
            "admin/spoken_script.html",
            language=language,
            sentences=found,
            known=known,
            left=left,
            outdated=prompts.outdated(s, language, {one.digest for one in found}),
        )


@panel.get("/spoken/<language>/<key>")
def one_spoken(language: str, key: str) -> str:
    with reading() as s:
        return _page(s, _subject(s, language, key))


def _page(s: Session, subject: Subject, problem: str = "") -> str:
    made = prompts.versions(s, subject)
    makers = {
        o.id: o.name for o in s.scalars(select(Organizer).where(Organizer.id.in_({m.made_by for m in made})))
    }
    c = s.get(Consultation, subject.consultation_id) if subject.consultation_id else None
    following = None
    if c is None:
        known = prompts.live_in(s, subject.language)
        open_ = [x for x in _sentences(s, subject.language) if not x.whole and x.digest not in known]
        following = next((x for x in open_ if x.digest != subject.digest), None)
    return render_template(
        "admin/spoken_one.html", subject=subject, key=key_of(subject), made=made, makers=makers, c=c,
        fits=prompts.fits(made, subject), machine=subject.language in SPOKEN, problem=problem,
        leads=common.leads(s, c) if c else True, next=following, languages=_languages(s, c),
    )  # fmt: skip


def _languages(s: Session, c: Consultation | None) -> list[str]:
    """The languages a matter's text may be wanted in: Chinese, and those of the areas below whoever looks."""
    if c is None:
        return []
    wanted = {code for area in rights.areas(s, me()) for code in area.languages}
    return [one for one in words.LANGUAGES if one == "zh-CN" or one in wanted]


@panel.post("/spoken/<language>/<key>")
def keep_spoken(language: str, key: str) -> Any:
    """Take in a recording, uploaded or made in the browser: checked as a sound, and from now on played."""
    with reading() as s:
        said = _subject(s, language, key, change=True).words
    file = request.files.get("sound")
    data = file.read(MAX_BYTES + 1) if file else b""
    try:
        if not data:
            raise playable.NoSound(_("请先录一段，或者选一个录音文件"))
        if len(data) > MAX_BYTES:
            raise playable.NoSound(_("文件太大了，最大%(n)s兆，请录短一点", n=MAX_BYTES // 1_000_000))
        name, seconds = prompts.keep_sound(runtime().store, data, said)
    except (playable.NoSound, OSError) as no:
        why = (
            str(no) if isinstance(no, playable.NoSound) else _("录音存不下来，请过一会儿再试，或者告诉管理员")
        )
        with reading() as s:
            return _page(s, _subject(s, language, key), why), 422
    with writing() as s:
        subject = _subject(s, language, key, change=True)
        if (
            prompts.live_in(s, language, subject.consultation_id).get(subject.digest) != name
        ):  # else: pressed twice
            way = "browser" if request.form.get("way") == "browser" else "upload"
            made = prompts.offer(s, subject, me(), way)
            made.file, made.seconds = name, seconds
            prompts.go_live(s, made)
    flash(_("换好了，从现在起电话里放这段录音"))
    return redirect(_address(subject))


@panel.post("/spoken/<language>/<key>/code")
def spoken_code(language: str, key: str) -> Response:
    """A code for recording this by telephone."""
    with writing() as s:
        subject = _subject(s, language, key, change=True)
        code = prompts.new_code(s, subject, me())
    flash(
        _(
            "录音码 %(code)s。%(minutes)s分钟之内，随便用哪部电话打 %(number)s，听到菜单按星号键（＊），再按这六位码。只能用一次。",
            code=f"{code[:3]} {code[3:]}", minutes=int(prompts.CODE_LIVES.total_seconds() // 60),
            number=phones.dialled(runtime().settings.hotline),
        ),
        "code",
    )  # fmt: skip
    return redirect(_address(subject))


def _mine(s: Session, id: int, *, change: bool = False) -> Prompt:
    """A recording of a matter that is to be seen, or of the hotline. Raises NotVisible, NotAllowed."""
    found = s.get(Prompt, id)
    if found is None or found.live_at is None:
        raise rights.NotVisible
    if found.consultation_id:
        common.consultation(s, found.consultation_id, change=change)
    elif not _rules_all(s):
        raise rights.NotVisible
    return found


@panel.post("/prompts/<int:id>/withdraw")
def withdraw_prompt(id: int) -> Response:
    with writing() as s:
        found = _mine(s, id, change=True)
        rights.act(s, me(), "prompt_withdraw", f"prompt:{id}", found.area_id)
        done = prompts.withdraw(s, found, me())
    flash(_("撤下了，电话里念文字") if done else _("这段录音早就不放了"))
    if found.consultation_id:
        return redirect(url_for("admin.one_consultation", id=found.consultation_id))
    return redirect(url_for("admin.spoken_script", language=found.language))


@panel.get("/prompts/<int:id>.wav")
def prompt_sound(id: int) -> Response:
    with reading() as s:
        found = _mine(s, id)
    return sound_file(f"sounds/{found.file}")
