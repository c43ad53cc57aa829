"""The words that answers in other languages ask people to write, as the Chinese ones the interpreter knows.

Only a command at the head of a message is put into Chinese; what follows it is theirs and stays as it is.
"""

import re

_I = re.IGNORECASE
_TO = r"\b[”\"']?[\s:,.，：]*"
_QUOTED = "[“\"']?"  # as they read it in our answer


def _head(words: str, chinese: str) -> tuple[re.Pattern[str], str]:
    return re.compile(rf"^{_QUOTED}(?:{words}){_TO}", _I), chinese


def _whole(words: str, chinese: str) -> tuple[re.Pattern[str], str]:
    return re.compile(rf"^{_QUOTED}(?:{words})[”\"'\s.!?。！？]*$", _I), chinese


_ANYBODY = (
    _whole(r"(?:language[\s:,]*|speak |in )?english(?: please)?", "英文"),
    _whole(r"(?:language[\s:,]*|speak |in )?(?:chinese|mandarin)(?: please)?", "中文"),
    _whole(r"(?:language[\s:,]*|speak |in )?korean(?: please)?", "韩文"),
)
_OF = {
    "en": (
        _whole("(?:there(?:'s| is) a )?fire|help me|emergency|(?:call|i need|we need)?(?: an?| the)? ?(?:ambulance|police|doctor)", "救命"),
        _whole(r"(?:i )?withdraw(?: my objection(?: to)?)?[\s:,]*(?:matter )?(\d+)", r"撤回\1号反对"),
        _whole(r"(?:i )?withdraw(?: my objection)?", "撤回反对"),
        _whole(r"(?:i )?object(?:ion)?(?: to)?[\s:,]*(?:matter )?(\d+)", r"反对\1号"),
        (re.compile(r"^(?:i )?object(?:ion)?(?: to)?[\s:,]*(?:matter )?(\d+)[\s:,.，：]+", _I), r"反对\1号，"),
        _head("(?:i )?object(?:ion)?", "反对 "),
        _head("comment|opinion", "意见 "),
        _head("propos(?:e|al)", "提议 "),
        _head("register", "注册 "),
        _head("supervision(?: committee)?", "监督委员会："),
        _whole("(?:see |show )?my (?:data|information|info)", "我的信息"),
        _whole("(?:delete|remove) my (?:data|information|info)", "删除我的信息"),
        _whole("list|what is open|what'?s open", "有啥事"),
        _whole("(?:please )?call me(?: please)?", "给我打电话"),
        _whole("no (?:more )?calls|stop call(?:s|ing)(?: me)?", "别打电话"),
        _whole("practi[cs]e", "练习"),
        _whole("resume", "恢复"),
        _whole(r"receipt[\s:,]*(\d{4,6})", r"回执\1"),
        _whole(r"(?:result|results)[\s:,]*(\d+)", r"\1号结果"),
        _whole(r"status[\s:,]*(\d+)", r"\1号进度"),
        _whole("(?:other |past )?results", "以前的事"),
        _whole("(?:speak )?slow(?:er|ly)?(?: please)?", "说慢点"),
        _whole("(?:speak )?loud(?:er|ly)?(?: please)?", "大声点"),
        _whole("(?:as )?usual", "照平常"),
        _whole("(?:set |my )?(?:pin|code|password)", "密码"),
        _whole("(?:change )?language", "语言"),
        _whole("who am i|who is registered", "我是谁"),
        _whole("more", "更多"),
        _whole("rate|score", "打分"),
        _whole("(?:stop|no(?: more)?) (?:texts|sms|messages)", "停短信"),
        _whole("stop all|stop everything", "都停"),
        _whole("resume texts|texts again", "恢复短信"),
        _whole("resume calls|calls again", "恢复电话"),
        _whole("thank you|thanks|thx", "谢谢"),
    ),
    "ko": (
        _whole("불이야|살려 ?주세요|살려 ?줘요?|구급차|긴급", "救命"),
        _whole(r"철회[\s:,]*(\d+)번?", r"撤回\1号反对"),
        _whole("철회", "撤回反对"),
        _whole(r"반대[\s:,]*(\d+)번?", r"反对\1号"),
        _whole("반대", "反对"),
        (re.compile(r"^반대[\s:,，：]*(\d+)번?[\s:,.，：]+"), r"反对\1号，"),
        (re.compile(r"^반대[\s:,，：]+"), "反对 "),
        (re.compile(r"^의견[\s:,，：]*"), "意见 "),
        (re.compile(r"^제안[\s:,，：]*"), "提议 "),
        (re.compile(r"^등록[\s:,，：]+"), "注册 "),
        _whole("등록", "注册"),
        _whole("내 ?정보", "我的信息"),
        _whole("목록", "有啥事"),
        _whole("전화", "给我打电话"),
        _whole("연습", "练习"),
        _whole("다시|재개", "恢复"),
        _whole(r"결과[\s:,]*(\d+)번?", r"\1号结果"),
        _whole("결과", "以前的事"),
        _whole("천천히", "说慢点"),
        _whole("크게", "大声点"),
        _whole("보통", "照平常"),
        _whole("비밀번호", "密码"),
        _whole("언어", "语言"),
        _whole("더", "更多"),
        _whole("전화 ?그만", "别打电话"),
        _whole("문자 ?그만", "停短信"),
        (re.compile(r"^감독위원회[\s:,，：]*"), "监督委员会："),
        _whole(r"접수번호[\s:,]*(\d{4,6})", r"回执\1"),
    ),
}  # fmt: skip


def in_chinese(words: str, language: str) -> str:
    """``words`` with a command of that language put into Chinese; as they are where there is none."""
    plain = words.strip()
    for pattern, chinese in (*_ANYBODY, *_OF.get(language.split("-")[0], ())):
        if pattern.match(plain):
            return pattern.sub(chinese, plain, count=1).strip()
    return words
