"""Commands about the tree of areas and their rules."""

import re
from typing import Any

import click
from sqlalchemy import select

from gateway.cli_common import area_called, emit, json_option, with_runtime

_CODE = re.compile(r"(?=.{1,32}$)[^\W_]+(?:-[^\W_]+)*")


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
@click.option("--needs-approval", is_flag=True, help="A second organizer must agree to every broadcast.")
@click.option(
    "--monthly-budget", "yuan", default=None, metavar="YUAN", help="What its broadcasts may cost a month."
)
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
    needs_approval: bool,
    yuan: str | None,
    as_json: bool,
) -> None:
    """Add an area below PARENT."""
    from gateway import phones, text
    from gateway.models.area import LEVELS, Area

    if level not in LEVELS:
        raise click.ClickException(f"unknown level {level}; one of {', '.join(LEVELS)}")
    if not _CODE.fullmatch(code):  # it goes into paths that are compared by LIKE
        raise click.ClickException("a code has letters, digits and dashes only, at most 32")
    try:
        name = text.name(name)
        signature = text.name(signature, 8) if signature else ""
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if len(signature) == 1 or set(signature) & set("【】[]"):
        raise click.ClickException("--signature: 2 to 8 characters, without 【】")
    try:
        duty = phones.normalize(duty_phone).e164 if duty_phone else None
    except phones.BadPhone as bad:
        raise click.ClickException(f"--duty-phone: {bad.why}") from None
    budget = _thousandths(yuan or "")
    with rt.db.write() as s:
        if s.scalar(select(Area.id).where(Area.code == code)):
            raise click.ClickException(f"the code {code} is taken")
        above = area_called(s, parent) if parent else None
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
                needs_approval=needs_approval,
                monthly_budget=budget,
            )
        )
    emit(as_json, {"code": code, "name": name, "level": level}, [f"{code} {name}"])


def _thousandths(yuan: str) -> int | None:
    from gateway.people import areas

    try:
        return areas.thousandths("" if yuan == "none" else yuan)
    except ValueError as error:
        raise click.ClickException(f"--monthly-budget: {error}") from None


@area.command("set")
@click.argument("code")
@click.option("--needs-approval/--no-needs-approval", default=None, help="A second organizer must agree.")
@click.option(
    "--monthly-budget", "yuan", default=None, metavar="YUAN", help="A month's money; “none” for no cap."
)
@json_option
@with_runtime
def area_set(rt: Any, code: str, needs_approval: bool | None, yuan: str | None, as_json: bool) -> None:
    """Change an area's rules for broadcasts; what is not named stays. Prints the rules as they are now."""
    from gateway.people import areas, rights

    with rt.db.write() as s:
        found = area_called(s, code)
        changed = areas.set_rules(
            s,
            found,
            needs_approval=found.needs_approval if needs_approval is None else needs_approval,
            monthly_budget=found.monthly_budget if yuan is None else _thousandths(yuan),
        )
        if changed:
            rights.note(s, "cli", "area_rules", f"area:{found.id}", found.id, changed)
        budget = None if found.monthly_budget is None else found.monthly_budget / 1000
        facts = {"code": code, "needs_approval": found.needs_approval, "monthly_budget": budget}
    said = "no budget" if budget is None else f"{budget:.2f} yuan a month"
    emit(
        as_json,
        facts,
        [f"{code}  {'two must agree' if facts['needs_approval'] else 'one is enough'}  {said}"],
    )


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
