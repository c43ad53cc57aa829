"""What stands close to a rule of the interpreter and must not fall under it, beside what must."""

from typing import Any

import pytest

from gateway.ivr.interpret import interpret

ONE = {"registered": True, "handset_persons": ["孙长河"]}
LABELS = {"1": "同意", "2": "不同意", "3": "没想好"}
VOTE = {**ONE, "pending": {"kind": "vote", "consultation": 11, "options": LABELS}, "open_votes": [11]}
TWO_VOTES = {**VOTE, "open_votes": [11, 15]}
RATING = {**ONE, "pending": {"kind": "rating", "consultation": 11}}
READ_BACK = {
    **ONE,
    "pending": {"kind": "confirm", "consultation": 11, "options": {"1": "对", "2": "不对"}},
    "open_votes": [11],
}
PUBLIC = {**ONE, "pending": {"kind": "publicity", "consultation": 16}, "in_publicity": [16]}
OBJECTED_TWICE = {**ONE, "in_publicity": [11, 15], "own_objection": [11, 15]}
KOREAN_LINES = {
    **ONE,
    "pending": {
        "kind": "vote",
        "consultation": 15,
        "options": {"1": "东线", "2": "西线", "3": "都不行"},
        "labels_ko": {"1": "동쪽 노선", "2": "서쪽 노선", "3": "둘 다 반대"},
    },
    "open_votes": [15],
}
STRANGER: dict[str, Any] = {"registered": False, "handset_persons": []}


@pytest.mark.parametrize(
    ("words", "around", "intent", "fields"),
    [
        # said twice is said once; a number twice is another number
        ("选二选二", VOTE, "vote", {"option": "2"}),
        ("选1选2", VOTE, "clarify", {}),
        ("选11选11", VOTE, "clarify", {}),
        # English and Korean are read as whole sentences: what is not one of them holds no answer, whatever word is in it
        ("If they pay for it, 1", VOTE, "opinion", {}),
        ("I do not choose 1", VOTE, "opinion", {}),
        ("maybe 1", VOTE, "opinion", {}),
        ("1, but not now", VOTE, "opinion", {}),
        ("my neighbour pressed 1", VOTE, "clarify", {}),
        ("I don't agree", VOTE, "vote", {"option": "2"}),
        ("I don't agree because it blocks the light", VOTE, "vote", {"option": "2"}),
        ("I agree because the road is bad", VOTE, "vote", {"option": "1"}),
        ("I agree because they might pay", VOTE, "opinion", {}),
        ("They agree because the road is bad", VOTE, "clarify", {}),
        ("찬성합니다 라고 말했어요", VOTE, "opinion", {}),
        ("찬성합니다 빨리 고쳐 주세요", VOTE, "vote", {"option": "1"}),
        ("찬성하지 않습니다", VOTE, "vote", {"option": "2"}),
        ("돈을 안 내면 찬성합니다", VOTE, "opinion", {}),
        # several open, none asked: words beside the answer lose nothing of it
        ("同意，早该修了", {**ONE, "open_votes": [11, 15]}, "clarify", {"reason": "which_consultation"}),
        ("11号同意；15号意见：太贵", TWO_VOTES, "multi", {}),
        ("《同意》", VOTE, "vote", {"option": "1"}),
        ("OK，1", VOTE, "vote", {"option": "1"}),
        ("《同意书》", VOTE, "clarify", {}),
        # a Korean label is known by its first word, if no other begins with it
        ("동쪽이요", KOREAN_LINES, "vote", {"option": "1"}),
        ("서쪽으로 해 주세요", KOREAN_LINES, "vote", {"option": "2"}),
        ("반대", KOREAN_LINES, "clarify", {}),
        ("동쪽은 안 돼요", KOREAN_LINES, "opinion", {}),
        # ways to say no; “别同意” tells somebody else what to do
        (
            "先甭动",
            {
                **VOTE,
                "pending": {"kind": "vote", "consultation": 11, "options": {"1": "打井", "2": "先不动"}},
            },
            "vote",
            {"option": "2"},
        ),
        (
            "动",
            {
                **VOTE,
                "pending": {"kind": "vote", "consultation": 11, "options": {"1": "打井", "2": "先不动"}},
            },
            "clarify",
            {},
        ),
        ("别同意", VOTE, "clarify", {}),
        ("最后一个", VOTE, "vote", {"option": "3"}),
        # over: a mark and a comment are no late vote
        ("17号打1分，原因是没修好", {**VOTE, "closed": [17]}, "rate", {"consultation": 17, "score": 1}),
        ("要是修好了17号打5分", {**VOTE, "closed": [17]}, "opinion", {}),
        ("17号1", {**VOTE, "closed": [17]}, "clarify", {"reason": "closed"}),
        # slips, as the north says it
        ("1，整错了，2", VOTE, "vote", {"option": "2"}),
        ("15号1，整岔劈了，是11号1", TWO_VOTES, "clarify", {"reason": "which_consultation"}),
        ("要是整岔了就算同意", VOTE, "clarify", {}),
        # a story and its sum; a demand before it stays a bargain
        ("那年把我急的，说一千道一万，我选1", VOTE, "vote", {"option": "1"}),
        ("路灯必须装，一句话，我同意", VOTE, "clarify", {}),
        ("先把老账清了，总之我选1", VOTE, "opinion", {}),
        ("要是免钱，说一千道一万我选1", VOTE, "opinion", {}),
        # later, and heard
        ("一会儿回你", VOTE, "clarify", {}),
        ("在忙，晚上再说", VOTE, "clarify", {}),
        ("等我老伴回来再说", VOTE, "clarify", {}),
        ("等会儿选1", VOTE, "clarify", {}),
        ("一会儿给我打电话", VOTE, "callback", {"when": "一会儿"}),
        ("收到，不用再回了", VOTE, "clarify", {}),
        ("收到，不用再回了", ONE, "confirm", {}),
        ("不用再回了", READ_BACK, "clarify", {}),
        # what they answered before
        ("我刚才选的是1吧", VOTE, "query", {"what": "my_vote"}),
        ("我上次是不是选的2", VOTE, "query", {"what": "my_vote"}),
        ("我不是选1，我选2", VOTE, "clarify", {}),
        ("刚才选错了，选2", VOTE, "vote", {"option": "2"}),
        ("我选1吧", VOTE, "vote", {"option": "1"}),
        # marks
        ("很不满意！干活净糊弄", RATING, "rate", {"score": 1}),
        ("很满意！糊弄鬼呢", RATING, "opinion", {}),
        ("不满意，骗你的", RATING, "opinion", {}),
        ("1，按错了", RATING, "clarify", {}),
        ("1 错了", RATING, "clarify", {}),
        ("1 很满意", RATING, "clarify", {"reason": "conflict"}),
        ("3 就是边沟两处没修通", RATING, "rate", {"score": 3}),
        ("3 天没人来", RATING, "clarify", {}),
        ("3 要是补修给5", RATING, "opinion", {}),
        ("2 同意", RATING, "clarify", {}),
        ("2 赵玉芬", RATING, "clarify", {}),
        ("bmy", RATING, "rate", {"score": 2}),
        ("5，太差了", RATING, "clarify", {"reason": "conflict"}),
        ("1！糊弄人", RATING, "rate", {"score": 1}),
        ("一般般吧，路灯还没修", RATING, "rate", {"score": 3}),
        ("给3，边沟没通", RATING, "rate", {"score": 3}),
        ("1，晚上给我打电话", RATING, "multi", {}),
        ("满意满意", RATING, "rate", {"score": 4}),
        ("ok", RATING, "clarify", {}),
        # read back: a denial and the answer again, in so many words
        ("bu dui", READ_BACK, "deny", {}),
        ("1 1", READ_BACK, "confirm", {}),
        ("不对，我选的是3", READ_BACK, "vote", {"consultation": 11, "option": "3"}),
        ("错了错了，我要选3", READ_BACK, "vote", {"consultation": 11, "option": "3"}),
        ("不对，2", READ_BACK, "deny", {}),
        ("不对，我选2", READ_BACK, "deny", {}),
        ("不对，我选的是7", READ_BACK, "clarify", {"reason": "out_of_range"}),
        ("不对，我媳妇选的是3", READ_BACK, "opinion", {}),
        # objections: counted, and made
        ("反对的人多不", PUBLIC, "query", {"what": "result"}),
        ("反对有几个", PUBLIC, "query", {"what": "result"}),
        ("反对，人多", PUBLIC, "object", {"consultation": 16}),
        ("撤回反对", OBJECTED_TWICE, "clarify", {"reason": "which_consultation"}),
        ("撤回11号反对", OBJECTED_TWICE, "withdraw_objection", {"consultation": 11}),
        # to be rung, but not now
        ("在开会别打，后天上午打", VOTE, "callback", {"when": "后天上午"}),
        ("别打了，明天也别打", VOTE, "opinion", {}),
        ("后天上午别打", VOTE, "opinion", {}),
        # a plea to be sent more, and complaints in the same words
        ("还给我发吧，上回退订按错了", ONE, "opt_in", {}),
        ("还给我发，发错了吧", ONE, "opinion", {}),
        ("回T了还给我发", ONE, "opinion", {}),
        ("都退订了还给我发", ONE, "opinion", {}),
        # one's data
        ("你们手里都有我啥信息，给我看看", ONE, "data_request", {"kind": "access"}),
        ("你们有我什么信息泄露了", ONE, "opinion", {}),
        ("把我名字和电话删了", ONE, "data_request", {"kind": "delete"}),
        ("把我家的树去了", ONE, "opinion", {}),
        ("我叫孙长河，你们登错了", ONE, "data_request", {"kind": "correct"}),
        ("我叫孙长河，你们写的啥", ONE, "opinion", {}),
        # advertisements, and residents with the same worries
        ("低价办证 贷款不看征信 加V信", ONE, "ignore", {"reason": "spam"}),
        ("贷款买的农机，征信黑了，村里能帮忙不", ONE, "opinion", {}),
        # who they are
        ("我叫许大勇，虚岭的", STRANGER, "register", {"name": "许大勇", "area": "虚岭"}),
        ("我叫许大勇，种地的", STRANGER, "register", {"name": "许大勇", "area": None}),
        ("我是虚岭的许大勇，想收短信", STRANGER, "register", {"name": "许大勇", "area": "虚岭"}),
        ("我叫孙长河，拟柳的，同意", VOTE, "clarify", {"reason": "which_person"}),
        ("我是王德顺的孙子", STRANGER, "register", {"area": None}),
        ("想报名收短信", STRANGER, "register", {"name": None}),
        ("报名听证", ONE, "rsvp", {"attending": True}),
        # cried in letters
        ("jiuming a zhaohuole", ONE, "emergency", {}),
        ("jiuming!!", ONE, "emergency", {}),
        ("jiumingdaocao", ONE, "clarify", {}),
        # when, in the north; the same two characters mean something else
        ("11号啥前儿截止", VOTE, "query", {"what": "deadline"}),
        ("为啥前面没修", VOTE, "opinion", {}),
        ("截至目前没人来", VOTE, "opinion", {}),
        ("朝鲜族的人都走了", VOTE, "opinion", {}),
    ],
)
def test_a_rule_takes_what_it_is_for_and_nothing_beside_it(
    words: str, around: dict[str, Any], intent: str, fields: dict[str, Any]
) -> None:
    said = interpret(words, around)
    assert said["intent"] == intent, said
    assert {name: said["fields"].get(name) for name in fields} == fields
