"""The carrier's error codes in words an organizer understands, and what can be done about each.

Twilio's are in its error dictionary (twilio.com/docs/api/errors), Somleng's own begin with S
(``app/errors/application_error/errors.rb``); a refusal without a code is kept as its HTTP status.
"""

from typing import NamedTuple


class Trouble(NamedTuple):
    """Why somebody was not reached, and what to do about it."""

    words: str
    advice: str


_TECHNICIAN = "请把这一行告诉管技术的人"
_LATER_OR_VISIT = "过半天再发一次，还不行就打电话或上门"
_ACCOUNT = Trouble("运营商账号或密码不对", "请管技术的人核对账号；改好以后自动接着发")
_SUSPENDED = Trouble("运营商停了我们的账号", "多半是欠费，请管钱的人找运营商")
_MONEY = Trouble("运营商账户里没钱了", "请管钱的人充值，再发一次")
_TRIAL = Trouble("试用账号只能发给登记过的号码", "请管技术的人把账号转成正式的")
_BUSY = Trouble("运营商忙，会自动再发", "不用管，过一会儿自动再发")
_AWAY = Trouble("连不上运营商，会自动再发", "不用管；半天还是这样，请管技术的人看看网络")
_CROWDED = Trouble("线路太挤，没送到", "过一会儿再发一次")
_DAILY = Trouble("今天发得太多，运营商不收了", "明天再发一次，或者请管技术的人提高每天的量")
_WRONG = Trouble("号码不对", "请到家里问对号码，再改名册")
_DEAD = Trouble("号码打不通", "请核对号码；能用了就到居民页点“号码又能用了”")
_EMPTY = Trouble("空号", "请到家里问新号码，再改名册")
_LANDLINE = Trouble("座机收不了短信", "下回自动打电话；这回请打电话或上门")
_STOPPED = Trouble("对方已退订", "尊重本人意思，要紧的事请上门告诉")
_OFF = Trouble("手机关机或没信号", "过半天再发一次，还不行就上门")
_REFUSES = Trouble("对方的手机不收我们的短信", "可能被手机或家人拦了，请打电话或上门")
_FILTERED = Trouble("被运营商拦下", "把话改短，去掉网址和带“钱、奖、贷”的字再发；老是这样请找运营商")
_UNSAID = Trouble("没送到，运营商没说原因", _LATER_OR_VISIT)
_LATE = Trouble("过了时限，没再送", "白天再发一次")
_SENDER = Trouble("我们的热线号码还没办好手续", "请管技术的人找运营商，把号码登记好")
_REGION = Trouble("这个地方的号码，运营商不让发", "请管技术的人找运营商开通；先打电话或上门")
_WORDLESS = Trouble("短信没有内容", "把话写上，再发一次")
_LONG = Trouble("短信太长", "把话改短，再发一次")
_DEAR = Trouble("比限定的价钱贵，没发", _TECHNICIAN)
_LOOP = Trouble("两边自动回来回去，停了", "对方多半是自动回复，请打电话")
_UNREADABLE = Trouble("运营商看不懂我们发的", _TECHNICIAN)
_LINE = Trouble("线路接不通", "过一会儿再打，还不行就上门")
_OUR_SIDE = Trouble("电话通了，可是我们这边没接上", f"{_TECHNICIAN}；这些人要再打一次")

_CODES: dict[Trouble, str] = {
    _ACCOUNT: "20003 20008 401 403 BadCredentials",
    _SUSPENDED: "20005 10001 30002 S1004 S1006",
    _MONEY: "S1005",
    _TRIAL: "10002 21608 21219",
    _BUSY: "20429 429 21611 30001 NotNow",
    _AWAY: "NotReached",
    _CROWDED: "30017 30022 30027 30410 S1002",
    _DAILY: "30023 63038",
    _WRONG: "21211 21217 21201 21265 21421 21604 13223 13226 BadNumber",
    _DEAD: "21214 13224 bad",
    _EMPTY: "30005",
    _LANDLINE: "21614 21635 30006",
    _STOPPED: "21610 stopped OptedOut",
    _OFF: "30003",
    _REFUSES: "30004",
    _FILTERED: "30007 30038 30450 30453 13225 S1007",
    _UNSAID: "30008 30009 30500",
    _LATE: "30036 S1001",
    _SENDER: "21210 21212 21213 21601 21603 21606 21659 21660 21661 21701 21703 21704 30018 30024 30032 30033 30034 "
    "30035 30037",
    _REGION: "21215 21216 21408 21612 13227",
    _WORDLESS: "21602 21619",
    _LONG: "21605 21617 30019 30044",
    _DEAR: "30010",
    _LOOP: "30039 14107",
    _UNREADABLE: "20001 20404 20422 21205 21220 21266 21609 30011 35111 35114 35118 400 404 422 OurMistake",
    _LINE: "32005 32009 32011 failed",
    _OUR_SIDE: "11200 11205 11206 11210 11750 12100 12200 12300 13520 13521",
    Trouble("占线", "照“没人接隔多久再打”都打过了，请上门"): "busy",
    Trouble("没人接", "照“没人接隔多久再打”都打过了，请上门"): "no-answer",
    Trouble("是录音电话", "留了短话，打回来就能听全；要紧的事请上门"): "machine",
    Trouble("来电没显示号码，打不回去", "没有办法；等他再打来"): "hidden",
    Trouble("没发：后来改了，另发了一条", "不用管"): "replaced",
    Trouble("取消了", "要发的话，请另发一条"): "canceled",
}
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes.split()}


def trouble(code: str | None) -> Trouble:
    """What a code means and what to do; an unknown one keeps its number so that it can be looked up."""
    if not code:
        return _UNSAID
    return _BY_CODE.get(code, Trouble(f"运营商错误 {code}", "请把这个号告诉管技术的人"))


def words(code: str | None) -> str:
    """Plain Chinese for a code; nothing for none."""
    return trouble(code).words if code else ""
