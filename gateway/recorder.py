"""Actions of the script in which an organizer records by telephone what residents hear (ivr_scripts/recording)."""

from datetime import timedelta

from gateway import clock, prompts
from gateway.ivr.script import Recording as HeardRecording
from gateway.models.answer import Recording
from gateway.models.organizer import Organizer
from gateway.models.prompt import Prompt, PromptCode
from gateway.turns import Result, Turn, action

SCRIPT, HOTLINE = "recording", "hotline"
_LONGEST_WAIT = timedelta(seconds=90)  # for one's own recording, before it is better to speak once more


@action
def record_prompt(turn: Turn) -> Result:
    turn.goto = (SCRIPT, None)
    return "ok", {}


@action
def leave_recording(turn: Turn) -> Result:
    """Back to the hotline, for whoever pressed the star key by mistake."""
    turn.goto = (HOTLINE, "caller")
    return "ok", {}


@action
def take_code(turn: Turn) -> Result:
    found = prompts.use_code(turn.s, turn.handset_id, turn.facts.get("code", ""))
    if isinstance(found, str):
        return found, {}
    return "ok", {"spoken_code_id": str(found.id), "spoken_what": found.title}


def _code(turn: Turn) -> PromptCode | None:
    id = turn.facts.get("spoken_code_id")
    return turn.s.get(PromptCode, int(id)) if id else None


def _offered(turn: Turn) -> Prompt | None:
    id = turn.facts.get("spoken_id")
    found = turn.s.get(Prompt, int(id)) if id else None
    return found if found and found.state == "offered" else None


@action
def keep_spoken(turn: Turn) -> Result:
    code = _code(turn)
    if code is None or not isinstance(turn.heard, HeardRecording):
        return "ok", {"spoken_id": ""}
    by = turn.s.get_one(Organizer, code.organizer_id)
    made = prompts.offer(turn.s, prompts.subject_of(code), by, "phone", recording_id=turn.recording_id)
    return "ok", {"spoken_id": str(made.id)}


@action
def spoken_ready(turn: Turn) -> Result:
    """Whether the recording has come from the carrier and been made fit for a telephone."""
    made = _offered(turn)
    if made is None:
        return "lost", {}
    if made.file:
        return "ready", {"spoken": made.file}
    source = turn.s.get(Recording, made.recording_id) if made.recording_id else None
    if source is None or source.state == "lost" or clock.now() - made.created_at > _LONGEST_WAIT:
        made.state = "dropped"
        return "lost", {}
    return "wait", {}


@action
def drop_spoken(turn: Turn) -> Result:
    made = _offered(turn)
    if made is not None:
        made.state = "dropped"
    return "ok", {}


@action
def confirm_spoken(turn: Turn) -> Result:
    made = _offered(turn)
    if made is None or not made.file:
        return "gone", {}
    prompts.go_live(turn.s, made)
    return "ok", {}
