"""The carrier's error codes in words an organizer understands."""

_WORDS = {
    "20003": "运营商账号或密码不对",
    "20429": "运营商忙，会自动再发",
    "21211": "号码不对",
    "21214": "号码打不通",
    "21217": "号码不对",
    "21610": "对方已退订",
    "21611": "运营商排队太长，会自动再发",
    "21614": "座机收不了短信",
    "21635": "座机收不了短信",
    "30003": "手机关机或没信号",
    "30005": "空号",
    "30006": "座机收不了短信",
    "30007": "被运营商拦下",
    "30008": "没送到，运营商没说原因",
    "30036": "过了时限，没再送",
    "busy": "占线",
    "no-answer": "没人接",
    "canceled": "取消了",
    "hidden": "来电没显示号码，打不回去",
    "stopped": "对方已退订",
    "bad": "号码打不通",
}


def words(code: str | None) -> str:
    """Plain Chinese for a code; unknown codes keep their number so that it can be looked up."""
    if not code:
        return ""
    return _WORDS.get(code, f"运营商错误 {code}")
