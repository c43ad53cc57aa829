"""Bringing a roster in through the panel: what was uploaded lies sealed, and not for long."""

import io
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway import jobs
from gateway.models.organizer import Audit
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id

ROSTER = "姓名,电话,户号\n钱多多,19900000990,H90\n钱来来,19900000991,H90\n".encode()


def upload(panel: Panel, status: int = 200) -> str:
    file = (io.BytesIO(ROSTER), "花名册.csv")
    return panel.send("/admin/residents/import", status, area=area_id(panel.rt, "NL"), file=file)


def kept(rt: Runtime) -> list[Path]:
    folder = rt.settings.uploads
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def qian(village: Runtime) -> Panel:
    panel = Panel(village, "qianxiaoman")
    panel.get("/admin/residents/import")
    return panel


def test_an_upload_waits_sealed_and_is_gone_when_it_was_taken_in(qian: Panel, village: Runtime) -> None:
    assert "钱多多" in upload(qian)
    (file,) = kept(village)
    lying = file.read_bytes()
    assert "钱多多".encode() not in lying and b"19900000990" not in lying
    assert file.stat().st_mode & 0o077 == 0
    assert "新增 2 人" in qian.send("/admin/residents/import/confirm")
    assert kept(village) == []
    with village.db.read() as s:
        assert s.scalar(select(func.count()).where(Person.name.in_(("钱多多", "钱来来")))) == 2
        assert {"roster_import", "roster.import"} <= set(s.scalars(select(Audit.verb)))


def test_what_nobody_confirms_is_deleted_after_an_hour_and_said_to_be_gone(
    qian: Panel, village: Runtime
) -> None:
    upload(qian)
    (file,) = kept(village)
    assert jobs.forget_uploads(village) == 0
    long_ago = time.time() - 3601
    os.utime(file, (long_ago, long_ago))
    assert jobs.forget_uploads(village) == 1 and kept(village) == []
    assert "请再传一次" in qian.send("/admin/residents/import/confirm")


def test_a_second_upload_replaces_the_first_and_cancelling_deletes_it(qian: Panel, village: Runtime) -> None:
    upload(qian)
    upload(qian)
    assert len(kept(village)) == 1
    qian.send("/admin/residents/import/cancel")
    assert kept(village) == []


@pytest.mark.parametrize("login", ["xianminzheng", "pinggu", "zhengfulai"])
def test_who_only_looks_uploads_nothing(village: Runtime, login: str) -> None:
    panel = Panel(village, login)
    panel.get("/admin/")
    panel.get("/admin/account")
    upload(panel, 403)
    assert kept(village) == []
    panel.get("/admin/residents/import", status=403)
