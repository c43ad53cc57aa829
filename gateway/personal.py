"""Actions about the caller and nobody else: language, voice, what they want to get, and words for the supervision
committee's ears only."""

from gateway.consultation import opinions, verdicts
from gateway.ivr.script import Recording
from gateway.models.answer import FOR_WATCHERS
from gateway.models.consultation import GATHERING
from gateway.people import consent
from gateway.phones import HIDDEN
from gateway.turns import Result, Turn, action, chosen, offer, spoken_answers

# ---- language and voice -------------------------------------------------------------


@action
def find_language(turn: Turn) -> Result:
    """A stranger is asked once, where there is something to choose; a resident's language is on the roster."""
    if turn.handset.language or turn.people() or len(turn.script.offered) < 2:
        return "known", {}
    return "ask", languages(turn)


@action
def list_languages(turn: Turn) -> Result:
    return ("ask", languages(turn)) if len(turn.script.offered) > 1 else ("known", {})


def languages(turn: Turn) -> dict[str, str]:
    """Each language in its own words: who doesn't understand the others hears one that is meant for them."""
    rows = [
        (turn.script.phrase(tongue, "press_language", key=n), tongue)
        for n, tongue in enumerate(turn.script.offered[:3], 1)
    ]
    return offer("language", rows, "")


@action
def set_language(turn: Turn) -> Result:
    """From now on, for this handset; a hidden number is everybody's, and is asked again the next time."""
    tongue = chosen(turn.facts, "language", "which_language")
    if tongue and turn.handset.number != HIDDEN:
        turn.handset.language = tongue
        if turn.person is not None:
            turn.person.language = tongue
    return "ok", {"language": tongue or turn.language}


SPEECH = {"1": "slow", "2": "loud", "3": ""}


@action
def set_speech(turn: Turn) -> Result:
    """Slower or louder speech for one person; both may be wanted, and “as usual” ends both."""
    had = set(turn.facts.get("speech", "").split())
    wanted = SPEECH.get(turn.facts.get("voice", ""), "")
    speech = " ".join(sorted(had | {wanted})) if wanted else ""
    if turn.person is not None:
        turn.person.speech = speech
    return "ok", {"speech": speech}


# ---- what they want to get ----------------------------------------------------------

_SCOPES = {"1": "sms", "2": "voice", "3": "all"}


@action
def find_stops(turn: Turn) -> Result:
    """What may be stopped or resumed on this handset, as labels of keys."""
    phone = turn.handset
    sms, voice = phone.sms_stopped_at is not None, phone.voice_stopped_at is not None
    reads = phone.kind != "landline"
    return "ok", {
        "sms_switch": turn.phrase("resume_sms" if sms else "stop_sms") if reads else "",
        "voice_switch": turn.phrase("resume_voice" if voice else "stop_voice"),
        "all_switch": turn.phrase("resume_all" if sms and voice else "stop_all") if reads else "",
    }


@action
def switch_messages(turn: Turn) -> Result:
    """Stop what is sent, or send again what was stopped (PIPL art. 15: as easy one way as the other)."""
    phone, scope = turn.handset, _SCOPES.get(turn.facts.get("stops", ""), "all")
    stopped = {"sms": phone.sms_stopped_at is not None, "voice": phone.voice_stopped_at is not None}
    stopped["all"] = all(stopped.values())
    if stopped[scope]:
        consent.resume(turn.s, phone, scope, "keypad")
        return "ok", {"switched": turn.phrase("resumed")}
    consent.stop(turn.s, phone, scope, "keypad")
    return "ok", {"switched": turn.phrase(f"stopped_{scope}")}


# ---- what became of one's opinions --------------------------------------------------


@action
def find_answers(turn: Turn) -> Result:
    """What was answered to this caller's opinions on matters that have no result yet to hear it with; on a shared
    telephone only once they have said who they are."""
    people = [turn.person] if turn.person else turn.people()
    if len(people) > 1:
        return "none", {}
    found = verdicts.heard_of(turn.s, [p.id for p in people], turn.handset_id if not people else None)
    fresh = [(c, o) for c, o in found if c.state in GATHERING]
    return ("some", {"answers": spoken_answers(turn, fresh)}) if fresh else ("none", {})


# ---- the supervision committee ----------------------------------------------------------


@action
def keep_for_watchers(turn: Turn) -> Result:
    """Words about how the village does its work: the supervision committee hears them, the village doesn't."""
    recorded = isinstance(turn.heard, Recording)
    kept = opinions.add(
        turn.s,
        consultation=None,
        person=turn.person,
        handset_id=turn.handset_id,
        words="" if recorded else str(getattr(turn.heard, "words", "")),
        channel=turn.channel,
        recording_id=turn.recording_id if recorded else None,
        kind=FOR_WATCHERS,
    )
    return "ok", {"receipt": kept.receipt, "receipt_spoken": " ".join(kept.receipt)}
