"""Commands about broadcasts: made, looked at, approved, steered, watched, exported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from gateway.cli_common import area_called, consultation_numbered, emit, json_option, with_runtime


@click.group()
def broadcast() -> None:
    """One notice to many handsets."""


def _broadcast(s: Any, id: int) -> Any:
    from gateway.models.outreach import Broadcast

    found = s.get(Broadcast, id)
    if found is None:
        raise click.ClickException(f"no broadcast {id}")
    return found


@broadcast.command("new")
@click.option("--area", "code", required=True)
@click.option("--text", "words", required=True)
@click.option("--channel", type=click.Choice(["sms", "voice", "auto"]), default="auto")
@click.option("--consultation", "number", type=int, default=None)
@click.option("--also", "also", multiple=True, metavar="CODE", help="One more area; may be repeated.")
@click.option("--group", default="", help="Only this group (组).")
@click.option("--tag", default="", help="Only people with this tag.")
@click.option(
    "--role", type=click.Choice(["delegate", "owner"]), default=None, help="Only 户代表, or owners."
)
@click.option("--language", default="", help="Only people who speak it, like ko.")
@click.option("--standing", type=click.Choice(["not_yet", "answered", "objected"]), default=None,
              help="Where they stand with the consultation.")  # fmt: skip
@click.option("--untold", is_flag=True, help="Only those whom no earlier broadcast of its stage reached.")
@click.option("--fallback", type=click.Choice(["voice", "sms", "both"]), default=None,
              help="The other channel when this one fails.")  # fmt: skip
@click.option("--ladder", "retry", default=None, help='When to ring again; default "15m, 2h, next day".')
@click.option("--detect", is_flag=True, help="Ask the carrier whether a machine answered.")
@click.option("--start", is_flag=True, help="Send it now.")
@json_option
@with_runtime
def broadcast_new(
    rt: Any,
    code: str,
    words: str,
    channel: str,
    number: int | None,
    also: tuple[str, ...],
    fallback: str | None,
    retry: str | None,
    detect: bool,
    start: bool,
    as_json: bool,
    **audience: Any,
) -> None:
    """Make a broadcast; with --start its deliveries are written and the workers woken."""
    from gateway.models.outreach import LADDER
    from gateway.outreach import broadcasts, notices
    from gateway.outreach.audience import Audience, choices, subtree

    if number is None and (audience["standing"] or audience["untold"]):
        raise click.ClickException("--standing and --untold need --consultation")
    with rt.db.write() as s:
        c = consultation_numbered(s, number) if number else None
        area = area_called(s, code)
        more = [area_called(s, one).id for one in also]
        given = {name: value for name, value in audience.items() if value}
        known = choices(s, subtree(s, [area.id, *more]))
        for name, values in (("tag", known.tags), ("group", known.groups), ("language", known.languages)):
            if given.get(name) and given[name] not in values:
                raise click.ClickException(
                    f"nobody there has the {name} {given[name]}; there are: {', '.join(values)}"
                )
        asked = "" if audience["untold"] else audience["standing"] or ""
        try:
            made = broadcasts.create(
                s,
                area=area,
                sms=words,
                channel=channel,
                consultation_id=c.id if c else None,
                stage=notices.stage_of(c, asked) if c else "",
                to=Audience(
                    areas=(area.id, *more) if more else (),
                    consultation=c.id if c and audience["standing"] else 0,
                    **given,
                ),
                fallback=fallback or "",
                retry=LADDER if retry is None else retry,
                detect=detect,
            )
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        id = made.id
    lines = [f"broadcast {id}"]
    if start:
        lines.append(_change(rt, id, "start", lambda s, b: broadcasts.start(s, rt.settings, b)))
    emit(as_json, {"id": id}, lines)


def _change(rt: Any, id: int, verb: str, what: Callable[[Any, Any], Any]) -> str:
    """One step of a broadcast, on record; exits with one sentence when it can't be. Returns how it is now."""
    from gateway.outreach import broadcasts
    from gateway.people import rights

    try:
        with rt.db.write() as s:
            b = _broadcast(s, id)
            what(s, b)
            rights.note(s, "cli", f"broadcast_{verb}", f"broadcast:{id}", b.area_id)
            state = b.state
    except broadcasts.NotPossible as now:
        raise click.ClickException(f"broadcast {id} is {now}: that can't be done") from None
    except broadcasts.OverBudget as over:
        raise click.ClickException(f"broadcast {id} stays as it is: {over}") from None
    except broadcasts.SamePerson:
        raise click.ClickException("whoever made it can't be the one who approves it") from None
    rt.wake("bulk", "calls")
    return "waits for a second organizer: xiangyin broadcast approve" if state == "waiting" else str(state)


@broadcast.command("start")
@click.argument("id", type=int)
@with_runtime
def broadcast_start(rt: Any, id: int) -> None:
    """Let a draft go, or let it wait where its area wants a second organizer."""
    from gateway.outreach import broadcasts

    click.echo(_change(rt, id, "start", lambda s, b: broadcasts.start(s, rt.settings, b)))


@broadcast.command("pause")
@click.argument("id", type=int)
@with_runtime
def broadcast_pause(rt: Any, id: int) -> None:
    """Workers take no more of it; what is with the carrier goes on."""
    from gateway.outreach import broadcasts

    click.echo(_change(rt, id, "pause", broadcasts.pause))


@broadcast.command("resume")
@click.argument("id", type=int)
@with_runtime
def broadcast_resume(rt: Any, id: int) -> None:
    """Go on where it was."""
    from gateway.outreach import broadcasts

    click.echo(_change(rt, id, "resume", broadcasts.resume))


@broadcast.command("cancel")
@click.argument("id", type=int)
@with_runtime
def broadcast_cancel(rt: Any, id: int) -> None:
    """Stop for good; what is still planned is never sent."""
    from gateway.outreach import broadcasts

    click.echo(_change(rt, id, "cancel", broadcasts.cancel))


@broadcast.command("approve")
@click.argument("id", type=int)
@click.option("--as", "login", required=True, metavar="LOGIN", help="The organizer who agrees.")
@with_runtime
def broadcast_approve(rt: Any, id: int, login: str) -> None:
    """A second organizer agrees; not the one who made it."""
    from gateway.models.organizer import AGREE, Organizer
    from gateway.models.outreach import Broadcast
    from gateway.outreach import broadcasts
    from gateway.people import rights

    def agree(s: Any, b: Any) -> None:
        o = s.scalar(select(Organizer).where(Organizer.login == login, Organizer.active))
        if o is None:
            raise click.ClickException(f"no organizer {login}")
        try:
            if not o.may(AGREE):
                raise rights.NotAllowed
            rights.get(s, rights.broadcasts(s, o), Broadcast, id)
            rights.act(s, o, "broadcast_approve", f"broadcast:{id}", b.area_id, "cli")
        except (rights.NotVisible, rights.NotAllowed):
            raise click.ClickException(f"{login} may not approve broadcasts of this area") from None
        broadcasts.approve(s, rt.settings, b, o)

    click.echo(_change(rt, id, "approve", agree))


@broadcast.command("preview")
@click.argument("id", type=int)
@json_option
@with_runtime
def broadcast_preview(rt: Any, id: int, as_json: bool) -> None:
    """What would happen: people, handsets, price in yuan, seconds it takes, who can't be reached. Sends nothing."""
    from gateway.models.area import Area
    from gateway.outreach import audience, broadcasts

    with rt.db.read() as s:
        b = _broadcast(s, id)
        seen = audience.preview(s, rt.settings, b)
        left = broadcasts.free(s, rt.settings, s.get_one(Area, b.area_id))
    facts = {
        "id": id,
        "people": seen.people,
        "handsets": seen.handsets,
        "sms": seen.sms_handsets,
        "voice": seen.voice_handsets,
        "unreachable": len(seen.unreachable),
        "segments_each": seen.segments_each,
        "segments_total": seen.segments_total,
        "price": seen.price / 1000,
        "budget_left": None if left is None else left / 1000,
        "seconds": round(seen.seconds, 1),
        "samples": [{"to": to, "channel": way, "text": words} for to, way, words in seen.samples],
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if name != "samples"]
    lines += [f"{to}  {way}  {words}" for to, way, words in seen.samples]
    emit(as_json, facts, lines)


@broadcast.command("show")
@click.argument("id", type=int)
@json_option
@with_runtime
def broadcast_show(rt: Any, id: int, as_json: bool) -> None:
    """How far a broadcast is."""
    from gateway.outreach import broadcasts

    with rt.db.read() as s:
        b = _broadcast(s, id)
        facts = {"id": b.id, "state": b.state, "counts": broadcasts.counts(s, b)}
    emit(as_json, facts, [f"{b.state}", *(f"{state}: {n}" for state, n in facts["counts"].items() if n)])


@broadcast.command("export")
@click.argument("id", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--no-names", is_flag=True, help="Leave the names out.")
@with_runtime
def broadcast_export(rt: Any, id: int, file: Path, no_names: bool) -> None:
    """Every delivery as a line of a CSV that Excel opens; numbers are masked."""
    from gateway.outreach import export
    from gateway.people import rights

    with rt.db.write() as s:
        rights.note(s, "cli", "broadcast_export", f"broadcast:{id}", _broadcast(s, id).area_id)
    try:
        with rt.db.read() as s, file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(export.lines(s, rt.settings.zone, _broadcast(s, id), names=not no_names))
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    click.echo(str(file))
