"""Korean and English as the Chinese words the rules know: a clause that is wholly one of these, or left as it is.

Neither can be read by looking for a word in it, as “can't agree” and “찬성하지 않습니다” show, so nothing is: a clause is
one of these sentences from its first word to its last, or it stays foreign, and the rules find no answer in it.
"""

import re
from functools import lru_cache

from gateway.ivr import choices
from gateway.ivr.reading import Said

HEARD = re.compile(r"[A-Za-z]{2}|[\uac00-\ud7af]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
# Korean ends a sentence with its verb, with or without a full stop
_CLAUSES = re.compile(r"([,，。;；!！?？:：…~]+\s*|\.(?!\d)\s*|(?<=니다)\s+|(?<=[해이어세]요)\s+)")
_FULL = (("i'm", "i am"), ("we're", "we are"), ("it's", "it is"), ("that's", "that is"), ("i'll", "i will"), ("we'll", "we will"),
         ("can't", "cannot"), ("won't", "will not"), ("n't", " not"))  # fmt: skip
_TYPED_SO = re.compile(r"\b(?:dont|do'nt|cant|wont|im)\b")
_TYPED = {"dont": "do not", "do'nt": "do not", "cant": "cannot", "wont": "will not", "im": "i am"}


def _table(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), chinese) for pattern, chinese in rows)


# ---- English --------------------------------------------------------------------------------------------
_HI = r"(?:(?:yes|yeah|yep|ok|okay|sure|well|hello|hi|sorry|please|dear sir|dear committee) )*"
_WE = (
    r"(?:(?:i|we) )?(?:(?:am|are|do|also|strongly|totally|fully|completely|absolutely|really|definitely|certainly|wholeheartedly|firmly"
    r"|still|both|all|very much|vote|voting|choose|hereby) )*"
)
_IT = r"(?: (?:with|to|on|for|of))?(?: (?:it|this|that|you|the \w+))?"
_SO = (
    r"(?: (?:completely|fully|totally|strongly|please|thanks|thank you|sir|madam|very much|of course|100%))*"
)
_NUMBER = r"(?:(?:matter|number|item|consultation|no)\.? )?(\d{2,4}):? (?=[a-z])"
_ONE, _TWO, _THREE = r"(?:1|one|first)", r"(?:2|two|second)", r"(?:3|three|third)"


def _pick(which: str) -> str:
    return (
        r"(?:please )?(?:(?:i|we) )?(?:(?:will|want|would like|like|choose|pick|take|select|go|with|vote|for|my (?:answer|choice|vote) is|answer|option|number|mean|meant|the) )+"
        rf"{which}(?: (?:one|option))?{_SO}|(?:the )?{which} (?:one|option|please|thanks|thank you)|no\. ?{which}|{which}"
    )


_TEXTS = r"(?:texts?|texting|messages?|messaging|sms|text messages?)"
_ENGLISH = _table(
    (f"{_HI}{_WE}(?:agree|agreed|support|approve|in favou?r|for)(?<!choose for){_IT}{_SO}", "同意"),
    (rf"{_HI}(?:(?:i|we) )?(?:vote|say|am voting) (?:yes|in favou?r){_SO}", "同意"),
    (rf"{_HI}{_WE}(?:disagree|not (?:strongly |really )?(?:agree|support|approve)|not (?:in favou?r|for)){_IT}{_SO}", "不同意"),
    (rf"(?:no )?(?:(?:i|we) )?(?:vote|say|am voting) no{_SO}", "不同意"),
    (rf"{_WE}not object{_IT}{_SO}|(?:{_HI}|no )(?:(?:i|we) )?(?:have )?(?:no objections?|nothing against){_IT}{_SO}", "没意见"),
    (rf"{_HI}{_WE}(?:oppose|opposed|object|against){_IT}{_SO}", "反对"),
    (rf"{_HI}(?:(?:i|we) )?(?:will )?(?:abstain|am abstaining){_SO}|abstention", "弃权"),
    (rf"{_HI}(?:(?:i|we) )?(?:am |are )?(?:(?:still )?not (?:yet )?(?:sure|decided)|(?:still )?undecided|(?:do|have) not (?:know|decided|made up my mind))(?: yet)?", "没想好"),
    (_pick(_ONE), "1"), (_pick(_TWO), "2"), (_pick(_THREE), "3"),
    (rf"(?:please )?(?:stop|no more|do not|cease|quit)(?: (?:send|sending))?(?: me)?(?: any)?(?: more)?(?: these)? {_TEXTS}(?: to)?(?: me)?(?: again| any ?more| please| thanks)*", "别发短信"),
    (r"(?:please )?(?:stop|no more|do not)(?: (?:call|calls|calling|phoning|phone|ringing|ring))(?: me)?(?: again| any ?more| please| thanks)*", "别打电话"),
    (rf"(?:please )?(?:start|resume|continue|keep)(?: sending)?(?: me)?(?: the)? {_TEXTS}(?: again)?(?: please)?", "恢复短信"),
    (r"(?:please )?(?:i )?(?:want to |wish to |would like to )?(?:withdraw|take back)(?: my)? objection|i withdraw(?: it)?", "撤回反对"),
    (r"(?:i am )?(?:sorry )?(?:i )?(?:it was |that was |pressed )?(?:(?:it |the )?wrong|(?:a |my )?mistake)(?: (?:number|key|one|button))?", "按错了"),
    (r"(?:please )?(?:delete|remove|erase) (?:all )?my (?:data|information|info|number)", "删除我的信息"), (r"(?:please )?(?:show(?: me)?|see|send me) my (?:data|information|info)", "我的信息"),
    (r"what did i vote(?: for)?|how did i vote", "我投的啥"),
    (r"(?:what|when) is the deadline|until when|how long (?:is it|is this) open|when does (?:it|this|voting) (?:end|close)", "几号截止"),
    (r"what (?:is|was) the (?:result|outcome)", "结果呢"),
    (r"(?:when|where|what time) is (?:the|this) meeting", "啥时候开会"),
    (r"(?:what|which) (?:matters )?(?:is|are) open", "有啥事"),
    (r"(?:i )?(?:do not understand|do not know how|need help)(?: to| this)?(?: answer| vote| reply)?|how (?:do|can) i (?:vote|answer|reply)", "不会弄"),
    (r"(?:please )?(?:can you |could you )?(?:call|ring|phone) me(?: back)?(?: please)?", "给我打电话"),
)  # fmt: skip
_AT = re.compile(
    r"(?:please )?(?:can you |could you )?(?:call|ring|phone) me(?: back)?(?: (?:tomorrow|today))? (?:at|after|around|from) (\d{1,2})(?:[:.](\d\d))? ?(am|pm)?(?: please)?"
)
_YES = {
    "confirm": r"(?:yes|yeah|yep|correct|right|exactly|(?:that|it) is (?:right|correct)|(?: ))+",
    "rsvp": rf"{_HI}(?:(?:i|we) )?(?:will |can |am |are )*(?:be there|come|coming|attend|attending|go|going|join|joining)(?: to)?(?: (?:the|this) meeting)?{_SO}|yes{_SO}",
    "vote": rf"(?:yes|yeah|yep|sure|ok|okay){_SO}",
}
_NO = {
    "confirm": r"(?:no|nope|wrong|incorrect|mistake|not (?:right|correct)|(?:that|it) is (?:wrong|not right|not correct|incorrect)|(?: ))+",
    "rsvp": rf"(?:no |sorry )*(?:(?:i|we) )?(?:cannot|will not(?: be able to)?|am not|are not|not)(?: (?:be there|come|coming|attend|attending|go|going|join|joining|make it))(?: to)?(?: (?:the|this) meeting)?{_SO}|no{_SO}",
    "vote": rf"(?:no|nope|nah|no way){_SO}",
}
_MARKS = _table(
    (r"(?:(?:i|we) (?:am|are) )?(?:very (?:satisfied|happy|good|pleased)|excellent|perfect|great)", "很满意"),
    (r"(?:(?:i|we) (?:am|are) )?(?:very (?:dissatisfied|unsatisfied|unhappy|bad|poor)|terrible|awful)", "很不满意"),
    (r"(?:(?:i|we) (?:am|are) )?(?:dissatisfied|unsatisfied|unhappy|not (?:good|satisfied|happy)|bad|poor)", "不满意"),
    (r"(?:(?:i|we) (?:am|are) )?(?:satisfied|happy|good)", "满意"),
    (r"average|so so|so-so|neutral|fair", "一般"),
)  # fmt: skip

# ---- Korean, without its blanks, which everybody sets differently -----------------------------------------
_JE = r"(?:안녕하세요|고맙습니다|감사합니다|저는|저도|저희는|저희도|나는|나도|난|전|제가|우리는|우리도|우린|우리집은|그냥|당연히|무조건|물론|물론이죠|적극|매우|강력히|완전|정말|꼭|네|예|응|모두|다)*"
_HADA = r"(?:함|임|요|이요|이에요|예요|이여|이야|야|해|해요|한다|합니다|함니다|할게요|할께요|할래요|하겠습니다|하겠어요|드립니다|입니다|이오|하오|하네요|하는쪽이요|하는쪽입니다|에투표합니다|에한표|에한표요|에한표입니다|투표|쪽이요|쪽입니다|하겠소)?"
_PLEASE = r"(?:주세요|주십시오|줘요?|줄래요|바랍니다|부탁드립니다|부탁합니다|부탁해요|요)?"
_NUMBERED = re.compile(r"(\d{2,4})(?:번|호)(?:의?건|안건)?(?:은|는|에|을|를)?[:,]?(?=.)")
_KOREAN = _table(
    (f"{_JE}(?:(?:찬성|동의)(?:에|을|를|으로|표)?{_HADA}){{1,3}}", "同意"),
    (f"{_JE}(?:절대|절대로|결사)*(?:(?:반대|부동의)(?:에|을|를|로|표)?{_HADA}){{1,3}}", "反对"),
    (rf"[1-9]번?(?:이)?(?:아니고|말고|아니라)([1-9])번?{_HADA}", r"\1"), (f"(?:찬성|동의)(?:이)?(?:아니고|말고|아니라)반대{_HADA}", "反对"), (f"반대(?:가)?(?:아니고|말고|아니라)(?:찬성|동의){_HADA}", "同意"),
    (rf"(?:잘못(?:눌렀|보냈|썼)(?:어요|습니다)|실수(?:예요|에요|입니다|했어요))([1-9])번?{_HADA}", r"按错了，\1"), (r"잘못(?:눌렀|보냈|썼)(?:어요|습니다)|실수(?:예요|에요|입니다|했어요|했습니다)", "按错了"),
    (f"{_JE}(?:절대|절대로)?(?:동의|찬성)(?:는|은|을|를)?(?:안|못)(?:함|해|해요|합니다|한다|하겠습니다|하겠소|할게요|할래요)", "不同意"),
    (f"{_JE}(?:절대|절대로)?(?:동의|찬성)하(?:지|진)(?:않음|않아요?|않는다|않습니다|않겠습니다|못합니다|못해요|못하겠습니다)|{_JE}(?:동의|찬성)할수없(?:음|어요|습니다|다)", "不同意"),
    (rf"{_JE}(?:이의|의견|반대의견|반대|불만)(?:가|이|은|는)?없(?:음|어요?|습니다|다|네요)|{_JE}반대(?:는|는요)?(?:안|하지않)(?:해요?|합니다|아요?|습니다|음)", "没意见"),
    (rf"{_JE}이의(?:가)?(?:있(?:음|어요?|습니다|다)|(?:를)?제기{_HADA})", "有异议"),
    (f"{_JE}기권{_HADA}", "弃权"), (f"{_JE}(?:둘|셋|모두|다)+(?:안(?:됨|돼요?|됩니다)|싫(?:어요?|습니다)|반대{_HADA})", "都不行"),
    (f"{_JE}(?:아직|아직은|잘|아직잘|글쎄|글쎄요)*(?:모르겠(?:음|어요?|습니다|네요|다)|(?:결정)?못정했(?:어요?|습니다)|결정(?:을)?못했(?:어요?|습니다)|생각중{_HADA})", "没想好"),
    (f"{_JE}(?:1|일)번{_HADA}|{_JE}(?:1|일)번(?:을|를|으로)(?:선택)?(?:해주세요|{_HADA})|첫번?째(?:것|거)?{_HADA}", "1"),
    (f"{_JE}2번{_HADA}|이번(?:이요|입니다)|{_JE}2번(?:을|를|으로)(?:선택)?(?:해주세요|{_HADA})|두번째(?:것|거)?{_HADA}", "2"),
    (f"{_JE}(?:3|삼)번{_HADA}|{_JE}(?:3|삼)번(?:을|를|으로)(?:선택)?(?:해주세요|{_HADA})|세번째(?:것|거)?{_HADA}", "3"),
    (f"수신거부{_HADA}|(?:문자|메시지)?(?:를|는|좀)?(?:이제|제발|더|더는|더이상)*(?:그만(?:보내|하)(?:세요|십시오|라|요|주세요|줘요?)?|(?:보내|하)지(?:마|말아)(?:요|세요|십시오|라|주세요)?|안보내(?:도됩니다|도돼요|주셔도됩니다))", "别发短信"),
    (r"(?:문자|메시지)(?:를|는|좀)?그만", "别发短信"), (r"(?:문자|전화)(?:하고|와|랑|도)(?:문자|전화)(?:도|를|는)?(?:다|모두|전부)?그만(?:하세요|해요|주세요|보내세요|두세요)?", "短信电话都别来了"),
    (r"전화(?:를|는|좀)?(?:이제|제발|더|더는|더이상)*(?:그만(?:하세요|걸어요|해요|주세요)?|(?:하|걸)지(?:마|말아)(?:요|세요|십시오|라|주세요)?)", "别打电话"),
    (r"(?:문자|메시지)?(?:를)?다시(?:보내|받)(?:주세요|줘요?|세요|고싶어요|고싶습니다|을게요|겠습니다)", "恢复短信"),
    (rf"(?:저|나|여기)?(?:한테|에게|로)?(?:다시)?전화(?:를|좀|한번)*(?:다시)?(?:해|걸어|주|줘|부탁){_PLEASE}", "给我打电话"),
    (rf".{{0,10}}(?:사람|담당자|직원)(?:을|를|과|이랑|하고|좀)*(?:바꿔|연결해|연결|불러|통화하게해){_PLEASE}", "给我打电话"),
    (rf"(?:중국말|중국어|한어|중문)(?:로|으로)(?:보내|해|말해|써|바꿔|바꾸어){_PLEASE}", "说汉语"),
    (rf"(?:조선말|조선어|한국말|한국어|우리말|한글)(?:로|으로)(?:보내|해|말해|써|바꿔|바꾸어){_PLEASE}", "说朝鲜语"),
    (r"(?:제|내)?반대(?:의견)?(?:를|는|을)?(?:철회|취소)(?:합니다|해요|할게요|하겠습니다|함)?", "撤回反对"),
    (r"(?:무슨|뭔)(?:말|뜻|소리)(?:인지|이에요|입니까|인가요)?(?:모르겠(?:어요|습니다|네요))?|(?:어떻게|어찌)(?:하|해|투표하|보내|답하)(?:나요|요|죠|는거예요|면되나요|면됩니까|면돼요|는지모르겠어요)|할줄(?:을)?몰라요?", "不会弄"),
    (r"(?:내|제|나|저)?(?:가)?(?:뭐|무엇)(?:을|를)?(?:선택했|투표했|찍었|눌렀)(?:나요|죠|지요|습니까|어요)", "我投的啥"),
)  # fmt: skip
_AT_KO = re.compile(
    rf"(?:내일|오늘)?(아침|오전|점심|오후|저녁|밤)?(\d{{1,2}})시(반)?(?:에|쯤|이후|이후에|넘어서)?(?:다시)?전화(?:를|좀)?(?:해|걸어|주|줘|부탁){_PLEASE}"
)
_DAY_KO = {"아침": "早上", "오전": "上午", "점심": "中午", "오후": "下午", "저녁": "晚上", "밤": "晚上"}
_YES_KO = re.compile(
    r"(?:네|예|응|넵|맞아요?|맞습니다|맞음|그렇습니다|그래요?|옳습니다|옳아요|확인(?:했습니다|했어요|함|합니다)?)+"
)
_NO_KO = re.compile(
    r"(?:아니|아니요|아뇨|아니오|아니에요|아니예요|아닙니다|아님|틀렸(?:어요?|습니다|음)|틀려요|틀립니다|잘못(?:됐|되었|눌렀|썼|보냈)(?:어요?|습니다|음))+"
)
_MARKS_KO = _table(
    (r"([1-5])점(?:요|이요|입니다|이에요|드립니다|줄게요|주겠습니다|드릴게요)?", r"\1分"),
    (rf"(?:아주|매우|정말|너무|대단히|대)만족{_HADA}", "很满意"), (rf"(?:아주|매우|정말|너무|대단히)(?:불만|불만족){_HADA}", "很不满意"),
    (rf"(?:불만|불만족){_HADA}|만족하지(?:않습니다|않아요|못합니다)", "不满意"), (rf"만족{_HADA}|좋아요|좋습니다", "满意"), (rf"보통{_HADA}|그저그래요|그저그렇습니다", "一般"),
)  # fmt: skip


def in_chinese(m: Said) -> str:
    """The text with every clause that is a whole sentence of ours put into Chinese. What was asked last says what a mere
    yes or no answers; a label of the resident's own language stays as it is."""
    if m.other_labels and choices.whole(m.text, {}, m.other_labels):
        return m.text
    kind = m.pending.get("kind")
    parts = _CLAUSES.split(m.text)
    for at in range(0, len(parts), 2):
        clause = parts[at].strip()
        if len(clause) <= 80 and HEARD.search(clause):
            chinese = _clause(clause, kind if isinstance(kind, str) else None)
            if chinese != clause:
                parts[at] = chinese
                parts[at + 1 : at + 2] = [re.sub(r"^\.\s*", "。", one) for one in parts[at + 1 : at + 2]]
    return "".join(parts)


@lru_cache(maxsize=4096)
def _clause(clause: str, kind: str | None) -> str:
    said = (_korean if _HANGUL.search(clause) else _english)(clause, kind)
    return clause if said is None else said


def _first(table: tuple[tuple[re.Pattern[str], str], ...], plain: str) -> str | None:
    for pattern, chinese in table:
        if (match := pattern.fullmatch(plain)) is not None:
            return match.expand(chinese)
    return None


def _english(clause: str, kind: str | None) -> str | None:
    plain = re.sub(r"\s+", " ", clause.casefold().replace("’", "'")).strip("\"'“” ")
    for short, long in _FULL:
        plain = plain.replace(short, long)
    plain = _TYPED_SO.sub(lambda m: _TYPED[m[0]], plain)
    if kind in _YES and re.fullmatch(_YES[kind], plain):
        return {"confirm": "对", "rsvp": "去", "vote": "可以"}[kind]
    if kind in _NO and re.fullmatch(_NO[kind], plain):
        return {"confirm": "不对", "rsvp": "不去", "vote": "不行"}[kind]
    if kind == "rating" and (mark := _first(_MARKS, plain)):
        return mark
    if at := _AT.fullmatch(plain):
        minutes = f"{at[2]}分" if at[2] else ""
        return f"{ {'am': '早上', 'pm': '晚上'}.get(at[3], '') }{at[1]}点{minutes}给我打电话"
    if why := re.fullmatch(r"(.+?) (?:because|since|as) (.{3,})", plain):
        # the reason is read like any other words beside an answer
        stated = _english(why[1], kind)
        return f"{stated}，{why[2]}" if stated and re.search("同意$|反对$|弃权$", stated) else None
    number = re.match(_NUMBER, plain)
    found = _first(_ENGLISH, plain[number.end() :] if number else plain)
    return found if not number or found is None else f"{number[1]}号{found}"


def _korean(clause: str, kind: str | None) -> str | None:
    plain = re.sub(r"[\s\"'“”]+", "", clause)
    if kind in ("confirm", "rsvp") and _YES_KO.fullmatch(plain):
        return "对" if kind == "confirm" else "去"
    if kind in ("confirm", "rsvp") and _NO_KO.fullmatch(plain):
        return "不对" if kind == "confirm" else "不去"
    if kind == "vote" and (_YES_KO.fullmatch(plain) or _NO_KO.fullmatch(plain)):
        return "可以" if _YES_KO.fullmatch(plain) else "不行"
    if kind == "rating" and (mark := _first(_MARKS_KO, plain)):
        return mark
    if at := _AT_KO.fullmatch(plain):
        return f"{_DAY_KO.get(at[1], '')}{at[2]}点{'半' if at[3] else ''}给我打电话"
    number = _NUMBERED.match(plain)
    if number and re.fullmatch("[1-9]번?", plain[number.end() :]):
        return f"{number[1]}号{plain[number.end()]}"
    found = _first(_KOREAN, plain[number.end() :] if number else plain)
    return found if not number or found is None else f"{number[1]}号{found}"
