"""Recordings by people: making one, playing the right one, taking it back, and the codes for recording by telephone."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from gateway import clock, playable
from gateway.db import Database, vault
from gateway.ivr import sentences
from gateway.ivr.script import Script
from gateway.ivr.sentences import Find
from gateway.models.answer import Recording
from gateway.models.organizer import LEAD, Organizer
from gateway.models.prompt import Prompt, PromptCode, PromptGuess
from gateway.people import rights
from gateway.spoken.manner import manner_of
from gateway.store import Store

CODE_LIVES = timedelta(minutes=15)
CODE_DIGITS = 6
_GUESSES, _GUESSED_WITHIN = 5, timedelta(hours=1)  # wrong codes a handset may enter, and how long they count
_GUESSES_OF_ALL = 100  # a caller's number can be forged: beyond this nobody records by telephone for a while
# a call lasts no longer than this: what was taken back meanwhile must not break it off
_STILL_PLAYED = timedelta(minutes=30)
# what a language without words is called in the menu of languages
NAMES = {"ko": "朝鲜语", "mn": "蒙古语", "ug": "维吾尔语", "bo": "藏语"}
_LABELS = [sentences.digest(label) for name in NAMES.values() for label in sentences.labels(name)]
_FILE = re.compile(r"[0-9a-f]{32}\.wav")
_HURRY = timedelta(minutes=10)  # after a code was used somebody waits on the line for their own recording


@dataclass(frozen=True)
class Subject:
    """What a recording is to say, in which language, and where that belongs."""

    language: str
    words: str
    title: str  # as the telephone and the panel call it
    part: str  # notice | result | script
    area_id: int
    consultation_id: int | None = None

    @property
    def digest(self) -> str:
        return sentences.digest(self.words)


# -- playing -----------------------------------------------------------------------------------------------------


def finder(s: Session, base_url: str, language: str, matter_id: int | None, speech: str = "") -> Find:
    """What knows the addresses of the recordings that may be heard in a turn about this matter (None: about none), as
    ``speech`` (slow, loud) wants them."""
    known, manner = live_in(s, language, matter_id), manner_of(speech)

    def find(words: str) -> str | None:
        if _FILE.fullmatch(words):  # one that its maker is about to hear back
            return address(base_url, words)
        file = known.get(sentences.digest(words)) if known else None
        return address(base_url, file, manner) if file else None

    return find


def live_in(s: Session, language: str, matter_id: int | None = None) -> dict[str, str]:
    """The files played in a language by the digest of what they say: the scripts' and this matter's."""
    rows = s.execute(
        select(Prompt.digest, Prompt.file)
        # in the menu of languages each is heard in itself, whatever the call is led in
        .where(Prompt.state == "live", or_(Prompt.language == language, Prompt.digest.in_(_LABELS)))
        .where(or_(Prompt.consultation_id.is_(None), Prompt.consultation_id == matter_id))
        .order_by(Prompt.id)
    )
    return {digest: str(file) for digest, file in rows}


def address(base_url: str, file: str, manner: str = "") -> str:
    """Where the carrier fetches it: the name is a digest of the sound, so what it cached is never out of date."""
    return f"{base_url}/sound/{f'{manner}/' if manner else ''}{file}"


def may_be_fetched(s: Session, file: str) -> bool:
    """Whether this file is one that somebody is being played: confirmed, or about to be, or taken back just now."""
    lately = clock.now() - _STILL_PLAYED
    found = select(Prompt.id).where(Prompt.file == file).where(
        or_(
            Prompt.state.in_(("live", "replaced")),
            (Prompt.state == "offered") & (Prompt.created_at > lately),
            Prompt.ended_at > lately,
        )
    )  # fmt: skip
    return bool(_FILE.fullmatch(file)) and s.scalar(found.limit(1)) is not None


def with_recorded(s: Session, script: Script) -> Script:
    """A script that offers, beside the languages it has words in, those whose every sentence was recorded: from its
    words in that language where somebody wrote them (a draft, perhaps), else from the default language's."""
    recorded = s.scalars(
        select(Prompt.language).where(Prompt.state == "live", Prompt.part == "script").distinct()
    )
    more = {}
    for one in recorded:
        if one not in script.offered and one in NAMES and not left(s, script, one):
            words = script.words_in(one)
            if one not in script.words:
                press = sentences.PRESS.format(called=NAMES[one], key="{key}")
                words = replace(words, phrases={**words.phrases, "press_language": f"{press}。"})
            more[one] = replace(
                words, language=one, draft=False, called=words.called if one in script.words else NAMES[one]
            )
    return replace(script, words={**script.words, **more}) if more else script


def languages(s: Session, script: Script) -> tuple[str, ...]:
    """The languages people can be offered."""
    return with_recorded(s, script).offered


def left(s: Session, script: Script, language: str) -> int:
    """How many sentences are still to be recorded before a language needs no machine."""
    known = live_in(s, language)
    return sum(1 for one in wanted(script, language) if one.digest not in known)


def wanted(script: Script, language: str, villages: tuple[str, ...] = ()) -> list[sentences.Sentence]:
    """All sentences to be recorded in a language, as gateway.ivr.sentences lists them."""
    called = "" if language in script.words else NAMES.get(language, "")
    return sentences.sentences(script, language, villages, called)


# -- making ------------------------------------------------------------------------------------------------------


def keep_sound(store: Store, data: bytes, words: str) -> tuple[str, int]:
    """Put a sound of these words where calls find it; its name and its seconds. Raises playable.NoSound, OSError."""
    made, seconds = playable.prompt(data, sentences.bare(words))
    file = f"{hashlib.sha256(made).hexdigest()[:32]}.wav"
    store.put(f"sounds/{file}", made)
    return file, seconds


def offer(
    s: Session, subject: Subject, by: Organizer, way: str, *, recording_id: int | None = None
) -> Prompt:
    """A recording that nobody is played yet."""
    made = Prompt(
        language=subject.language, digest=subject.digest, words=subject.words, part=subject.part,
        consultation_id=subject.consultation_id, area_id=subject.area_id, state="offered", way=way,
        recording_id=recording_id, made_by=by.id,
    )  # fmt: skip
    s.add(made)
    s.flush()
    return made


def go_live(s: Session, made: Prompt) -> None:
    """From now on calls play this one; the one before is kept, and never played again."""
    now = clock.now()
    # by its part, too: the text may have been changed since the last one
    same = or_(Prompt.digest == made.digest, Prompt.part == made.part) if made.consultation_id else (
        Prompt.digest == made.digest
    )  # fmt: skip
    s.execute(
        update(Prompt)
        .where(Prompt.state == "live", Prompt.language == made.language, same, Prompt.id != made.id)
        .where(Prompt.consultation_id.is_not_distinct_from(made.consultation_id))
        .values(state="replaced", ended_at=now, ended_by=made.made_by)
    )
    made.state, made.live_at = "live", now
    s.flush()
    rights.note(s, f"organizer:{made.made_by}", "prompt_live", f"prompt:{made.id}", made.area_id, made.way)


def withdraw(s: Session, made: Prompt, by: Organizer) -> bool:
    """Calls speak the text again; False when it was not played any more anyway."""
    done = s.execute(
        update(Prompt)
        .where(Prompt.id == made.id, Prompt.state == "live")
        .values(state="withdrawn", ended_at=clock.now(), ended_by=by.id)
        .returning(Prompt.id)
    ).first()  # fmt: skip
    return done is not None


def versions(s: Session, subject: Subject) -> list[Prompt]:
    """All recordings made for a text and, of a consultation, for what stood in its place before; newest first."""
    wanted = select(Prompt).where(Prompt.language == subject.language, Prompt.live_at.is_not(None))
    if subject.consultation_id:
        wanted = wanted.where(Prompt.consultation_id == subject.consultation_id, Prompt.part == subject.part)
    else:
        wanted = wanted.where(Prompt.consultation_id.is_(None), Prompt.digest == subject.digest)
    return list(s.scalars(wanted.order_by(Prompt.id.desc())))


def outdated(s: Session, language: str, digests: set[str]) -> list[Prompt]:
    """What was recorded for sentences that no script says any more: another village's greeting is none of these."""
    found = s.scalars(
        select(Prompt)
        .where(Prompt.state == "live", Prompt.part == "script", Prompt.language == language)
        .order_by(Prompt.id)
    )
    return [one for one in found if one.digest not in digests]


def take_in(db: Database, store: Store, limit: int = 20) -> int:
    """Make sounds of what was recorded by telephone and has arrived from the carrier; returns how many."""
    with db.read() as s:
        waiting = s.execute(
            select(Prompt.id, Prompt.words, Recording.file, Recording.state)
            .join(Recording, Recording.id == Prompt.recording_id)
            .where(Prompt.state == "offered", Prompt.file.is_(None), Recording.state.in_(("kept", "lost")))
            .order_by(Prompt.id)
            .limit(limit)
        ).all()
    done = 0
    for id, words, file, state in waiting:
        try:
            name, seconds = keep_sound(
                store, store.get(f"recordings/{file}") if state == "kept" else b"", words
            )
        except playable.NoSound:
            with db.write() as s:
                s.execute(
                    update(Prompt).where(Prompt.id == id, Prompt.state == "offered").values(state="dropped")
                )
            continue
        with db.write() as s:
            s.execute(update(Prompt).where(Prompt.id == id).values(file=name, seconds=seconds))
        done += 1
    return done


def hurried(s: Session) -> bool:
    """Whether somebody may be waiting on the line to hear what they recorded."""
    return (
        s.scalar(select(PromptCode.id).where(PromptCode.used_at > clock.now() - _HURRY).limit(1)) is not None
    )


# -- codes -------------------------------------------------------------------------------------------------------


def _index(code: str) -> str:
    return vault().index(f"prompt code {code}")


def new_code(s: Session, subject: Subject, by: Organizer) -> str:
    """Digits with which one recording can be made by telephone, within :data:`CODE_LIVES`. An unused one for the same
    text by the same organizer ends."""
    now = clock.now()
    s.execute(
        update(PromptCode)
        .where(PromptCode.organizer_id == by.id, PromptCode.used_at.is_(None), PromptCode.expires_at > now)
        .where(PromptCode.language == subject.language, PromptCode.words == subject.words)
        .values(expires_at=now)
    )
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        taken = select(PromptCode.id).where(
            PromptCode.code_index == _index(code), PromptCode.expires_at > now
        )
        if s.scalar(taken.limit(1)) is None:
            break
    s.add(
        PromptCode(
            code_index=_index(code), language=subject.language, words=subject.words, title=subject.title,
            part=subject.part, consultation_id=subject.consultation_id, area_id=subject.area_id,
            organizer_id=by.id, expires_at=now + CODE_LIVES,
        )
    )  # fmt: skip
    rights.note(s, f"organizer:{by.id}", "prompt_code", _about(subject), subject.area_id)
    return code


def use_code(s: Session, handset_id: int, code: str) -> PromptCode | str:
    """The code's row, now used up; or why not: ``wrong`` (unknown, used or too old) or ``blocked`` (too many wrong
    ones from this handset)."""
    now = clock.now()
    wrong = select(func.count()).where(PromptGuess.created_at > now - _GUESSED_WITHIN)
    here = s.scalar(wrong.where(PromptGuess.handset_id == handset_id)) or 0
    if here >= _GUESSES or (s.scalar(wrong) or 0) >= _GUESSES_OF_ALL:
        return "blocked"
    claimed = s.scalar(
        update(PromptCode)
        .where(PromptCode.code_index == _index(code), PromptCode.used_at.is_(None), PromptCode.expires_at > now)
        .values(used_at=now)
        .returning(PromptCode.id)
    )  # fmt: skip
    found = s.get_one(PromptCode, claimed) if claimed else None
    by = s.get(Organizer, found.organizer_id) if found else None
    if found is None or by is None or not by.active or not by.may(LEAD):
        s.add(PromptGuess(handset_id=handset_id))
        rights.note(s, "caller", "prompt_code_wrong", f"handset:{handset_id}")
        return "wrong"
    rights.note(s, f"organizer:{by.id}", "prompt_code_used", f"handset:{handset_id}", found.area_id)
    return found


def subject_of(code: PromptCode) -> Subject:
    return Subject(code.language, code.words, code.title, code.part, code.area_id, code.consultation_id)


def _about(subject: Subject) -> str:
    of = f"consultation:{subject.consultation_id}:{subject.part}" if subject.consultation_id else "script"
    return f"{of}:{subject.language}:{subject.digest[:8]}"


def fits(made: Iterable[Prompt], subject: Subject) -> bool:
    """Whether one of these is played for the words as they now are."""
    return any(one.state == "live" and one.digest == subject.digest for one in made)
