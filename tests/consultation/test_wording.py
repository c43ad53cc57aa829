"""What the texts of a consultation say, whatever people typed around it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.consultation import clockwork, matters, objections, steps
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.runtime import Runtime
from gateway.text import segments
from tests.admin.panel import Panel
from tests.conftest import OWNER
from tests.consultation.procedure import knock


def decided(s, result: str, *, title: str = "村口装路灯。", number: int = 51) -> Consultation:  # type: ignore[no-untyped-def]
    """A matter of 样例里社区 whose result has just been published, for a week."""
    now = clock.now()
    c = matters.create(
        s, number=number, title=title, area=s.scalars(select(Area).where(Area.code == "YL")).one(),
        options={"1": "同意", "2": "不同意"}, opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(days=8),
    )  # fmt: skip
    steps.announce(s, c, "cli")
    steps.close_early(s, c, "cli", "都答完了")
    until = clock.end_of_day((now + timedelta(days=7)).date(), clock.village_zone())
    steps.publish(s, c, result=result, sms="", voice="", until=until, actor="cli")
    knock(s, c)
    return c


@pytest.mark.parametrize(
    "typed", ["装三盏。", "公示：装三盏。", "51号公示：装三盏", "结果：装三盏。", "【样例里社区】51号协商结果公示：装三盏。"]
)  # fmt: skip
def test_a_result_is_named_once_and_ends_once(village: Runtime, typed: str) -> None:
    with village.db.write() as s:
        c = decided(s, typed)
        clockwork.tick(s, clock.now() + timedelta(days=9))
        texts = [*c.sms.values(), *c.voice.values()]
        assert set(c.sms) == {"notice", "result", "effective"}
        for words in texts:
            assert (
                "。。" not in words
                and "。，" not in words
                and "：公示：" not in words
                and "：结果" not in words
            )
        assert "51号公示：装三盏。" in c.sms["result"] and c.title == "村口装路灯"


def test_what_only_looks_like_a_label_stays() -> None:
    for words in ("同意：五户。不同意：两户", "通过，公示后开工", "11号路灯：装三盏"):
        assert matters.bare_result(words) == words


def test_the_effective_text_says_the_day_and_whether_anybody_objected(village: Runtime) -> None:
    with village.db.write() as s:
        quiet, opposed = decided(s, "装三盏"), decided(s, "装扶手", number=52)
        who = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        made = objections.open_(s, opposed, who, "太亮", "sms")
        objections.explain(
            s, made, "转个向", s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()
        )
        clockwork.tick(s, clock.now() + timedelta(days=9))
        day = matters.effective_day(quiet)
        assert quiet.publicity_ends_at
        assert day == (quiet.publicity_ends_at.astimezone(clock.village_zone()) + timedelta(days=1)).date()
        said = f"{day.month}月{day.day}日起生效：装三盏"
        assert f"51号公示期满，没人反对，{said}" in quiet.sms["effective"]
        assert segments(quiet.sms["effective"]).count == 1
        assert "大家的反对都答复了" in opposed.sms["effective"] and "未解决" not in opposed.voice["effective"]
    page = Panel(village, "miaozhuren").get("/board/51")
    assert f"已经生效，{day.month}月{day.day}日起生效" in page


def test_the_board_names_no_effective_day_before_there_is_one(village: Runtime) -> None:
    assert "起生效" not in Panel(village, "miaozhuren").get("/board/16")


@pytest.mark.parametrize("field", ["sms", "voice"])
def test_what_no_chain_of_messages_could_carry_is_refused_with_the_count(
    village: Runtime, field: str
) -> None:
    with village.db.write() as s, pytest.raises(Refused) as no:
        matters.create(
            s, title="装灯", area=s.scalars(select(Area).where(Area.code == "NL")).one(),
            options={"1": "同意", "2": "不同意"}, opens_at=clock.now(), closes_at=clock.now() + timedelta(days=8),
            **{field: "长" * 1601},
        )  # fmt: skip
    assert no.value.field == field and "写了1601个字" in no.value.why


def test_an_explanation_too_long_to_be_sent_stays_in_its_form_with_the_count(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 16)
        who = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        assert c
        id = objections.open_(s, c, who, "太早", "sms").id
    miao = Panel(village, "miaozhuren")
    page = miao.get(f"/admin/objections/{id}")
    room = int(page.split("最多 ")[1].split(" 个字")[0])
    long = "长" * (room + 1)
    page = miao.send(f"/admin/objections/{id}/explain", 422, explanation=long)
    assert f"写了{room + 1}个字，太长了，最多{room}个字" in page and long in page
    assert "正在告诉居民" in miao.send(f"/admin/objections/{id}/explain", explanation=long[:-1])


def test_nothing_is_broken_down_for_those_who_only_judge_when_few_answered_or_it_is_secret(
    village: Runtime,
) -> None:
    with village.db.read() as s:
        ids = {n: c.id for n in (12, 16) if (c := matters.find(s, n))}
    county, mine = Panel(village, "xianminzheng"), Panel(village, "yinwenshu")
    assert "有一项不到五个，不分项" in county.get(f"/admin/consultations/{ids[12]}")
    assert "有情况反映" not in county.get("/admin/consultations/") and "换到河边" in county.page
    assert "有一项不到五个，不分项" in mine.get(f"/admin/consultations/{ids[12]}")  # nor for those who run it


def test_a_drafted_result_of_a_secret_matter_says_only_how_many_answered(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 12)
        assert c
        c.state, c.result, id = "DRAFTED", "", c.id
    page = Panel(village, "yinwenshu").get(f"/admin/consultations/{id}/publish")
    assert "该问10人，答了8人：过半数的是“参加”<" in page.replace("&#34;", "“")
