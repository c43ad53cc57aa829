"""Bringing a roster in through the panel: what was uploaded lies sealed, and not for long."""

import html
import io
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway import jobs
from gateway.models.organizer import Audit
from gateway.models.outreach import Delivery
from gateway.models.person import Claim, Person
from gateway.people import uploads
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id, organizer
from tests.people.test_rosterfile import workbook

ROSTER = "姓名,电话,户号\n钱多多,19900000990,H90\n钱来来,19900000991,H90\n".encode()


def upload(panel: Panel, status: int = 200, data: bytes = ROSTER, name: str = "花名册.csv") -> str:
    file = (io.BytesIO(data), name)
    return panel.send("/admin/residents/import", status, area=area_id(panel.rt, "NL"), file=file)


def kept(rt: Runtime) -> list[Path]:
    folder = rt.settings.uploads
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def qian(village: Runtime) -> Panel:
    panel = Panel(village, "qianxiaoman")
    panel.get("/admin/residents/import")
    return panel


def test_an_upload_waits_sealed_and_only_its_result_is_left_when_it_was_taken_in(
    qian: Panel, village: Runtime
) -> None:
    assert "钱多多" in upload(qian)
    (file,) = kept(village)
    lying = file.read_bytes()
    assert "钱多多".encode() not in lying and b"19900000990" not in lying
    assert file.stat().st_mode & 0o077 == 0
    assert "新增 2 人" in qian.send("/admin/residents/import/confirm")
    (left,) = kept(village)
    assert uploads.find(left.parent, left.name, organizer(village, "qianxiaoman").id).data == b""  # type: ignore[union-attr]
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


def page_of(page: str) -> str:
    """Where this upload's page is."""
    found = re.search(r'name="upload" value="(\w+)"', page)
    assert found
    return f"/admin/residents/import/{found[1]}"


def link(page: str, ending: str) -> str:
    """The address on the page that has this in it."""
    found = re.search(rf'href="([^"]*{ending}[^"]*)"', page)
    assert found, ending
    return html.unescape(found[1])


def test_a_double_click_imports_once_and_both_clicks_show_the_same_result(each_village: Runtime) -> None:
    qian = Panel(each_village, "qianxiaoman")
    qian.get("/admin/residents/import")
    upload(qian)
    with ThreadPoolExecutor(4) as pool:
        form = qian.page
        again = [Panel.__new__(Panel) for _ in range(4)]
        for panel in again:  # the same browser, clicking again before it has an answer
            panel.__dict__ |= {"rt": each_village, "page": form, "http": each_village.app.test_client()}  # type: ignore[attr-defined]
            panel.http.set_cookie("xy_session", qian.http.get_cookie("xy_session").value)  # type: ignore[union-attr]
        pages = list(pool.map(lambda panel: panel.send("/admin/residents/import/confirm"), again))
    assert all("新增 2 人，已有 0 人" in page for page in pages)
    assert "新增 2 人，已有 0 人" in qian.send("/admin/residents/import/confirm")
    with each_village.db.read() as s:
        assert s.scalar(select(func.count()).where(Person.name.in_(("钱多多", "钱来来")))) == 2
        assert s.scalar(select(func.count()).where(Audit.verb == "roster.import")) == 1


def test_every_bad_row_is_named_though_only_the_first_are_on_the_page(qian: Panel) -> None:
    lines = ["姓名,电话,户号", *(f"钱多多,1990000,H{n}" for n in range(250)), '"=1+1",,H9']
    page = upload(qian, data="\n".join(lines).encode())
    assert "一共 251 行，下面只列前 200 行" in page and "还有 51 行没列出来" in page
    table = qian.http.get(link(page, "rows.csv")).get_data(as_text=True)
    assert table.count("位数不够") == 250 and "'=1+1" in table
    page = qian.send("/admin/residents/import/confirm")
    assert "不收 251 行" in page and qian.get(link(page, "rows.csv")).count("位数不够") == 250


def test_the_page_says_which_worksheet_was_read_and_another_can_be_read_instead(qian: Panel) -> None:
    def of(name: str) -> Any:
        return lambda sheet: [
            sheet.write_row(0, 0, ["姓名", "户号", "备注"]),
            sheet.write_row(1, 0, [name, "H90"]),
        ]

    page = upload(qian, data=workbook(一组=of("钱多多"), 二组=of("钱来来")), name="名册.xlsx")
    assert "只读了“一组”这一张" in page and "没读的工作表：二组" in page and "没读：备注" in page
    page = qian.get(f"{page_of(page)}?sheet=二组")
    assert "钱来来" in page and "钱多多" not in page
    page = qian.send("/admin/residents/import/confirm", sheet="二组")
    assert "新增 1 人" in page and "还没导的工作表：一组" in page
    page = upload(qian, data=workbook(一组=of("钱")), name="a.xlsx")
    page = qian.get(f"{page_of(page)}?sheet=三组")
    assert "没有“三组”" in page and "还没有导入，先看看" in page


def test_another_tabs_file_is_not_what_this_tabs_button_imports(qian: Panel, village: Runtime) -> None:
    first = page_of(upload(qian)).split("/")[-1]
    upload(qian, data="姓名,户号\n钱来来,H90\n".encode())
    assert "请再传一次" in qian.send("/admin/residents/import/confirm", upload=first)
    with village.db.read() as s:
        assert s.scalar(select(func.count()).where(Person.name == "钱来来")) == 0


def test_a_verified_residents_new_number_is_announced_and_decided_among_the_claims(
    qian: Panel, village: Runtime
) -> None:
    page = upload(qian, data="姓名,电话,户号\n孙长河,19900000881,H03\n".encode())
    assert "给已核实的孙长河增加一个电话199****0881，需要村干部确认" in page
    page = qian.send("/admin/residents/import/confirm")
    assert "等村干部确认的电话" in page
    assert "名册上新写的电话" in qian.get(link(page, "/claims/"))
    with village.db.read() as s:
        claim = s.scalars(select(Claim.id)).one()
    assert "这个电话没有加" in qian.send(f"/admin/claims/{claim}/reject")
    with village.db.read() as s:
        assert s.scalar(select(func.count()).select_from(Delivery)) == 0  # whoever answers it asked nothing


def test_whose_upload_it_was_alone_sees_what_came_of_it(qian: Panel, village: Runtime) -> None:
    upload(qian)
    qian.send("/admin/residents/import/confirm")
    (name,) = (path.name for path in kept(village))
    other = Panel(village, "xuquanzhen")
    assert "请再传一次" in other.get(f"/admin/residents/import/{name}")
    assert "请再传一次" in other.get(f"/admin/residents/import/{name}/rows.csv")
