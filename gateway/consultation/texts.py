"""What residents are told at each stage, short enough for one SMS where the title allows it. The notice is in matters."""

from datetime import datetime

from gateway import text
from gateway.consultation import matters
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.meeting import Assembly

# what people call the meetings that decide (quorum profiles of consultation/quorum)
BODIES = {
    "villagers": "村民会议",
    "representatives": "村民代表会议",
    "group": "村民小组会议",
    "land_to_outsiders": "村民代表会议",
    "collective": "成员大会",
    "residents": "居民会议",
    "owners_ordinary": "业主大会",
    "owners_major": "业主大会",
}


def _matter(c: Consultation) -> str:
    return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}"


def greeting(area: Area) -> str:
    """How every call of ours begins: who speaks, and that it costs nothing."""
    return f"您好，这里是{area.name}协商热线，您不用花话费。（停一秒）"


def result_sms(c: Consultation, area: Area, result: str, until: datetime) -> str:
    """The text that opens the publicity period."""
    day = text.short_date(until.astimezone(area.zone).date())
    return f"{area.signed}{c.number}号公示：{matters.sentence(result)}。{day}止，反对请回“反对”加原因"


def result_voice(c: Consultation, area: Area, result: str, until: datetime) -> str:
    day = text.spoken_date(until.astimezone(area.zone).date())
    return (
        f"{greeting(area)}"
        f"{text.spoken_ordinal_matter(c.number)}事，{c.title}，有结果了。（停一秒）{matters.sentence(result)}。（停一秒）"
        f"公示到{day}。"
    )


def withdrawn_sms(c: Consultation, area: Area, why: str) -> str:
    """That a matter is taken back, and why."""
    return f"{area.signed}{c.number}号“{_short(c.title)}”撤回了，不用再回。原因：{why}"


def withdrawn_voice(c: Consultation, area: Area, why: str) -> str:
    return (
        f"{greeting(area)}{text.spoken_ordinal_matter(c.number)}事，"
        f"{c.title}，撤回了，不用再表态。（停一秒）原因是，{why}。"
    )


def _quiet(opposed: bool) -> str:
    return "大家的反对都答复了" if opposed else "没人反对"


def effective_sms(c: Consultation, area: Area, *, opposed: bool) -> str:
    """That the result takes effect, and from which day. ``opposed``: somebody had objected."""
    day = text.short_date(matters.effective_day(c))
    return f"{area.signed}{c.number}号公示期满，{_quiet(opposed)}，{day}起生效：{_short(matters.sentence(c.result or c.title))}"


def effective_voice(c: Consultation, area: Area, *, opposed: bool) -> str:
    day = text.spoken_date(matters.effective_day(c))
    return (
        f"{greeting(area)}{text.spoken_ordinal_matter(c.number)}事，"
        f"{c.title}，公示期满，{_quiet(opposed)}，{day}起生效。（停一秒）{matters.sentence(c.result)}。"
    )


def _short(words: str) -> str:
    return words if len(words) <= 30 else words[:29] + "…"


def suspended_sms(c: Consultation, area: Area, why: str) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”先停一停，原因：{why}。接着办时再告诉您"


def suspended_voice(c: Consultation, area: Area, why: str) -> str:
    return f"{greeting(area)}{_matter(c)}，先停一停。（停一秒）原因是，{why}。接着办的时候再告诉您。"


def resumed_sms(c: Consultation, area: Area) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”接着办了，以前说的都算数，不用再说一遍"


def resumed_voice(c: Consultation, area: Area) -> str:
    return f"{greeting(area)}{_matter(c)}，接着办了。（停一秒）以前说的都算数，不用再说一遍。"


def assembly_sms(c: Consultation, area: Area, meeting: Assembly) -> str:
    """That a meeting decides, when and where; who can't come may send word."""
    local = meeting.starts_at.astimezone(area.zone)
    when = f"{text.short_date(local.date())}{text.clock_time(local)}"
    return f"{area.signed}{c.number}号“{text.clip(c.title, 12)}”，{when}在{meeting.place}开{_body(meeting)}决定。想捎话回“意见”加内容"


def assembly_voice(c: Consultation, area: Area, meeting: Assembly) -> str:
    local = meeting.starts_at.astimezone(area.zone)
    when = f"{text.spoken_date(local.date())}{text.spoken_time(local)}"
    return (
        f"{greeting(area)}{_matter(c)}，要开会决定。（停一秒）{when}，在{meeting.place}开{_body(meeting)}。"
        "（停一秒）来不了的，想捎什么话，就打协商热线说。"
    )


def no_quorum_sms(c: Consultation, area: Area, missing: int) -> str:
    return f"{area.signed}{c.number}号的会，差{missing}人没开成，不算数。再开会的日子定了告诉您"


def no_quorum_voice(c: Consultation, area: Area, missing: int) -> str:
    people = text.spoken_count(missing)
    return f"{greeting(area)}{_matter(c)}，开会的人差了{people}个，没开成，不算数。（停一秒）再开会的日子定了，再告诉您。"


def rejected_sms(c: Consultation, area: Area, agree: int, present: int) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”会上没通过：到会{present}，同意{agree}。这事就不办了"


def rejected_voice(c: Consultation, area: Area, agree: int, present: int) -> str:
    come, yes = text.spoken_count(present), text.spoken_count(agree)
    return f"{greeting(area)}{_matter(c)}，会上没通过。（停一秒）到会{come}个，同意的{yes}个。（停一秒）这件事就不办了。"


def corrected_sms(c: Consultation, area: Area, why: str) -> str:
    return f"{area.signed}{c.number}号的结果先不作数，镇里让改正：{why}。改好再告诉您"


def corrected_voice(c: Consultation, area: Area, why: str) -> str:
    return f"{greeting(area)}{_matter(c)}，结果先不作数，镇里让改正。（停一秒）原因是，{why}。（停一秒）改好了再告诉您。"


def annulled_sms(c: Consultation, area: Area, why: str) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”的结果作废了，原因：{why}"


def annulled_voice(c: Consultation, area: Area, why: str) -> str:
    return f"{greeting(area)}{_matter(c)}，结果作废了。（停一秒）原因是，{why}。"


def _body(meeting: Assembly) -> str:
    return BODIES.get(meeting.body, "会")


def progress_sms(c: Consultation, area: Area, words: str) -> str:
    return f"{area.signed}{c.number}号进度：{words}。有话回“意见{c.number}号”加您的话"


def progress_voice(c: Consultation, area: Area, words: str) -> str:
    return f"{greeting(area)}{_matter(c)}，给您说说进度。（停一秒）{words}。"


def disclosed_sms(c: Consultation, area: Area, words: str) -> str:
    return f"{area.signed}{c.number}号办好了：{words}。满意不满意，回1到5分，5最好"


def disclosed_voice(c: Consultation, area: Area, words: str) -> str:
    return f"{greeting(area)}{_matter(c)}，办好了。（停一秒）{words}。"


def evaluated_sms(c: Consultation, area: Area, words: str) -> str:
    return f"{area.signed}{c.number}号请外头的人评估了：{words}"


def evaluated_voice(c: Consultation, area: Area, words: str) -> str:
    return f"{greeting(area)}{_matter(c)}，请外头的人评估了。（停一秒）{words}。"


def reported_sms(c: Consultation, area: Area) -> str:
    return f"{area.signed}{c.number}号大家的意见，已报给{c.commissioned_by}，有答复再告诉您"


def reported_voice(c: Consultation, area: Area) -> str:
    return (
        f"{greeting(area)}{_matter(c)}，大家的意见已经报给{c.commissioned_by}。（停一秒）有了答复，再告诉您。"
    )


def replied_sms(c: Consultation, area: Area, words: str) -> str:
    return f"{area.signed}{c.number}号，{c.commissioned_by}答复：{words}"


def replied_voice(c: Consultation, area: Area, words: str) -> str:
    return f"{greeting(area)}{_matter(c)}，{c.commissioned_by}答复了。（停一秒）{words}。"


def referred_sms(c: Consultation, area: Area) -> str:
    """That another area leads from now on (``area``, who signs)."""
    return f"{area.signed}{c.number}号“{text.clip(c.title, 12)}”转到这儿了，往后{c.lead}牵头办。以前说的都算数，不用再说一遍"


def referred_voice(c: Consultation, area: Area) -> str:
    return f"{greeting(area)}{_matter(c)}，转到这里来办了，往后由{c.lead}牵头。（停一秒）以前说的都算数，不用再说一遍。"
