"""Public listener, panel, worker and clock as processes of their own, behind a carrier that is not our simulator."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from tests.carrier import signature
from tests.conftest import KEY
from tests.servers import HOTLINE, SID, TOKEN, Carrier, answers, eventually, free_port
from tests.stories.village import Panel

SUN = "+8619900000104"


class Apart:
    """The four of them on one data folder."""

    def __init__(self, folder: Path, carrier: Carrier, database: str) -> None:
        self.folder, ports = folder, (free_port(), free_port())
        self.hotline, self.panel = (f"http://127.0.0.1:{port}" for port in ports)
        self.env = {
            **os.environ, "DATA_DIR": str(folder), "PUBLIC_URL": self.hotline, "TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": carrier.url, "HOTLINE_NUMBER": HOTLINE, "QUIET_HOURS": "", "CALL_HOURS": "", "LEASE_SECONDS": "5",
            "DATABASE_URL": database, "SECRET_KEY": KEY,
        }  # fmt: skip
        self.accounts = json.loads(self.cli("demo", "--json"))["organizers"]
        self.commands = {
            "hotline": ("serve", "hotline", "--port", str(ports[0])),
            "panel": ("serve", "panel", "--port", str(ports[1])),
            "worker": ("worker",),
            "clock": ("clock",),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        for name in self.commands:
            self.start(name)

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("a") as out:
            command = [sys.executable, "-m", "gateway.cli", *self.commands[name]]
            self.running[name] = subprocess.Popen(
                command, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def stop(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGINT)
        assert self.running.pop(name).wait(20) == 0, name

    def wait(self) -> None:
        for address in (self.hotline, self.panel):
            eventually(lambda address=address: answers(f"{address}/healthz"), 60, address)

    def cli(self, *args: str) -> str:
        command = [sys.executable, "-m", "gateway.cli", *args]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def show(self, number: int) -> dict:  # type: ignore[type-arg]
        return json.loads(self.cli("consultation", "show", str(number), "--json"))

    def post(self, path: str, **form: str) -> str:
        """A signed webhook; its answer."""
        url = path if path.startswith("http") else self.hotline + path
        answer = requests.post(
            url, data=form, headers={"X-Twilio-Signature": signature(TOKEN, url, form)}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def text(self, sid: str, words: str) -> str:
        return self.post("/twilio/sms", MessageSid=sid, From=SUN, To=HOTLINE, Body=words)


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    yield found
    found.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path: Path, carrier: Carrier) -> Iterator[Apart]:
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    database = server.fresh("empty") if server else ""
    made = Apart(tmp_path, carrier, database)
    made.wait()
    yield made
    for name in list(made.running):
        made.stop(name)
    if server:
        server.drop(database)


@pytest.mark.soak  # make test lives through the story with the same processes under one roof (test_one_consultation)
def test_the_story_goes_on_whoever_of_them_is_started_again(town: Apart, carrier: Carrier) -> None:
    def times(words: str) -> int:
        return [to for to, *_ in carrier.taken(words)].count(SUN)

    assert requests.get(f"{town.hotline}/admin/", timeout=10).status_code == 404
    assert requests.post(f"{town.panel}/twilio/sms", timeout=10).status_code == 404
    qian = next(a for a in town.accounts if a["login"] == "qianxiaoman")
    panel = Panel(SimpleNamespace(base=town.panel), qian["login"], qian["password"])  # type: ignore[arg-type]
    area = re.search(r'<option value="(\d+)">拟柳村', panel.get("/admin/residents/import"))
    assert area
    panel.get("/admin/consultations/new")
    panel.post(
        "/admin/consultations/new", go="preview", number="21", title="村口装路灯", area=area[1], unit="person", option1="同意",
        option2="不同意", option3="", opens="", closes=(date.today() + timedelta(days=3)).isoformat(), sms="", voice="",
    )  # fmt: skip
    announce = re.search(r"(/admin/consultations/\d+)/announce", panel.page)
    assert announce
    town.stop("hotline")  # it may be the one that brought Redis
    panel.post(announce[0])
    eventually(lambda: times("村口装路灯"), 60)
    town.start("hotline")
    town.wait()
    said = town.text("SM-apart", "21 1")
    assert "您选“同意”" in said and town.text("SM-apart", "21 1") == said
    assert town.show(21)["tally"]["1"] == 1
    town.stop("clock"), town.stop("worker")
    panel.get(announce[1])
    panel.post(f"{announce[1]}/close", reason="都答完了")
    until = f"{date.today() + timedelta(days=7)}T23:59"
    panel.get(f"{announce[1]}/publish")
    panel.post(f"{announce[1]}/publish", go="send", result="装三盏", until=until, sms="", voice="")
    assert "为啥反对" in town.text("SM-against", "反对21号")
    town.start("clock"), town.start("worker")
    eventually(lambda: times("21号公示"), 60)
    assert town.show(21)["state"] == "OBJECTED"
    assert "反对" in panel.get("/admin/inbox/?tab=objections")
    assert times("村口装路灯") == times("21号公示") == 1
