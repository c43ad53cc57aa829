"""Somebody needs help now. Never missed; a past or feared one isn't an emergency."""

import re

_CALLS = re.compile(
    r"快来|快(?:点|些)?(?:来|救|过来)|赶(?:紧|快)(?:来|救)|马上来|救救|来人啊|快救|救人|快叫|快打|快报"
)
_NOW = re.compile(r"现在|正在|这会儿|刚才|刚刚|眼下|又(?=着|起|失|落|晕|昏|掉|触|塌)")
_HAPPENS = re.compile(
    "着火(?!点)|^火灾[啊了!！。]*$|^救人[啊了!！。]*$|起火|失火|冒(?:大|黑|浓)烟|爆炸了|救命(?!钱|稻草|恩|路|药|线|的|车)|煤气中毒|食物中毒|(?<!手机)(?<!电脑)中毒了|中煤烟|(?:煤气|燃气|液化气)(?:漏|泄)|漏(?:煤气|燃气|电了)"
    "|心脏病(?:犯|发)|心梗|脑出血|(?:晕|昏)(?:倒|过去|迷)|流血不止|大出血|(?<!得)(?<!要)吐血|抽(?:搐|过去)|没呼吸|(?:人|妈|爸|爹|娘|老头|老太太|老伴|孩子)(?:快)?没气|喘不(?:上|过)气|不省人事|中风了|要生了|羊水破"
    "|落水|溺水|掉(?:进|到|下)?(?:井|河|沟|坑|江|水|冰窟窿)(?:里|了|去)|触电|电着人|快来人|出人命|喝(?:农)?药了|上吊|跳(?:楼|河(?!边|套)|井)|自杀|割腕|寻短见|不想活了|蛇咬了?"
    "|(?:砸|压|埋)(?:着|住|到|了)?(?:个)?人(?!饭碗|家|心|头|均|一头)|撞(?:着|到|了|死|伤)(?:个)?人|撞人了|(?:出|发生)车祸了|被(?:车|摩托)撞|有人(?:打架|砍人|行凶|持刀|动刀|捅)|抢劫|持刀"
    "|叫救护车|进(?:了)?(?:贼|小偷)|摔(?:倒|伤|了).{0,6}(?:起不来|动不了)|^地震了|(?:水|洪水)淹(?:进|到|了).{0,3}(?:屋|家|房)|房子?(?:要)?塌|塌方了|决堤|发大水了|山洪来"
    "|(?:孩子|老人|老头|老太太|我妈|我爸)(?:走)?丢了|(?:快|赶紧|赶快|马上|帮我?忙?)(?:打|拨|叫|报)(?:个)?(?:110|119|120|警|救护车)"
)
_PAST = re.compile(
    r"(?:去年|前年|那年|以前|上回|上次|从前|过去(?:那|常|老|也)|曾经|早年|那时|\d年前|几年前|前些年|上个月|那次)(?!那|的那|说的|去的|着火的)"
)
# what stands just before the word in the same clause and makes it a fear, a warning or a habit
_FEARED = re.compile(
    "(?:万一|要是|如果|假如|怕(?!死)|担心|以防|防止|预防|谨防|严防|避免|容易|免得|省得|会不会|可能会|再不(?!来|救|送|打)|迟早|早晚|老是|总是|经常|常常|每年|天天|好几[次回个]"
    "|不许|禁止|严禁|小心|差点|险些|谁说).{0,8}$|(?:别|不要)(?!人|家|的|村|处).{0,3}$|(?:会|老|没|没有|防|别再)$"
)
_CLAUSE = re.compile(r"[，,。.；;!！?？~～\s]+")
_NUMBERS = re.compile(r"(?:(?:快|赶紧)?(?:打|拨|叫|报)?(?:110|119|120|报警))[!！。.]*")


def emergency(text: str, known: set[int]) -> bool:
    """Whether this is an emergency happening now. ``known``: numbers of matters, which 119 or 120 might be."""
    if _NUMBERS.fullmatch(text):
        return not (text.isdigit() and int(text) in known)
    if not _HAPPENS.search(text):
        return False
    if _CALLS.search(text):
        return True
    for clause in _CLAUSE.split(text):
        for word in _HAPPENS.finditer(clause):
            before = clause[: word.start()]
            past = _PAST.search(clause) and not _NOW.search(clause)
            if not past and not _FEARED.search(before):
                return True
    return False
