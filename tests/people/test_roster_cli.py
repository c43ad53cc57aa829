"""`xiangyin roster import`: what it says, and several of it at once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.conftest import KEY, SUN
from tests.people.test_rosterfile import workbook


def start(rt: Runtime, folder: Path, *args: str) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "DATABASE_URL": str(rt.settings.database),
        "SECRET_KEY": KEY,
        "DATA_DIR": str(folder),
    }
    command = [sys.executable, "-m", "gateway.cli", "roster", "import", *args, "--area", "NL"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_three_processes_importing_one_file_at_once_add_everybody_once(
    each_village: Runtime, tmp_path: Path
) -> None:
    file = tmp_path / "名册.csv"
    rows = "\n".join(f"{'王李张刘'[n % 4]}伟,139{n:08d},H{n}" for n in range(6000))
    file.write_text(f"姓名,电话,户号\n{rows}\n", encoding="utf-8")
    with each_village.db.read() as s:
        before = s.scalar(select(func.count()).select_from(Person)) or 0
    started = [start(each_village, tmp_path, str(file), "--json") for _ in range(3)]
    facts: list[dict[str, Any]] = [json.loads(result(process)) for process in started]
    assert sum(f["added"] for f in facts) == 6000 and all(f["rejected"] == [] for f in facts)
    with each_village.db.read() as s:
        assert s.scalar(select(func.count()).select_from(Person)) == before + 6000


def test_it_says_which_worksheet_it_read_who_waits_and_what_was_nobody(
    village: Runtime, tmp_path: Path
) -> None:
    def first(sheet: Any) -> None:
        sheet.write_row(0, 0, ["姓名", "电话", "户号"])
        sheet.write_row(1, 0, [SUN.name, "19900000881", "H03"])
        sheet.write_row(2, 0, ["合计", "1"])

    def second(sheet: Any) -> None:
        sheet.write_row(0, 0, ["姓名", "户号"])
        sheet.write_row(1, 0, ["钱来来", "H90"])

    file = tmp_path / "名册.xlsx"
    file.write_bytes(workbook(一组=first, 二组=second))
    said = result(start(village, tmp_path, str(file), "--dry-run"))
    assert "只读了工作表“一组”；没读：二组（用 --sheet 选）" in said and "没当成人：第3行" in said
    assert "第2行：给已核实的孙长河增加一个电话199****0881，需要村干部确认" in said
    facts = json.loads(result(start(village, tmp_path, str(file), "--sheet", "二组", "--json")))
    assert (facts["added"], facts["sheet"], facts["unread_sheets"]) == (1, "二组", ["一组"])
