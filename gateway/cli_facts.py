"""Commands about people, consultations, broadcasts and scripts."""

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select

from gateway.cli_common import emit, json_option, with_runtime


def add_to(main: click.Group) -> None:
    """Hang these commands onto the command line."""
    for group in (organizer, area, roster, consultation, broadcast, script):
        main.add_command(group)


def _area(s: Any, code: str) -> Any:
    from gateway.models.area import Area

    found = s.scalar(select(Area).where(Area.code == code))
    if found is None:
        raise click.ClickException(f"no area with the code {code}; see: xiangyin area list")
    return found


def _consultation(s: Any, number: int) -> Any:
    from gateway.consultation import matters

    found = matters.find(s, number)
    if found is None:
        raise click.ClickException(f"no consultation {number}; see: xiangyin consultation list")
    return found


# ---- organizers and areas -----------------------------------------------------------


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
            made, password = organizers.add(s, name=name, area=_area(s, code), role=role)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        facts = {"login": made.login, "password": password}
    emit(as_json, facts, [f"login {facts['login']}", f"password {password}"])


@click.group()
def area() -> None:
    """The tree of areas."""


@area.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--parent")
@click.option("--level", default="village")
@click.option("--signature", default="", help="What opens an SMS in 【】, 2 to 8 characters.")
@click.option("--duty-phone", default=None, help="The office telephone that key 0 reaches.")
@json_option
@with_runtime
def area_add(
    rt: Any,
    code: str,
    name: str,
    parent: str | None,
    level: str,
    signature: str,
    duty_phone: str | None,
    as_json: bool,
) -> None:
    """Add an area below PARENT."""
    from gateway import phones
    from gateway.models.area import LEVELS, Area

    if level not in LEVELS:
        raise click.ClickException(f"unknown level {level}; one of {', '.join(LEVELS)}")
    if not code.strip() or "/" in code or "%" in code or "_" in code:
        raise click.ClickException("a code has letters, digits and dashes only")
    try:
        duty = phones.normalize(duty_phone).e164 if duty_phone else None
    except phones.BadPhone as bad:
        raise click.ClickException(f"--duty-phone: {bad.why}") from None
    with rt.db.write() as s:
        if s.scalar(select(Area.id).where(Area.code == code)):
            raise click.ClickException(f"the code {code} is taken")
        above = _area(s, parent) if parent else None
        path = f"{above.path if above else '/'}{code}/"
        s.add(
            Area(
                code=code,
                name=name,
                level=level,
                parent_id=above.id if above else None,
                path=path,
                signature=signature,
                duty_phone=duty,
            )
        )
    emit(as_json, {"code": code, "name": name, "level": level}, [f"{code} {name}"])


@area.command("list")
@json_option
@with_runtime
def area_list(rt: Any, as_json: bool) -> None:
    """All areas, top first."""
    from gateway.models.area import Area

    with rt.db.read() as s:
        rows = [
            {"code": a.code, "name": a.name, "level": a.level}
            for a in s.scalars(select(Area).order_by(Area.path))
        ]
    emit(as_json, {"areas": rows}, [f"{r['code']}  {r['name']}  {r['level']}" for r in rows])


# ---- rosters ---------------------------------------------------------------------------


@click.group()
def roster() -> None:
    """Residents of an area."""


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--area", "code", required=True)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@json_option
@with_runtime
def roster_import(rt: Any, file: Path, code: str, dry_run: bool, as_json: bool) -> None:
    """Take in a roster (.xlsx, or CSV in UTF-8 or GB18030). Importing twice changes nothing."""
    from gateway.people import roster as rosters
    from gateway.people import rosterfile

    try:
        sheet = rosterfile.read(file.read_bytes(), file.name)
    except rosterfile.BadRoster as bad:
        raise click.ClickException(bad.why) from None
    with rt.db.write() as s:
        where = _area(s, code)
        plan = rosters.preview(s, sheet, where) if dry_run else rosters.apply(s, sheet, where, "cli")
    rejected = [{"row": r.row, "why": r.why} for r in plan.rejected]
    lines = [f"新增 {plan.new} 人，对上 {plan.matched} 人，不收 {len(rejected)} 行"]
    lines += [f"第{r['row']}行：{r['why']}" for r in rejected]
    emit(as_json, {"added": plan.new, "matched": plan.matched, "rejected": rejected}, lines)


@roster.command("list")
@click.option("--area", "code", required=True)
@json_option
@with_runtime
def roster_list(rt: Any, code: str, as_json: bool) -> None:
    """Residents of the area and everything below it; numbers are masked."""
    from gateway.outreach.audience import subtree
    from gateway.people import residents

    with rt.db.read() as s:
        ids = subtree(s, [_area(s, code).id])
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


# ---- consultations and broadcasts --------------------------------------------------------


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
        c = _consultation(s, number)
        said = select(func.count()).select_from(Opinion).where(Opinion.consultation_id == c.id)
        against = select(func.count()).select_from(Objection).where(Objection.consultation_id == c.id)
        facts = {
            "number": c.number,
            "title": c.title,
            "state": c.state,
            "tally": ballots.tally(s, c).counts,
            "opinions": s.scalar(said) or 0,
            "objections": s.scalar(against) or 0,
        }
    lines = [
        f"{c.number} {c.title}",
        c.state,
        *(f"{c.options.get(k, k)}: {n}" for k, n in facts["tally"].items()),
    ]
    emit(as_json, facts, lines)


@click.group()
def broadcast() -> None:
    """One notice to many handsets."""


@broadcast.command("new")
@click.option("--area", "code", required=True)
@click.option("--text", "words", required=True)
@click.option("--channel", type=click.Choice(["sms", "voice", "auto"]), default="auto")
@click.option("--consultation", "number", type=int, default=None)
@click.option("--start", is_flag=True, help="Send it now.")
@json_option
@with_runtime
def broadcast_new(
    rt: Any, code: str, words: str, channel: str, number: int | None, start: bool, as_json: bool
) -> None:
    """Make a broadcast; with --start its deliveries are written and the workers woken."""
    from gateway.outreach import broadcasts

    with rt.db.write() as s:
        c = _consultation(s, number) if number else None
        stage = "" if c is None else "notice" if c.state in ("ACCEPTED", "NOTICED", "OPEN") else "result"
        try:
            made = broadcasts.create(
                s,
                area=_area(s, code),
                sms=words,
                channel=channel,
                consultation_id=c.id if c else None,
                stage=stage,
            )
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        if start:
            broadcasts.start(s, rt.settings, made)
        id = made.id
    if start:
        rt.wake("bulk", "calls")
    emit(as_json, {"id": id}, [f"broadcast {id}"])


@broadcast.command("show")
@click.argument("id", type=int)
@json_option
@with_runtime
def broadcast_show(rt: Any, id: int, as_json: bool) -> None:
    """How far a broadcast is."""
    from gateway.models.outreach import Broadcast
    from gateway.outreach import broadcasts

    with rt.db.read() as s:
        b = s.get(Broadcast, id)
        if b is None:
            raise click.ClickException(f"no broadcast {id}")
        facts = {"id": b.id, "state": b.state, "counts": broadcasts.counts(s, b)}
    emit(as_json, facts, [f"{b.state}", *(f"{state}: {n}" for state, n in facts["counts"].items() if n)])


# ---- scripts -----------------------------------------------------------------------------


@click.group()
def script() -> None:
    """Dialogues in ivr_scripts/."""


@script.command("check")
@json_option
def script_check(as_json: bool) -> None:
    """List everything that is wrong with the scripts; exit 1 if anything is."""
    from gateway.actions import ACTIONS
    from gateway.ivr.load import ScriptFaults, load_all
    from gateway.settings import SCRIPTS

    try:
        found = load_all(SCRIPTS, ACTIONS)
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
@click.option(
    "--outcome", "outcomes", multiple=True, help="ACTION=OUTCOME; the first listed outcome otherwise."
)
@click.option("--fact", "facts", multiple=True, help="NAME=WORDS to fill into sentences.")
def script_try(
    name: str, step: str | None, channel: str, outcomes: tuple[str, ...], facts: tuple[str, ...]
) -> None:
    """Play a script here. Type keys; “...” is silence, “/” hangs up. Nothing is stored or sent."""
    from gateway.actions import ACTIONS
    from gateway.ivr.load import load_all
    from gateway.ivr.tryout import play
    from gateway.settings import SCRIPTS

    found = load_all(SCRIPTS, ACTIONS)
    if name not in found or (step and step not in found[name].steps):
        raise click.ClickException(f"no such script or step; scripts: {', '.join(found)}")
    one, given = found[name], dict(o.split("=", 1) for o in outcomes if "=" in o)

    def run(call: Any, _facts: Any) -> tuple[str, dict[str, str]]:
        then = one.steps[call.step].then
        return given.get(call.name, next(iter(then)) if isinstance(then, dict) else "ok"), {}

    known = dict(f.split("=", 1) for f in facts if "=" in f)
    for line in play(one, iter(sys.stdin.readline, ""), run, step=step, channel=channel, facts=known):
        if not line.startswith(">"):
            click.echo(line)
