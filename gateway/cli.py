"""The command line. Every command works on the data folder, whether or not ``up`` is running."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from gateway import cli_areas, cli_broadcasts, cli_facts, cli_interpret
from gateway.cli_common import emit, json_option, settings, with_runtime
from gateway.settings import CannotStart, Settings


class _Commands(click.Group):
    """Whatever can't start says so in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CannotStart as why:
            raise click.ClickException(str(why)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """乡音 Xiangyin: take part in your village's decisions with nothing but a telephone."""
    os.umask(0o077)  # whatever we write, and our children, is about people: for nobody else's eyes


# ---- processes -------------------------------------------------------------------


@main.command()
@click.option("--host", default=None, help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=int, default=None, help="Port (default PORT or 8000).")
@click.option("--data-dir", type=click.Path(path_type=Path), default=None, help="Data folder.")
@click.option("--demo", is_flag=True, help="Load the sample township first.")
def up(host: str | None, port: int | None, data_dir: Path | None, demo: bool) -> None:
    """Run everything for one machine: web, workers, clock, and Redis if none is configured."""
    from gateway.processes import up as run

    st = settings(host=host, port=port, data_dir=data_dir)

    def prepare() -> list[str]:
        from gateway.inbound import scripts
        from gateway.runtime import Runtime

        scripts()  # faults in them are told now, not to the first resident who rings
        rt = Runtime.open(st)
        try:
            return [*(_sample(rt) if demo else []), _carrier_line(st)]
        finally:
            rt.close()

    sys.exit(run(st, prepare))


def _carrier_line(st: Settings) -> str:
    if st.simulated:
        return "运营商 carrier: 模拟（不花钱，不出这台机器，任何钟点都发）simulator, sends at any hour — 试用电话 /phone/"
    return f"运营商 carrier: {st.carrier_url} — 热线 hotline {st.hotline}"


def _sample(rt: Any) -> list[str]:
    from gateway import sample

    first = sample.load(rt.db, rt.settings)[0]
    return [
        f"工作台 panel: /admin/ — 登录 login {first.login} 密码 password {first.password}（{first.area_name} {first.name}）"
    ]


@main.command()
@click.argument("part", type=click.Choice(["hotline", "panel"]))
@click.option("--host", default=None)
@click.option("--port", type=int, default=None)
def serve(part: str, host: str | None, port: int | None) -> None:
    """Run only the public listener (hotline) or only the panel."""
    from gateway.processes import serve as run

    st = settings(host=host, port=port)
    if part == "hotline":
        from gateway.inbound import scripts

        scripts()
    sys.exit(run(st, part))


@main.command()
@click.argument("queues", nargs=-1, type=click.Choice(["replies", "bulk", "calls", "drafts"]))
def worker(queues: tuple[str, ...]) -> None:
    """Send what is due. With one queue this process works on it; otherwise it starts a process for each."""
    from gateway.processes import all_lanes, one_worker, workers

    if len(queues) == 1:
        sys.exit(one_worker(settings(), queues[0]))
    sys.exit(workers(settings(), list(queues or all_lanes())))


@main.command()
@with_runtime
def clock(rt: Any) -> None:
    """Act on deadlines, pick up notices, look after deliveries out of sight."""
    from gateway.jobs import run_clock
    from gateway.logs import quiet_logs

    quiet_logs()
    stop = threading.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: stop.set())
    run_clock(rt, stop)


@main.command()
@with_runtime
def migrate(rt: Any) -> None:
    """Bring the database to the newest tables (every start does this by itself)."""
    click.echo("ok")


@main.command()
@json_option
@with_runtime
def demo(rt: Any, as_json: bool) -> None:
    """Load the sample township; again is fine."""
    from gateway import sample

    accounts = sample.load(rt.db, rt.settings)
    rows = [
        {"login": a.login, "password": a.password, "name": a.name, "role": a.role, "area": a.area_name}
        for a in accounts
    ]
    emit(
        as_json,
        {"organizers": rows},
        [f"{r['login']}  {r['password']}  {r['area']} {r['name']}  {r['role']}" for r in rows],
    )


main.add_command(cli_interpret.interpret)
cli_facts.add_to(main)
main.add_command(cli_areas.area)
main.add_command(cli_broadcasts.broadcast)

if __name__ == "__main__":
    main()
