"""A turn as TwiML, or as the text of an SMS. Pure: addresses and facts are handed in."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from gateway.ivr.script import Line, Script, Turn, fill
from gateway.ivr.sentences import GENERIC, KEYS, PAUSE, Find, Played, put_together

# where one voice may end and another begin: behind a full stop and the space after it, as other languages write
_STOPS = re.compile(r"(?<=[.!?:]\s)")
_SENTENCE = re.compile(r"[^。！？；，：]*[。！？；，：]?")
# <Say> takes 4500 URL-encoded characters, which is 500 Chinese ones (twilio.md §3)
_SAY_ENCODED = 4400
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
AudioUrl = Callable[[str, str], str | None]
# words without a pause → what to say one after the other, each with the address of its clip if there is one
Recorded = Callable[[str], list[tuple[str, str | None]]]


@dataclass(frozen=True, slots=True)
class Speaker:
    """The voice a carrier is to use; without one it reads Chinese with an English voice."""

    voice: str = "Polly.Zhiyu"
    language: str = "cmn-CN"


ZHIYU = Speaker()
# by the letters of what is said: a Chinese notice in an English call is read by who can read it
_READERS = (
    (re.compile("[\uac00-\ud7a3]"), Speaker("Polly.Seoyeon", "ko-KR")),
    (re.compile("[\u4e00-\u9fff]"), ZHIYU),
    (re.compile("[A-Za-z]{2}"), Speaker("Polly.Joanna", "en-US")),
)
# per person (domain.md §3: pauses and pace help, loudness where somebody asks for it)
_PROSODY = {"slow": 'rate="80%"', "loud": 'volume="x-loud"'}


def words_of(script: Script, language: str, line: Line, facts: Mapping[str, Any], channel: str) -> str:
    """The sentence of one line, with its placeholders filled; “” where the editor left it out.

    Raises MissingFact.
    """
    return fill(_template(script, language, line, channel), facts)


def _template(script: Script, language: str, line: Line, channel: str) -> str:
    words = script.words_in(language)
    own = words.steps.get(line.step, {})
    if line.part == "text":
        return str(own.get(channel, own.get("text", "")))
    # who is silent at a recording did not fail to press a key
    part = "unsaid" if line.part == "silent" and script.steps[line.step].does == "record" else line.part
    return str(own.get(line.part, words.menus.get(part, GENERIC[part])))


def menu_of(script: Script, language: str, step: str, facts: Mapping[str, Any], channel: str) -> list[str]:
    """The generated menu sentences of a step, in order: words and keys can't disagree."""
    return [fill(*line) for line in _menu(script, language, step, facts, channel)]


def _menu(
    script: Script, language: str, step: str, facts: Mapping[str, Any], channel: str
) -> list[tuple[str, dict[str, str]]]:
    """Each line of a menu as a template and what is filled into it."""
    words = script.words_in(language)
    # a step may have a menu sentence of its own: languages are offered each in its own words
    template = words.steps.get(step, {}).get("menu") or words.menus.get(channel, "{choice}，{key}")
    spelt = {**KEYS, **words.menus} if channel == "voice" else {"star": "*", "hash": "#"}
    return [
        (template, {"choice": c.label, "key": spelt.get(c.key, c.key)})
        for c in script.choices(step, facts, language)
        if c.label
    ]


# ---- voice ---------------------------------------------------------------------------------------------


def voice(
    script: Script,
    language: str,
    turn: Turn,
    facts: Mapping[str, Any],
    *,
    lines: Iterable[Line] | None = None,
    action_url: str = "",
    recording_url: str = "",
    whisper_url: str = "",
    speech: str = "",
    speaker: Speaker | None = None,
    audio_url: AudioUrl | None = None,
    recorded: Recorded | None = None,
    find: Find | None = None,
) -> str:
    """The TwiML document for a turn. ``speech``: how this person is spoken to, ``slow``, ``loud`` or both. ``find``
    knows the recordings by people (gateway.prompts): they come before everything else.

    ``lines`` are those of all turns taken on the way here, by default the turn's own. ``action_url`` must
    hold a ``?``: the redirect that follows a silent wait adds ``&silence=1``. ``recorded`` finds clips for a carrier
    without a Mandarin voice; what has none is left to its voice.
    """
    manner = _Manner(speaker or _speaker_of(language), speech, recorded, find)
    spoken: list[str] = []
    for line in turn.lines if lines is None else lines:
        audio = audio_url(language, line.step) if audio_url and line.part == "text" else None
        if audio:
            spoken.append(_play(audio))
        else:
            spoken += _said(_template(script, language, line, "voice"), facts, manner)
    body = "".join(spoken)
    if turn.over or turn.wants is None:
        return _document(body + "<Hangup/>")
    step = script.steps[turn.place.step]
    again = f'<Redirect method="POST">{escape(action_url + "&silence=1")}</Redirect>'
    where = f' action={quoteattr(action_url)} method="POST"'
    if turn.wants == "key":
        body += "".join(_spoken_menu(script, language, step.name, facts, manner))
        keys = f' numDigits="1" timeout="{step.wait}" finishOnKey=""'
        return _document(f'<Gather input="dtmf"{keys}{where}>{body}</Gather>{again}')
    if turn.wants == "digits":
        most = f' numDigits="{step.length}"' if step.length else ""
        keys = f'{most} timeout="{step.wait}" finishOnKey="#"'
        return _document(f'<Gather input="dtmf"{keys}{where}>{body}</Gather>{again}')
    if turn.wants == "record":
        status = f" recordingStatusCallback={quoteattr(recording_url)}" if recording_url else ""
        record = (
            f'<Record{where} maxLength="{step.seconds}" timeout="5" finishOnKey="#*" playBeep="true"'
            f' trim="do-not-trim"{status}/>'
        )
        return _document(body + record + again)
    if turn.wants == "join":
        return _document(body + _conference(facts, where))
    number = escape(str(facts.get("duty_phone", "")))
    whisper = f" url={quoteattr(whisper_url)}" if whisper_url else ""
    return _document(f'{body}<Dial{where} timeout="25"><Number{whisper}>{number}</Number></Dial>')


def _conference(facts: Mapping[str, Any], where: str) -> str:
    """Into a meeting by telephone. A listener is never heard there, brings no sound in, and may leave with the star key
    without hanging up; the room's own telephone begins it and ends it (twilio.com/docs/voice/twiml/conference: at most 250)."""
    heard = facts.get("room_role") == "speaker"
    flags = {"muted": not heard, "startConferenceOnEnter": heard, "endConferenceOnExit": heard, "beep": False}
    written = "".join(f' {name}="{str(on).lower()}"' for name, on in flags.items())
    room = escape(str(facts.get("room", "")))
    return f'<Dial{where} hangupOnStar="true"><Conference{written}>{room}</Conference></Dial>'


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a call is spoken: by whom, how slowly and loudly, and what there is to be played instead."""

    speaker: Speaker
    speech: str = ""
    recorded: Recorded | None = None
    find: Find | None = None


def _speaker_of(language: str) -> Speaker:
    """Who speaks what has no letters to tell by, such as a number."""
    return next((who for _, who in _READERS if who.language[:2] == language[:2]), ZHIYU)


def _said(template: str, facts: Mapping[str, Any], how: _Manner) -> list[str]:
    verbs: list[str] = []
    for part in put_together(template, facts, how.find):
        verbs += [_play(part.url)] if isinstance(part, Played) else _say(part, how)
    return verbs


def _spoken_menu(
    script: Script, language: str, step: str, facts: Mapping[str, Any], how: _Manner
) -> list[str]:
    lines = [put_together(*line, how.find) for line in _menu(script, language, step, facts, "voice")]
    between = script.words_in(language).menus.get("between", "")
    if not any(isinstance(part, Played) for line in lines for part in line):
        return _say(between.join("".join(map(str, line)) for line in lines), how)
    return [
        verb
        for line in lines
        for part in line
        for verb in ([_play(part.url)] if isinstance(part, Played) else _say(part + between, how))
    ]


def say_document(
    text: str, speaker: Speaker = ZHIYU, *, hangup: bool = True, recorded: Recorded | None = None
) -> str:
    """One sentence as a whole document, for when there is no script to follow."""
    return _document(
        "".join(_say(text, _Manner(speaker, recorded=recorded))) + ("<Hangup/>" if hangup else "")
    )


def reject_document() -> str:
    """Turn a call away; not billed as long as it is the first verb."""
    return _document("<Reject/>")


def _document(inside: str) -> str:
    return f"{_XML}<Response>{inside}</Response>"


def _say(text: str, how: _Manner) -> list[str]:
    """A pause is a silence at the end of what is said before it. <Pause> would do for Twilio; Somleng abandons the
    call at it (twilio.md §4), and leaves out the silence. Behind a clip it is a clip of its own."""
    manner = " ".join(_PROSODY[word] for word in how.speech.split() if word in _PROSODY)
    before, after = (f"<prosody {manner}>", "</prosody>") if manner else ("", "")
    parts: list[str] = []
    for index, stretch in enumerate(PAUSE.split(text)):
        if index and parts and parts[-1].endswith("</Say>"):
            parts[-1] = parts[-1].removesuffix("</Say>") + '<break time="1s"/></Say>'
        elif index and parts and how.recorded:
            parts += [_play(url) for _, url in how.recorded("（停）") if url]
        for who, run in _runs(stretch, how.speaker):
            # clips are in the language of the call: what another voice reads has none, and none is wanted
            for words, url in how.recorded(run) if how.recorded and who == how.speaker else [(run, None)]:
                if url:
                    parts.append(_play(url))
                    continue
                opening = f"<Say voice={quoteattr(who.voice)} language={quoteattr(who.language)}>"
                parts += [f"{opening}{before}{escape(chunk)}{after}</Say>" for chunk in split_speech(words)]
    return parts


def _play(url: str) -> str:
    return f"<Play>{escape(url)}</Play>"


def _runs(text: str, speaker: Speaker) -> Iterator[tuple[Speaker, str]]:
    """``text`` in runs of whole sentences that one voice can read."""

    def reader(sentence: str) -> Speaker | None:
        return next((who for letters, who in _READERS if letters.search(sentence)), None)

    run, voice = "", None
    for sentence in _STOPS.split(text):
        who = reader(sentence)
        if who and voice and who != voice:
            yield voice, run
            run, voice = "", None
        run, voice = run + sentence, voice or who
    yield voice or speaker, run


def split_speech(text: str) -> list[str]:
    """``text`` in pieces a carrier will speak, cut where a speaker would breathe. Nothing is lost but the
    characters XML can't hold."""
    text = "".join(
        ch
        for ch in text
        if ch in "\t\n" or (ch >= " " and not 0xD800 <= ord(ch) <= 0xDFFF and ord(ch) not in (0xFFFE, 0xFFFF))
    ).strip()
    pieces, piece = [], ""
    for sentence in _SENTENCE.findall(text):
        for bit in _bits(sentence):
            if piece and _encoded(piece + bit) > _SAY_ENCODED:
                pieces.append(piece)
                piece = ""
            piece += bit
    return [p for p in (*pieces, piece) if p.strip()]


def _bits(sentence: str) -> Iterable[str]:
    # a character is at most 12 encoded ones
    size = _SAY_ENCODED // 12
    return (sentence[i : i + size] for i in range(0, len(sentence), size))


def _encoded(text: str) -> int:
    return len(quote(text, safe=""))


# ---- SMS -----------------------------------------------------------------------------------------------


def sms(
    script: Script,
    language: str,
    turn: Turn,
    facts: Mapping[str, Any],
    *,
    lines: Iterable[Line] | None = None,
) -> str:
    """The turn as one message: its sentences, then the choices as “同意回1，不同意回2”."""
    shown = turn.lines if lines is None else lines
    said = "".join(words_of(script, language, line, facts, "sms") for line in shown)
    said = PAUSE.sub("", said)
    if turn.wants == "key":
        menu = menu_of(script, language, turn.place.step, facts, "sms")
        if menu:
            said += "，".join(menu)
    return said


def message_document(text: str | None) -> str:
    """The answer to an SMS webhook; None acknowledges it without a reply."""
    return _document(f"<Message>{escape(text)}</Message>" if text else "")
