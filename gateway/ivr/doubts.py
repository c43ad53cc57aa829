"""What keeps a sentence from being an answer: a condition, a question, irony, a retraction, somebody else's word.

A vote that should have been counted costs one short question back; a vote nobody cast costs trust. So these
lists may be generous: what they catch becomes words, or a question.
"""

import re

STANCE = r"(?:不?(?:同意|赞成|赞同|支持)|反对|弃权|选|投)"
_OTHER_PEOPLE = r"(?:他们?|她们?|人家|别人|有的人?|有些人?|大部分|多数|少数|大家|大伙|全村|村里|村民|领导|干部|书记|别的?村|别家|邻居|谁)"

_UNCERTAIN = re.compile(
    "|".join(
        (
            # conditions
            "要是|如果|假如|假使|倘若|除非|只要|(?<!别)的话|前提|有条件|万一|不然|否则",
            rf"才(?:能|会|肯|可以|可)?(?:{STANCE}|行|给)|(?:我|俺|就)?就(?:会|能|不)?{STANCE}",
            # questions
            r"[?？]|吗|(?<!没)(?<!没有)(?:啥|什么)意思|能不能|会不会|是不是|该不该|行不行?$|行不行|中不中|好不好|可不可以|同不同意|要不要|有没有|难道|怎么(?:可能|能|会)|咋(?:可能|能|会)",
            rf"凭(?:啥|什么)(?:要|让我|叫我)?{STANCE}",
            # double and reported negation
            r"不是(?:不|说)|并(?:非|不是)|没说|谁说|不(?:等于|代表(?!我|俺|大家|全家))|不(?:能|可能|会|得)不|没(?:有)?不|别以为|以为我",
            # hearsay, and what others think
            rf"听说|据说|(?:让|叫|逼|劝|求|要|等|骗)(?:我|俺){STANCE}|{_OTHER_PEOPLE}[^，,。；;!！ 我俺]{{0,3}}{STANCE}",
            # half-sure
            "可能|也许|大概|兴许|或许|好像|差不多|没准|说不定|不一定|未必|不好说|说不好|犹豫|纠结|一会儿|暂时|暂且|勉强|一部分|原则上?|一半|多半",
            rf"应该(?:会|能|可以|是)?(?:{STANCE}|行$|没问题)|想{STANCE}|又(?:怕|想|不想|担心)|^(?:我)?应该$",
            r"(.{2,4})是\1|看情况|再说|再议|再看|再想|先别|考虑(?!到)|还没(?:决定|定)|等等看|同意也|不同意也",
            "听(?:村里|大家|大伙|领导|你们|他们)的|随大流|随便|都行|都可以|都一样|无所谓|你们?(?:看着|定)|也没(?:办法|用|招)|没办法|有(?:啥|什么)用|也没(?:啥)?用|没啥用",
            "但(?!愿)|可是|不过|只是|除了|既.*又",
            # Korean: not, if, but, whether
            r"[\uac00-\ud7af].{0,8}(?:안(?!녕)|못)(?=\s|$|[.!])|(?:^|\s)(?:안(?!녕)|못)\s?[\uac00-\ud7af]|않|말고|싫|모르|아니|(?:으|하|다|라|되|나)면(?=\s|[,.]|$)|(?:지만|는데|나요|까요?|인가요|든)(?=\s|[,.?]|$)|글쎄|[라다냐자]고(?=\s|했|하|말|그|$)|[대래](?:요|던데요?)?(?=[.!?。]|$)",
            # English: if, but, maybe, not; behind a plain no (put into Chinese, foreign.py), “not” is its reason
            r"(?i:\b(?:if|unless|but|maybe|perhaps|might|could|would|depends?|depending|provided|except|until|whether|once|however|although|only|joking|kidding)\b)",
            r"^(?!(?:\d{2,4}号)?(?:不同意|反对)[,，.。;；!！]).*(?i:\b(?:not|never|nobody|nothing|cannot)\b|n['’]t\b)",
            rf"(?:本来|原来|之前|以前|原先|起初|开始|上次|上回|去年)(?:我|俺)?(?:是|都|也)?{STANCE}",
        )
    )
)
# a number in front of these counts things
MEASURE = re.compile(
    r"^(?:个|口|户|亩|天(?!天)|年(?!年|纪|轻|岁|龄|底|初)|月|日|块|元|毛|百|千|万|楼|单元|号|点|米|公里|里(?!面)|次|家(?!里|庭|中|长)|位|岁|斤|人(?!家|们)|间|台|辆|棵|条(?!件)|周|星期|分|组|队|层|栋|期|遍|趟|顿|平|度)"
)
# irony, and what takes an answer back
TAKEN_BACK = re.compile(
    "个屁|个鬼|个头|个毛|个球|你妹|才怪|就怪|想得美|想的美|美得你|做梦|没门|门儿?都没|休想|骗你|逗你|逗着?玩|玩笑|说笑|闹着玩|呵呵|你猜|反话|糊弄|鬼才|谁信|当我傻|随口|瞎说|说着玩|假的"
    "|撤回|撤销|收回|作废|不算数?$|不算数|不作数|反悔|后悔|当我没说|没发过|别当真|别算|不投了|不选了|取消|手滑|误(?:发|按|触)|(?:乱|瞎)(?:按|发|点)|孩子(?:按|发|点|玩)|不是我(?:发|回|选|投|按)"
)
SCORN = re.compile("[👎🙄🤮😏🙃😒💩🤡❌🖕]")
# “就是…”, “…就行” beside an answer: what is asked for in return
_IN_RETURN = re.compile(
    "(?:就行|就好|就可以|就成|就中|才行|才好|才可以|为准)(?:了|吧|啊)?$"
    "|给(?:点)?(?:钱|补|我|俺|现金|好处)|补(?:偿|贴|助|钱|差)|赔|先(?!生)|等(?!了|好几|很久|太久)|不(?:收|出|交|摊|掏|花|拿|占|砍|拆)|别(?:收|让|占|砍|拆|动|叫)"
    "|免(?:费|交|收)|白(?:干|修|送)|得(?:给|免|补|退|少|便宜)|便宜(?:点|些)|少(?:收|出|交|拿|要)|退(?:钱|款)|保证|答应"
)
_DEMANDED = re.compile("公开|必须|一定要|解决|查清|合理|[说讲](?:好|清|明)|弄清|减|降|便宜")
_ASKED_FIRST = re.compile(
    rf"{_DEMANDED.pattern}|(?:^|[^不])得(?![了劲]|很)|(?:^|[^不还想])要(?!想富)|把|能(?!够)|弄好|少|点$|一(?:些|点)"
)
_NOT_GIVEN = re.compile(r"不(?:给|赔|补|公开|解决|先|说清|讲清|减|降|免|查|退|改|把|让)")
_UNWILLING = re.compile(
    "^(?:我|俺)?[不没别莫](?:是)?$|不(?:愿意?|想(?!再)|划算|值|需要|干了?$|行$|中$|成$|同意|赞成|支持)|没(?:必要|意思)|反对|白搭"
)
_AGAINST = re.compile("不(?:行|中|成|合理|公平|公道|靠谱)|浪费|太(?:贵|亏|坑|黑)|钱[^，]{0,3}多|受罪|瞎搞")
_ASKING = re.compile(r"谁(?!都)|咋|怎么|啥时|(?:什么|几)(?:时候|号|点)|多少|为(?:啥|什么)")
_IN_FAVOUR = re.compile(
    r"^(?:是|这是)?(?:大)?好事|支持|赞(?:成|同)|(?<!不)同意|没(?:有|啥)?意见|可以$|(?:早|应)该(?:修|装|办|建|弄)"
)
POSITIVE = frozenset({"同意", "赞成", "支持", "参加"})
NEGATIVE = frozenset({"不同意", "不赞成", "反对", "不参加", "不支持"})

_RELATIVE = (
    r"(?:妈|爸|爹|娘|父亲?|母亲?|老伴儿?|老公|老婆|媳妇|丈夫|妻子|爱人|对象|儿子|女儿|闺女|孩子|孙子|孙女|邻居|兄弟|哥哥?|弟弟?|姐姐?|妹妹?|爷爷?|奶奶?|婆婆|公公|家老头|老头子?|老太太|老爷子"
    r"|家?那口子|当家的|亲家|叔|舅|姑|姨|婶|嫂子?|伯|家里人|家人)"
)
_ANSWERS = r"(?:也|都|说|讲|选|投|要(?!是)|回|让|叫|觉得|的意思|是?同意|是?赞成|支持|反对|弃权|不(?:同意|赞成|支持|行|干|让)|没意见|[:： ]*[1-9](?!\d|个|口|岁|年|月|天|亩))"
OTHERS = re.compile(
    rf"(?:替|帮|代(?!表(?:我|俺|咱|全家|[一1]家))|给)(?:我|俺|咱|他|她|你)?的?(?:{_RELATIVE}|[\u4e00-\u9fff]{{2,3}}?)?(?:选|投|回|表态|同意|答|按|填)"
    rf"|(?:替|代)(?:我|俺|咱)?(?:{_RELATIVE}|他|她)"
    rf"|(?:我|俺|咱|他|她|你)(?:家)?的?{_RELATIVE}{_ANSWERS}|^(?:老伴儿?|老公|老婆|媳妇|儿子|闺女|邻居|当家的){_ANSWERS}"
    rf"|[，,。 ](?:老伴儿?|老公|老婆|媳妇|儿子|闺女|邻居|老[张王李赵刘陈]|他|她){_ANSWERS}"
    r"|(?:邻居|隔壁|老[张王李赵刘陈])(?:家)?(?:也|说|选|投|同意|不同意)"
)
# a slip of the finger or the tongue, in the words of the north as well: “整岔劈了” (to have mixed it up)
SLIPPED = r"(?:错|反|混|岔劈?|劈叉|颠倒)"
CORRECTION = re.compile(
    rf"(?:弄|搞|整|说|打|按|选|写|发|记|念|看){SLIPPED}(?:了|啦|咯)|"
    r"不对(?!劲|称|着)|发错了?|选错了?|错了|按错了?|打错了?|点错了?|说错了?|写错了?|改成|改为|改选|我改|更正|应该是|重选|重新选|改(?=[1-9一二三同不弃])|(?:哦|啊|哎|噢|呃|嗯|诶)不(?!错|赖)|(?<![\u4e00-\u9fff])不(?:不|是不)+(?:是)?(?![好行中同赞])|(?:等等|等一?下|慢着|且慢)[，,。 ]*(?=(?:我|俺)?(?:还是|选|改|应|是)?[1-9一二三])|口误|(?<=[1-9一二三意成对权])[，, ]*不[，, ]+|不是.{0,4}是|换成|作废|现在(?=改|选)|不(?:选|要|投)[1-9一二三]了?[，, ]*(?=(?:选|要|投|是)[1-9一二三])"
)


# a blank that parts two things said; between the words of Korean and English it only parts words: “I might agree”, “one
# of 2 options”
_WORD = r"A-Za-z'’\uac00-\ud7af"
BLANK = rf"(?:(?<![{_WORD}])\s+(?![{_WORD}])|(?<=[{_WORD}])\s+(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])\s+(?=[{_WORD}]))"


def solid(text: str) -> str:
    """Without the blanks that speech-to-text puts between characters: “不 太 同意” says what 不太同意 says."""
    return re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", text)


def uncertain(text: str) -> bool:
    """Whether anything in the text makes it less than a plain statement of the sender's own."""
    return bool(
        SCORN.search(text)
        or TAKEN_BACK.search(solid(text))
        or _UNCERTAIN.search(text)
        or _UNCERTAIN.search(solid(text))
    )


# “没得说，同意”: as good as silence
_NOTHING_MORE = re.compile("(?:我|俺)?[没莫冇木](?:得|有|啥|什么|别的|旁的|的)*(?:说的?|意见|二话|话|问题)")


def spoils(words: str, label: str, first: bool, story: bool = False) -> bool:
    """Whether words beside an answer of this label turn it into a bargain or its opposite.

    ``first``: they were said before the answer, where a demand reads as “in that case”. ``story``: and the answer sums
    them up, so that a “把” or “能” among them demands nothing.
    """
    words = _NOTHING_MORE.sub("", words.strip("。.!！~～,， "))
    if re.match(r"^要想富", words) or label in ("参加", "不参加", "没想好", "再想想"):
        return False  # the proverb, “要想富，先修路”; and coming to a meeting, or not knowing yet, isn't a bargain
    if label in NEGATIVE:
        if first and _NOT_GIVEN.search(words):
            return True
        return bool(_IN_FAVOUR.search(words)) or bool(re.search("(?:就行|就好|就可以|才行)", words))
    asked = (_DEMANDED if story else _ASKED_FIRST).search(words) if first else None
    if asked or _IN_RETURN.search(words):
        return True
    if label not in POSITIVE:
        return False
    if _UNWILLING.search(words):
        return True
    # before a yes, what is bad is the reason for it: “路太烂，同意”
    return not first and bool(_AGAINST.search(words) or _ASKING.search(words))
