"""What states, channels and kinds are called on the panel."""

from flask_babel import lazy_gettext as _l

STATES = {
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
UNITS = {"person": _l("每人一票"), "household": _l("每户一票"), "owner": _l("业主")}
CHANNELS = {"auto": _l("自动"), "sms": _l("短信"), "voice": _l("电话"), "clerk": _l("代录")}
KINDS = {
    "opinion": _l("意见"),
    "proposal": _l("建议"),
    "callback": _l("要回电话"),
    "message": _l("留言"),
    "late_objection": _l("过期的反对"),
}
STAGES = {
    "": _l("自拟通知"),
    "notice": _l("协商通知"),
    "reminder": _l("催一下"),
    "result": _l("结果公示"),
    "effective": _l("生效通知"),
    "implementation": _l("落实通知"),
    "evaluation": _l("评议通知"),
}
EVENTS = {
    "create": _l("建立"),
    "announce": _l("发出通知"),
    "start": _l("开始征集"),
    "close": _l("征集结束"),
    "publish": _l("公布结果，开始公示"),
    "object": _l("有人反对，倒计时停下"),
    "explain": _l("反对都已答复，倒计时继续"),
    "take_effect": _l("公示期满，生效"),
    "withdraw": _l("撤回"),
}
OBJECTIONS = {
    "open": _l("等待解释"),
    "explained": _l("已解释"),
    "withdrawn": _l("居民收回"),
    "resolved": _l("已解决"),
}
BROADCASTS = {
    "draft": _l("草稿"),
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
PHONES = {"mobile": _l("手机"), "landline": _l("座机"), "unknown": _l("其他")}
HEARD = {"answered": _l("接了"), "to_end": _l("听完了"), "understood": _l("按键了")}
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
