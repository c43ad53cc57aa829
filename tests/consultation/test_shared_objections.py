"""Objecting and taking it back on a handset that two people share: 方淑琴 and 沈国栋 of 样例里社区."""

import pytest
from sqlalchemy import select

from gateway.consultation import matters
from gateway.models.answer import Objection
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.conftest import OWNER, Resident
from tests.resident import text

FANG = SHEN = Resident("方淑琴", "+8619900000401")


def objectors(rt: Runtime, number: int = 16) -> dict[str, tuple[str, str]]:
    """Name → (state, words) of who objects to a matter."""
    with rt.db.read() as s:
        c = matters.find(s, number)
        assert c
        rows = s.execute(
            select(Person.name, Objection.state, Objection.words)
            .join(Person, Person.id == Objection.person_id)
            .where(Objection.consultation_id == c.id)
        )
        return {name: (state, words) for name, state, words in rows if state != "resolved"}


@pytest.fixture
def quiet(each_village: Runtime) -> Runtime:
    """Nobody objects yet."""
    with each_village.db.write() as s:
        for old in s.scalars(select(Objection)):
            old.state = "resolved"
    return each_village


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("反对16号，太吵，我是沈国栋", "太吵"), ("沈国栋反对16号，太吵", "太吵"), ("反对16号，太吵，沈国栋", "太吵"),
        ("我是沈国栋，反对16号", ""),
    ],
)  # fmt: skip
def test_who_gives_a_name_objects_in_that_name(quiet: Runtime, words: str, reason: str) -> None:
    reply = text(quiet, SHEN, words)
    assert "收到您对16号的反对" in reply and len(reply) <= 70
    (state, said) = objectors(quiet)["沈国栋"]
    assert state == "open" and reason in said and "我是" not in said
    assert list(objectors(quiet)) == ["沈国栋"]


def test_nobody_objects_for_another(quiet: Runtime) -> None:
    text(quiet, FANG, "我老伴沈国栋反对16号，太吵")
    assert objectors(quiet) == {}


@pytest.mark.parametrize("words", ["反对16号，太吵", "我坚决反对16号，太吵"])
def test_who_gives_none_is_asked_and_a_bare_name_is_enough(quiet: Runtime, words: str) -> None:
    reply = text(quiet, FANG, words)
    assert "方淑琴、沈国栋" in reply and "回名字" in reply and len(reply) <= 70
    assert objectors(quiet) == {}
    assert "收到您对16号的反对" in text(quiet, FANG, "方淑琴")
    assert list(objectors(quiet)) == ["方淑琴"] and "太吵" in objectors(quiet)["方淑琴"][1]


@pytest.mark.parametrize("name", ["淑琴", "俺是淑琴", "老方", "我叫方淑琴"])
def test_who_is_asked_may_answer_with_the_name_used_at_home(quiet: Runtime, name: str) -> None:
    text(quiet, FANG, "反对16号，太吵")
    assert "收到您对16号的反对" in text(quiet, FANG, name)
    assert list(objectors(quiet)) == ["方淑琴"]


def test_a_name_given_with_the_reason_may_be_the_short_one(quiet: Runtime) -> None:
    assert "收到您对16号的反对" in text(quiet, FANG, "反对16号 太吵，俺是国栋")
    assert list(objectors(quiet)) == ["沈国栋"] and "国栋" not in objectors(quiet)["沈国栋"][1]


def test_an_objection_waits_for_its_name_whatever_comes_between(quiet: Runtime) -> None:
    text(quiet, FANG, "反对16号，太吵")
    assert "16号是谁反对？请回名字" in text(quiet, FANG, "书琴")
    assert "收到您对16号的反对" in text(quiet, FANG, "淑琴")
    assert "太吵" in objectors(quiet)["方淑琴"][1]


def test_one_withdrawal_is_one_persons(quiet: Runtime) -> None:
    text(quiet, FANG, "方淑琴反对16号，太吵")
    text(quiet, SHEN, "沈国栋反对16号，也睡不着")
    assert "是谁收回反对" in text(quiet, FANG, "撤回反对")
    assert {name: state for name, (state, _) in objectors(quiet).items()} == {
        "方淑琴": "open",
        "沈国栋": "open",
    }
    assert "已撤回" in text(quiet, FANG, "我是沈国栋")
    assert {name: state for name, (state, _) in objectors(quiet).items()} == {
        "方淑琴": "open",
        "沈国栋": "withdrawn",
    }
    with quiet.db.read() as s:
        c = matters.find(s, 16)
        assert c and c.state == "OBJECTED"  # one objection still waits for its answer
    assert "没有没办完的反对" in text(quiet, SHEN, "沈国栋撤回16号反对")
    assert "已撤回" in text(quiet, FANG, "方淑琴撤回16号反对")


def test_a_sharer_cannot_take_back_the_others_objection(quiet: Runtime) -> None:
    text(quiet, FANG, "方淑琴反对16号，太吵")
    assert "没有没办完的反对" in text(quiet, SHEN, "沈国栋撤回反对")
    assert objectors(quiet)["方淑琴"][0] == "open"


def test_without_a_number_nobody_withdraws_from_two_matters_at_once(quiet: Runtime) -> None:
    with quiet.db.write() as s:
        other = matters.find(s, 13)
        sixteen = matters.find(s, 16)
        assert other and sixteen
        other.state, other.publicity_ends_at = "PUBLICITY", sixteen.publicity_ends_at
    text(quiet, OWNER, "反对16号，太吵")
    text(quiet, OWNER, "反对13号，太贵")
    reply = text(quiet, OWNER, "撤回反对")
    assert "13号" in reply and "16号" in reply and "已撤回" not in reply and len(reply) <= 70
    assert "已撤回" in text(quiet, OWNER, "撤回13号反对")
    assert objectors(quiet, 13)["郭亮"][0] == "withdrawn" and objectors(quiet, 16)["郭亮"][0] == "open"
