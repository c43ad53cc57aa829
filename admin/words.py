"""What states, channels and kinds are called on the panel."""

from typing import Any

from flask_babel import lazy_gettext as _l

STATES = {
    "PROPOSED": _l("有人提出"),
    "DECLINED": _l("没有受理"),
    "HEARING": _l("听证会"),
    "SMALL_GROUP_TALK": _l("小范围恳谈"),
    "REPORTED_TO_GOV": _l("已报镇里"),
    "NO_CONSENSUS": _l("没谈拢"),
    "ASSEMBLY": _l("开会表决"),
    "ASSEMBLY_FAILED_QUORUM": _l("开会人数不够"),
    "REJECTED": _l("会上没通过"),
    "CORRECTION_ORDERED": _l("镇里责令改正"),
    "ANNULLED": _l("已作废"),
    "SUSPENDED": _l("暂停"),
    "ACCEPTED": _l("待发通知"),
    "NOTICED": _l("已通知"),
    "OPEN": _l("征集中"),
    "DRAFTED": _l("待公布结果"),
    "REVISED": _l("待再公布"),
    "PUBLICITY": _l("公示中"),
    "OBJECTED": _l("有人反对"),
    "EXPLAINED": _l("已解释，公示中"),
    "EFFECTIVE": _l("已生效"),
    "IMPLEMENTING": _l("落实中"),
    "DISCLOSED": _l("已公开"),
    "EVALUATED": _l("已评议"),
    "CLOSED": _l("已办结"),
    "WITHDRAWN": _l("已撤回"),
}
STATE_TONES = {
    "OPEN": "live",
    "PUBLICITY": "live",
    "EXPLAINED": "live",
    "ACCEPTED": "todo",
    "DRAFTED": "todo",
    "REVISED": "todo",
    "OBJECTED": "alarm",
    "EFFECTIVE": "done",
}
TOPIC_KINDS = {
    "policy_implementation": _l("政策和重点工作怎么落实"),
    "legally_required": _l("法规要求协商的"),
    "public_affairs": _l("公共事务和公益事业"),
    "subject_requested": _l("大家提出来的"),
    "urgent_difficulty": _l("急难事和矛盾纠纷"),
}
THREE_IMPORTANT = {
    "decision": _l("重大决策"),
    "project": _l("重要项目"),
    "activity": _l("重要活动"),
    "large_funds": _l("大额资金"),
}
PROPOSALS = {
    "raised": _l("等村里定"),
    "taken_up": _l("立项了，等定"),
    "accepted": _l("受理了"),
    "merged": _l("并到别的事里"),
    "declined": _l("没受理"),
}
DISCLOSED_IN = {
    "board": _l("村务公开栏"),
    "paper": _l("刊物、明白纸"),
    "net": _l("网络平台"),
    "loudspeaker": _l("大喇叭"),
    "sms": _l("短信、电话"),
    "meeting": _l("会上"),
}
EVALUATION_TO = {
    "party": _l("村（社区）党组织"),
    "committee": _l("村（居）民委员会"),
    "supervision": _l("监督委员会"),
    "residents": _l("居民（短信、电话）"),
}
UNITS = {
    "person": _l("每人一票"),
    "household": _l("每户一票"),
    "owner": _l("每户业主一票"),
    "group": _l("每组一票（组长、代表）"),
}
CHANNELS = {
    "auto": _l("自动"),
    "sms": _l("短信"),
    "voice": _l("电话"),
    "clerk": _l("代录"),
    "proxy": _l("受托"),
}
KINDS = {
    "opinion": _l("意见"),
    "proposal": _l("建议"),
    "callback": _l("要回电话"),
    "emergency": _l("急事"),
    "message": _l("留言"),
    "late_objection": _l("过期的反对"),
    "supervision": _l("给监督委员会的"),
}
STAGES = {
    "": _l("自拟通知"),
    "notice": _l("协商通知"),
    "reminder": _l("催一下"),
    "result": _l("结果公示"),
    "effective": _l("生效通知"),
    "withdrawn": _l("撤回通知"),
    "assembly": _l("开会通知"),
    "no_quorum": _l("人数不够的通知"),
    "rejected": _l("没通过的通知"),
    "correction": _l("改正通知"),
    "annulled": _l("作废通知"),
    "suspended": _l("暂停通知"),
    "resumed": _l("接着办的通知"),
    "implementation": _l("落实通知"),
    "evaluation": _l("评议通知"),
    "progress": _l("进度通知"),
    "reported": _l("已报政府的通知"),
    "replied": _l("政府答复的通知"),
    "referred": _l("转办的通知"),
}
EVENTS = {
    "opinions": _l("答复意见"),
    "opinion_corrected": _l("改正答复"),
    "recuse": _l("有人回避"),
    "recusal_ended": _l("取消回避"),
    "create": _l("建立"),
    "announce": _l("发出通知"),
    "start": _l("开始征集"),
    "raise": _l("提出"),
    "accept": _l("受理"),
    "decline": _l("不受理"),
    "hear": _l("开听证会、议事会"),
    "talk": _l("小范围恳谈"),
    "minutes": _l("记下会议记录"),
    "report": _l("报给镇里"),
    "no_agreement": _l("没谈拢"),
    "escalate": _l("提交会议表决"),
    "pass": _l("会上通过"),
    "reject": _l("会上没通过"),
    "fail_quorum": _l("到会人数不够"),
    "extend": _l("延长公示"),
    "amend": _l("修改方案"),
    "order_correction": _l("镇里责令改正"),
    "revise": _l("改正方案"),
    "annul": _l("作废"),
    "implement": _l("开始落实"),
    "disclose": _l("公开落实情况"),
    "evaluate": _l("评估"),
    "file": _l("办结归档"),
    "suspend": _l("暂停"),
    "resume": _l("接着办"),
    "refused": _l("没办成"),
    "task_done": _l("记下办完的事"),
    "evaluation_reported": _l("记下评估报给了谁"),
    "progress": _l("告诉进度"),
    "answer": _l("政府答复"),
    "note": _l("监督委员会的意见"),
    "refer": _l("转办"),
    "refer_accept": _l("接过来办"),
    "refer_return": _l("退回转办"),
    "refer_back": _l("收回转办"),
    "inspect": _l("监督委员会查看"),
    "flag": _l("监督委员会要求答复"),
    "flag_answer": _l("答复监督委员会"),
    "flag_accept": _l("监督委员会认可了答复"),
    "flag_again": _l("监督委员会再次要求答复"),
    "close": _l("征集结束"),
    "publish": _l("公布结果，开始公示"),
    "object": _l("有人反对，倒计时停下"),
    "explain": _l("反对都已答复，倒计时继续"),
    "take_effect": _l("公示期满，生效"),
    "withdraw": _l("撤回"),
}
OUTCOMES = {"understood": _l("说明白了"), "still": _l("还是反对")}
OBJECTIONS = {
    "open": _l("等待解释"),
    "explained": _l("已解释"),
    "withdrawn": _l("居民收回"),
    "resolved": _l("已解决"),
}
BROADCASTS = {
    "draft": _l("草稿"),
    "waiting": _l("等人点头"),
    "running": _l("发送中"),
    "paused": _l("已暂停"),
    "done": _l("已发完"),
    "cancelled": _l("已取消"),
}
DELIVERIES = {
    "planned": _l("排队"),
    "claimed": _l("排队"),
    "submitting": _l("正在交出"),
    "unknown": _l("待核实"),
    "accepted": _l("已交运营商"),
    "sent": _l("已发出"),
    "undelivered": _l("没送到"),
    "failed": _l("没送到"),
    "delivered": _l("已送到"),
}
PEOPLE = {
    "rostered": _l("在册"),
    "claimed": _l("待核对"),
    "verified": _l("已核对"),
    "rejected": _l("未通过"),
    "left": _l("已迁出"),
}
ROLLOUTS = {
    "": _l("还没开始"),
    "pilot": _l("试点"),
    "rolled_out": _l("全面开展"),
    "settled": _l("制度健全"),
}
SEXES = {"M": "男", "F": "女", "m": "男", "f": "女", "male": "男", "female": "女"}
REFERRALS = {"waiting": _l("等答复"), "accepted": _l("接了"), "returned": _l("退回了"), "back": _l("收回了")}
FLAGS = {
    "open": _l("等答复"),
    "answered": _l("答复了，等监督委员会看"),
    "accepted": _l("认可了"),
    "again": _l("没认可，又提了"),
}
PHONES = {"mobile": _l("手机"), "landline": _l("座机"), "unknown": _l("其他")}
HEARD = {
    "asked": _l("接了，不是本人，过后再打"),
    "answered": _l("接了"),
    "machine": _l("录音电话"),
    "to_end": _l("听完了"),
    "understood": _l("按键了"),
}
ROLES = {
    "village_organizer": _l("村组织员"),
    "clerk": _l("录入员"),
    "approver": _l("审核员"),
    "township_officer": _l("乡镇干部"),
    "supervision_member": _l("监督委员"),
    "third_party_evaluator": _l("第三方评估"),
    "social_worker": _l("社工"),
    "county_viewer": _l("县级查看"),
    "administrator": _l("管理员"),
}
POWERS = {
    "enter": _l("代录纸票，看意见，回电话"),
    "keep": _l("导入名册，核对登记"),
    "write": _l("起草协商和群发"),
    "lead": _l("发通知，结束征集，公布结果，答复反对，撤回"),
    "agree": _l("给别人写的群发点头"),
    "hear": _l("听、办给监督委员会的话，写明原因查看各项事，要求答复"),
    "judge": _l("看办得怎么样，记下评估"),
    "rule": _l("定话费上限、两个人点头、时区"),
}
# ---- whom a broadcast is for, and how
HOW = {
    "auto": _l("自动（手机短信，座机电话）"),
    "sms": _l("只发短信"),
    "voice": _l("只打电话"),
}
FALLBACKS = {
    "": _l("不用"),
    "voice": _l("短信没送到，改打电话"),
    "sms": _l("电话没人接，改发短信"),
    "both": _l("两样都行"),
}
LADDERS = ("15m, 2h, next day", "15m, 2h", "1h, next day", "next day", "")  # the first is the usual one
HOUSEHOLD_ROLES = {"": _l("不限"), "delegate": _l("只发户主（户代表）"), "owner": _l("只发业主")}
OBJECTION_POLICIES = {"any": _l("有一个人反对就停下"), "threshold": _l("够了人数才停下")}
YES_NO = {"1": _l("算"), "0": _l("不算")}
STANDINGS = {
    "": _l("不管表没表态"),
    "not_yet": _l("还没表态的"),
    "answered": _l("已表态的"),
    "objected": _l("反对过的"),
}
LANGUAGES = {
    "zh-CN": _l("汉语"),
    "ko": _l("朝鲜语"),
    "mn": _l("蒙古语"),
    "ug": _l("维吾尔语"),
    "bo": _l("藏语"),
}
TAGS = {
    "group_leader": _l("组长"),
    "villager_rep": _l("村民代表"),
    "party_member": _l("党员"),
    "women_federation": _l("妇联"),
    "supervision_member": _l("监督委员"),
    "non_registered_rep": _l("外来户代表"),
    "coop_head": _l("合作社负责人"),
    "village_committee": _l("村委委员"),
    "social_org_head": _l("社会组织负责人"),
    "owners_committee_head": _l("业委会负责人"),
}
STOPPED = {
    "sms": _l("机主回短信退订的"),
    "keypad": _l("机主按键退订的"),
    "panel": _l("组织员代办的"),
    "roster": _l("名册上写着不发"),
    "carrier": _l("运营商说机主已退订"),
}
# ---- recordings by people
PROMPT_PARTS = {"notice": "通知", "result": "结果", "script": "热线的话"}
PROMPT_WAYS = {"upload": _l("传上来的"), "browser": _l("在这里录的"), "phone": _l("用电话录的")}
PROMPT_STATES = {
    "live": _l("正在放"),
    "replaced": _l("换掉了"),
    "withdrawn": _l("撤下了"),
}

# who takes part: policy II(2)
SUBJECTS = {
    "government": _l("基层政府、派出机关"),
    "party_organization": _l("村（社区）党组织"),
    "committee": _l("村（居）委会"),
    "supervision_committee": _l("村务监督委员会"),
    "group": _l("村（居）民小组"),
    "delegate": _l("两代表一委员"),
    "stationed_unit": _l("驻村（社区）单位"),
    "social_organization": _l("社区社会组织"),
    "village_work_team": _l("驻村帮扶工作队"),
    "owners_committee": _l("业主委员会"),
    "collective_organization": _l("集体经济组织"),
    "cooperative": _l("农民合作组织"),
    "property_firm": _l("物业服务企业"),
    "registered_residents": _l("当地户籍居民"),
    "non_registered_reps": _l("非户籍居民代表"),
    "other_stakeholders": _l("其他利益相关方"),
}
RESPECTED = {
    "old_party_member": _l("老党员"),
    "old_cadre": _l("老干部"),
    "masses_rep": _l("群众代表"),
    "party_delegate": _l("党代表"),
    "congress_delegate": _l("人大代表"),
    "cppcc_member": _l("政协委员"),
    "mass_organization_head": _l("群团组织负责人"),
    "social_worker": _l("社会工作者"),
}
# tags of the roster
TAGS = RESPECTED | {
    "party_member": _l("党员"),
    "villager_rep": _l("村民代表"),
    "group_leader": _l("小组长"),
    "village_committee": _l("村委会成员"),
    "supervision_member": _l("监督委员会成员"),
    "women_federation": _l("妇联"),
    "social_org_head": _l("社会组织负责人"),
    "owners_committee_head": _l("业委会主任"),
    "coop_head": _l("合作社负责人"),
    "non_registered_rep": _l("非户籍居民代表"),
    "owner": _l("业主"),
}
# those that are given by hand; whether somebody owns a home is the roster's own column
STANDING = {tag: name for tag, name in TAGS.items() if tag != "owner"}
# what became of an opinion
VERDICTS = {"adopted": _l("采纳了"), "partly": _l("采纳了一部分"), "not": _l("没采纳")}
VERDICT_TONES = {"adopted": "live", "partly": "todo", "not": "done"}
MEETINGS = {"planned": _l("要开"), "running": _l("正在开"), "held": _l("开过了"), "cancelled": _l("不开了")}
MANDATES = {
    "waiting": _l("等核对"),
    "verified": _l("算数"),
    "refused": _l("本人说不对"),
    "revoked": _l("取消了"),
    "expired": _l("过期了"),
}


class _Stages(dict[str, Any]):
    """A stage may be numbered (“suspended2”) or name a meeting (“meeting:5”)."""

    def get(self, stage: str, otherwise: Any = None) -> Any:
        return super().get(stage.partition(":")[0].rstrip("0123456789"), otherwise)


STAGES = _Stages(STAGES, meeting=_l("开会的邀请"), **{"meeting-off": _l("会不开了的通知")})
