"""The village's archive of a matter: complete, checkable, and without a name in its open part."""

import csv
import hashlib
import hmac
import io
import json
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import select

from gateway import bundle, clock
from gateway.consultation import assessments, lifecycle, matters, meetings, objections, opinions, splits
from gateway.models.answer import FOR_WATCHERS
from gateway.models.consultation import Consultation, Notice
from gateway.models.organizer import Audit, Organizer
from gateway.models.person import Handset, Person
from gateway.outreach import notices
from gateway.people.discreet import Discreet
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import SUN, WANG

PASSWORD = "0123-4567-89ab"


def id_of(rt: Runtime, number: int) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Consultation.id).where(Consultation.number == number)).one()


def fetch(who: Panel, number: int) -> bytes:
    path = f"/admin/consultations/{id_of(who.rt, number)}/archive"
    who.get(path)
    answer = who.post(path)
    assert answer.status_code == 200, answer.status_code
    made: bytes = answer.get_data()
    return made


def texts(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as z:
        return {name: z.read(name).decode("utf-8-sig") for name in z.namelist()}


def rows(table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table)))


@pytest.fixture
def spoken(village: Runtime) -> Runtime:
    """孙长河 says who he is, 王德顺 objects, and somebody tells the supervision committee alone."""
    with village.db.write() as s:
        sun, wang = (s.scalars(select(Person).where(Person.name == n.name)).one() for n in (SUN, WANG))
        c = matters.find(s, 16)
        assert c
        for person, kind, words, hidden in (
            (sun, "opinion", "我是孙长河，电话19900000104，王德顺说得对，200块不多", False),
            (wang, "opinion", "别说是我说的", True),
            (sun, FOR_WATCHERS, "账目有问题", False),
            (sun, "callback", "晚上七点", False),
        ):
            opinions.add(
                s, consultation=c, person=person, handset_id=None, words=words, channel="sms", kind=kind, anonymous=hidden
            )  # fmt: skip
        owner = s.scalars(matters.eligible(s, c).order_by(Person.id)).first()
        objections.open_(s, c, owner, f"我{owner.name if owner else ''}不服", "sms")
        miao = s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()
        lifecycle.record(s, c, "refused", f"organizer:{miao.id}", reason="还有人反对")
        notices.pick_up(s, village.settings)
    return village


def test_the_archive_holds_everything_and_its_sums_are_right(spoken: Runtime, tmp_path: Path) -> None:
    archive = fetch(Panel(spoken, "miaozhuren"), 16)
    (tmp_path / "a.zip").write_bytes(archive)
    found = texts(archive)
    assert {
        "matter.csv", "tallies/total.csv", "tallies/by-area.csv", "tallies/by-group.csv", "opinions.csv", "objections.csv",
        "events.csv", "meetings/assemblies.csv", "follow-up/tasks.csv", "follow-up/evaluations.csv", "follow-up/commission.csv",
        "follow-up/ratings.csv", "notices/visits.csv", "printings.csv", "scripts.csv", "notices/counts.csv", "papers/notice.html", "papers/result.html",
        "index.html", "manifest.json", "SHA256SUMS",
    } <= set(found)  # fmt: skip
    listed = json.loads(found["manifest.json"])
    assert listed["number"] == 16 and listed["part"] == "open"
    for file in listed["files"]:
        with zipfile.ZipFile(io.BytesIO(archive)) as z:
            data = z.read(file["name"])
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert {f["name"] for f in listed["files"]} == set(found) - {"manifest.json", "SHA256SUMS"}
    assert ["晚八点前收", "5"] in rows(found["tallies/total.csv"])
    assert any("公布结果" in line[2] for line in rows(found["events.csv"]))
    if shutil.which("sha256sum"):
        shutil.unpack_archive(tmp_path / "a.zip", tmp_path / "out")
        check = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
        subprocess.run(check, cwd=tmp_path / "out", check=True, capture_output=True)
        (tmp_path / "out/opinions.csv").write_text("changed")
        assert subprocess.run(check, cwd=tmp_path / "out", capture_output=True).returncode == 1


def test_nobody_can_be_told_from_the_open_part(spoken: Runtime) -> None:
    with spoken.db.write() as s:  # a name of whoever is asked, as the roster of that place knows it
        c = matters.find(s, 16)
        assert c
        for name in (SUN.name, WANG.name):
            s.add(Person(area_id=c.area_id, name=name, state="rostered"))
    found = texts(fetch(Panel(spoken, "miaozhuren"), 16))
    with spoken.db.read() as s:
        names = set(s.scalars(select(Person.name)))
        numbers = {h.number[-8:] for h in s.scalars(select(Handset))} - {spoken.settings.hotline[-8:]}
    whole = "\n".join(found.values())
    assert not [name for name in names if name in whole]
    assert not [number for number in numbers if number in whole]
    said = [line[4] for line in rows(found["opinions.csv"])]
    assert "我是孙某，电话（号码），王某说得对，200块不多" in said and "别说是我说的" in said
    assert "账目有问题" not in whole and "晚上七点" not in whole
    assert any(line[4].endswith("某不服") for line in rows(found["objections.csv"]))


def test_the_same_state_gives_the_same_bytes_and_another_one_others(spoken: Runtime) -> None:
    miao = Panel(spoken, "miaozhuren")
    first = fetch(miao, 16)
    assert fetch(miao, 16) == first
    with spoken.db.write() as s:
        c = matters.find(s, 16)
        opinions.add(s, consultation=c, person=None, handset_id=None, words="再说一句", channel="sms")
    assert fetch(miao, 16) != first
    with spoken.db.read() as s:
        kept = [a.details for a in s.scalars(select(Audit).where(Audit.verb == "archive").order_by(Audit.id))]
    assert kept[:2] == [f"sha256:{hashlib.sha256(first).hexdigest()}"] * 2 and kept[2] != kept[0]


def test_what_was_sent_stands_with_its_fate(spoken: Runtime) -> None:
    with spoken.db.write() as s:
        c = matters.find(s, 16)
        assert c
        c.sms = {**c.sms, "result": "【样例里社区】16号公示"}
    found = texts(fetch(Panel(spoken, "miaozhuren"), 16))
    letters = [name for name in found if name.startswith("notices/0")]
    for name in letters:
        assert "短信：" in found[name] and "谁发的：" in found[name]
    assert rows(found["notices/counts.csv"])[0] == ["序号", "通知", "方式", "状态", "几部电话"]


def test_a_formula_in_an_opinion_stays_words(spoken: Runtime) -> None:
    with spoken.db.write() as s:
        c = matters.find(s, 16)
        opinions.add(
            s, consultation=c, person=None, handset_id=None, words='=HYPERLINK("http://x")', channel="sms"
        )
    assert "'=HYPERLINK" in texts(fetch(Panel(spoken, "miaozhuren"), 16))["opinions.csv"]


@pytest.mark.parametrize(("login", "status"), [("pinggu", 403), ("xianminzheng", 403), ("shegong", 403)])
def test_who_only_judges_or_helps_takes_no_archive_away(village: Runtime, login: str, status: int) -> None:
    who = Panel(village, login)
    who.get("/admin/account")
    assert who.post(f"/admin/consultations/{id_of(village, 11)}/archive").status_code == status


def test_a_village_archives_what_it_leads_only(qian: Panel) -> None:
    qian.get("/admin/account")
    for number, status in ((11, 200), (15, 403), (16, 404)):
        path = f"/admin/consultations/{id_of(qian.rt, number)}/archive"
        assert qian.post(path).status_code == status


@pytest.fixture
def sat(village: Runtime) -> Runtime:
    """About 11号: a hearing with an engineer, a private talk, an expert's word, and a mandate nobody called back about."""
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        for form, words in (
            ("hearing", f"{WANG.name}说要留边沟，赵工程师说留得下"),
            ("appointment", "他家怕出不起钱"),
        ):
            m = meetings.plan(s, c, form=form, starts_at=clock.now() + timedelta(hours=1), place="村部")
            meetings.invite(s, m, meetings.participant(s, c, sun))
            meetings.invite(s, m, meetings.guest(s, c, "赵工程师", "other_stakeholders"))
            m.starts_at = clock.now() - timedelta(hours=1)
            meetings.keep_minutes(s, m, c, "cli", words, 12)
        assessments.add(s, c, "县交通局", "路基够，三年不用大修")
    return village


def test_minutes_are_archived_without_names_and_a_private_talk_is_sealed(sat: Runtime) -> None:
    officer = Panel(sat, "xuquanzhen")
    found = texts(fetch(officer, 11))
    minutes = [text for name, text in found.items() if name.startswith("meetings/minutes-")]
    assert minutes == ["王某说要留边沟，赵某说留得下\n"]
    whole = "\n".join(found.values())
    assert "他家怕出不起钱" not in whole and "赵工程师" not in whole
    held = rows(found["meetings/meetings.csv"])[1:]
    assert sorted((line[1], line[5], line[8]) for line in held) == [
        ("个别约谈", "2", "12"),
        ("听证会", "2", "12"),
    ]
    assert rows(found["meetings/assessments.csv"])[1][1:3] == ["县交通局", "路基够，三年不用大修"]
    path = f"/admin/consultations/{id_of(sat, 11)}/archive/identities"
    officer.get("/admin/account")
    sealed = texts(unseal(officer.post(path, reason="整理会议档案", password=PASSWORD).get_data(), PASSWORD))
    assert SUN.name in sealed["invitations.csv"] and "赵工程师" in sealed["invitations.csv"]
    assert any("他家怕出不起钱" in text for name, text in sealed.items() if name.startswith("minutes-"))
    board = officer.get("/board/11")
    assert "开了听证会，到场12人" in board and "县交通局论证：路基够" in board and "约谈" not in board


def test_no_file_of_the_archive_has_a_name_that_windows_refuses(sat: Runtime) -> None:
    with sat.db.write() as s:
        c = matters.find(s, 11)
        assert c
        s.add(Notice(consultation_id=c.id, stage="meeting:5", sms="请开会", voice="请开会"))
    names = texts(fetch(Panel(sat, "qianxiaoman"), 11))
    assert "notices/unsent-meeting-5-1.txt" in names
    assert not [name for name in names if set(name) & set(':*?"<>|\\') or not name.isascii()]


# ---- the sealed part


def unseal(sealed: bytes, password: str) -> bytes:
    """AE-2 as its description says, written anew: nothing of the product's own."""
    size, name, extra = (int.from_bytes(sealed[a:b], "little") for a, b in ((18, 22), (26, 28), (28, 30)))
    start = 30 + name + extra
    body = sealed[start : start + size]
    keys = hashlib.pbkdf2_hmac("sha1", password.encode(), body[:16], 1000, 66)
    assert keys[64:] == body[16:18], "wrong password"
    secret, mac = body[18:-10], body[-10:]
    assert hmac.digest(keys[32:64], secret, "sha1")[:10] == mac
    ecb = Cipher(algorithms.AES(keys[:32]), modes.ECB()).encryptor()
    out = bytearray()
    for n in range(0, len(secret), 16):
        stream = ecb.update((n // 16 + 1).to_bytes(16, "little"))
        out += bytes(a ^ b for a, b in zip(secret[n : n + 16], stream, strict=False))
    return bytes(out)


def test_names_are_in_the_sealed_part_under_a_password_and_the_reason_is_kept(spoken: Runtime) -> None:
    officer = Panel(spoken, "xuquanzhen")
    path = f"/admin/consultations/{id_of(spoken, 16)}/archive"
    officer.get(path)
    answer = officer.post(f"{path}/identities", reason="复查反对的人是谁", password=PASSWORD)
    sealed = answer.get_data()
    assert answer.status_code == 200 and SUN.name.encode() not in sealed
    found = texts(unseal(sealed, PASSWORD))
    assert SUN.name in found["opinions.csv"] and "19900000104" in found["opinions.csv"]  # word for word
    assert WANG.name not in "".join(x for x in found["opinions.csv"].splitlines() if "别说是我说的" in x)
    taken = rows(found["participants.csv"])
    assert "选项" not in taken[0] and len(taken) == 11
    assert "papers/attendance.html" in found and "苗" in found["organizers.csv"]
    again = officer.post(f"{path}/identities", reason="复查反对的人是谁", password=PASSWORD).get_data()
    assert again == sealed
    with spoken.db.read() as s:
        kept = [a.details for a in s.scalars(select(Audit).where(Audit.verb == "archive_identities"))]
    assert kept[0].startswith("复查反对的人是谁（sha256:")
    assert (
        json.loads(found["manifest.json"])["archive_sha256"] == hashlib.sha256(fetch(officer, 16)).hexdigest()
    )


@pytest.mark.parametrize(
    ("reason", "password", "said"),
    [
        ("", PASSWORD, "请写明为什么要看名字"),
        ("复查反对", "短密码", "十二个以上"),
        ("复查反对", "密" * 12, "十二个以上"),
    ],
)
def test_no_names_without_a_reason_and_a_long_password(
    officer: Panel, reason: str, password: str, said: str
) -> None:
    path = f"/admin/consultations/{id_of(officer.rt, 16)}/archive"
    officer.get(path)
    page = officer.send(f"{path}/identities", 422, reason=reason, password=password)
    assert said in page and reason in page
    with officer.rt.db.read() as s:
        assert s.scalars(select(Audit).where(Audit.verb == "archive_identities")).first() is None


def test_the_village_itself_gets_no_names(miao: Panel) -> None:
    path = f"/admin/consultations/{id_of(miao.rt, 16)}/archive"
    assert "下载封存部分" not in miao.get(path)
    assert miao.post(f"{path}/identities", reason="想看看是谁", password=PASSWORD).status_code == 403


def test_sealing_a_large_file_gives_it_back_byte_for_byte() -> None:
    plain, out = io.BytesIO(bytes(range(256)) * 700 + b"end"), io.BytesIO()
    bundle.seal(out, plain, "x.bin", PASSWORD)
    assert unseal(out.getvalue(), PASSWORD) == plain.getvalue()


# ---- splits


def test_of_a_tally_split_by_place_nothing_under_five_can_be_worked_out() -> None:
    told = splits.bearable({"a": {"1": 9}, "b": {"1": 2, "2": 1}, "c": {"1": 5}, "d": {"2": 8}, "e": {}})
    assert told == {
        "a": {"1": 9},
        "b": None,
        "c": None,
        "d": {"2": 8},
        "e": {},
    }  # b alone = whole − the others
    assert splits.bearable({"a": {"1": 6}, "b": {"1": 7}}) == {"a": {"1": 6}, "b": {"1": 7}}
    assert splits.bearable({"a": {"1": 1}, "b": {"1": 1}}) == {"a": None, "b": None}


def test_a_secret_matter_is_not_split_and_shows_no_small_number(village: Runtime) -> None:
    found = texts(fetch(Panel(village, "xuquanzhen"), 12))
    assert len(rows(found["tallies/by-area.csv"])) == len(rows(found["tallies/by-group.csv"])) == 1
    assert all(not n.isdigit() or int(n) >= 5 for _label, n in rows(found["tallies/total.csv"])[1:-2])


def test_while_people_answer_no_running_count_is_archived(qian: Panel) -> None:
    found = texts(fetch(qian, 11))
    assert ["同意", "不公开"] in rows(found["tallies/total.csv"]) and len(
        rows(found["tallies/by-area.csv"])
    ) == 1


def test_words_lose_names_and_numbers_and_keep_sums_and_dates() -> None:
    hush = Discreet(["王德顺", "王德", "李", "欧阳建国"])
    assert hush("王德顺和欧阳建国欠200元，2026年11月27日") == "王某和欧某欠200元，2026年11月27日"
    assert (
        hush("打13812345678或0499-00000101，身份证23010119700101123X")
        == "打（号码）或（号码），身份证（号码）"
    )
