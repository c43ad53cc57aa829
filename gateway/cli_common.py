"""What all commands share: settings with worded refusals, an open runtime, facts as JSON or lines."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from gateway.settings import Settings


def emit(as_json: bool, data: Any, lines: list[str]) -> None:
    """Facts as one JSON document, or as lines for a person."""
    click.echo(json.dumps(data, ensure_ascii=False) if as_json else "\n".join(lines))


def settings(**overrides: Any) -> Settings:
    """This process's settings, with a key in the data folder. Raises BadSetting."""
    loaded = Settings.load(**overrides)
    _ = loaded.master_key
    return loaded


def with_runtime(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand an open runtime to a command, and close it afterwards."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        import structlog

        from gateway.runtime import Runtime

        # what a command prints is for programs to read: warnings go beside it
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
        rt = Runtime.open(settings())
        try:
            return command(rt, *args, **kwargs)
        finally:
            rt.close()

    return run


def area_called(s: Any, code: str) -> Any:
    """The area with that code; exits with one sentence when there is none."""
    from sqlalchemy import select

    from gateway.models.area import Area

    found = s.scalar(select(Area).where(Area.code == code))
    if found is None:
        raise click.ClickException(f"no area with the code {code}; see: xiangyin area list")
    return found


def consultation_numbered(s: Any, number: int) -> Any:
    """The consultation people call by that number; exits with one sentence when there is none."""
    from gateway.consultation import matters

    found = matters.find(s, number)
    if found is None:
        raise click.ClickException(f"no consultation {number}; see: xiangyin consultation list")
    return found


json_option = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
