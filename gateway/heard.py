"""What one request of a call says was heard: a key, a recording, a silence, or how a dialled call ended."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import actions, clock
from gateway.db import insert_into
from gateway.ivr.script import Heard, Key, Outcome, Recording, Silence
from gateway.models import answer
from gateway.text import whole

Form = Mapping[str, str]


def heard(s: Session, act: actions.Turn, form: Form, query: Mapping[str, str], call: str) -> Heard:
    digits = form.get("Digits", "").strip()
    if form.get("DialCallStatus"):
        if form.get("DialBridged") == "false":  # somebody hung up on the whisper: nobody was spoken to
            return Outcome("refused")
        return Outcome(form["DialCallStatus"])
    if form.get("RecordingSid") and digits == "*":
        recording(
            s, form["RecordingSid"]
        ).state = "refused"  # they were told that this key means no recording
    elif form.get("RecordingUrl"):
        seconds = whole(form.get("RecordingDuration"), 9) or 0
        if seconds == 0 and form.get("RecordingDuration"):
            return Silence()
        kept = _keep(s, act.handset_id, form, f"{call}:{query.get('t', '')}", seconds)
        act.recording_id = kept.id
        return Recording(str(kept.id), seconds)
    if not digits or query.get("silence"):
        return Silence()
    return Key(digits)


def _keep(s: Session, handset_id: int, form: Form, otherwise: str, seconds: int) -> answer.Recording:
    """The recording's row, which the status callback may have made first."""
    id = form.get("RecordingSid") or otherwise
    kept = recording(s, id)
    kept.url, kept.seconds, kept.handset_id = form["RecordingUrl"], seconds, handset_id
    s.flush()
    return kept


def recording(s: Session, id: str) -> answer.Recording:
    """The row of a carrier's recording. Its action and its status callback may both be first."""
    row = insert_into(s, answer.Recording).values(
        carrier_id=id, state="pending", tries=0, seconds=0, created_at=clock.now()
    )
    s.execute(row.on_conflict_do_nothing())
    return s.scalars(select(answer.Recording).where(answer.Recording.carrier_id == id)).one()
