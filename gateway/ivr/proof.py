"""Proof-reading: what a script says against what it can do."""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.ivr.faults import Faults
from gateway.ivr.script import PLACEHOLDER, SPELT, Script, Step, Words
from gateway.text import segments

KEYS = {*"0123456789", *SPELT.values()}
_SHORT = "zh-CN"  # the language in which one message must do
_MOST_CHOICES = 3  # besides 9 (repeat) and 0 (a person): domain.md §3.2


def check(
    script: Script,
    actions: Collection[str],
    facts: Collection[str] | None,
    faults: Faults,
    filled: Collection[str] | None = None,
) -> None:
    """Note everything wrong with a script whose files could be read. ``facts`` None: any placeholder will do;
    ``filled`` is the same for phrases."""
    _check_targets(script, actions, faults)
    _check_words(script, faults)
    _check_facts(script, facts, faults)
    check_phrases(script.words, script.default_language, faults, filled)
    _check_reach(script, faults)


def check_replies(
    said: Mapping[str, Any], language: str, heard: Mapping[str, Collection[str]], faults: Faults
) -> None:
    """The same for one language of the replies: ``heard`` names every reply and what is filled into it."""
    file = f"{language}.toml"
    for name in heard.keys() - said.keys():
        faults.add(file, f"缺 [{name}] 这条回复")
    for name, own in said.items():
        if name not in heard:
            faults.add(file, f"[{name}] 没有这条回复，名字写错了吧", name)
            continue
        if not own.get("text"):
            faults.add(file, f"[{name}] 没写 text：要说的话", name)
        fixed = segments(PLACEHOLDER.sub("", own.get("text", "")))
        if fixed.count > (1 if language == _SHORT else 2):  # letters take more room than characters
            faults.add(file, f"[{name}] 太长：不算要填的也有{fixed.units}个字，短信装不下", name, "text")
        for strange in sorted(placeholders(own) - set(heard[name]) - {"sig"}):
            faults.add(file, f"[{name}] 里的 {{{strange}}} 没有东西可填", name, f"{{{strange}}}")


def check_phrases(
    words: Mapping[str, Words], base: str, faults: Faults, filled: Collection[str] | None = None
) -> None:
    """Every language has the phrases of the first one, and no others; with ``filled``, no placeholder but these."""
    for language, own in words.items():
        file = f"{language}.toml"
        for name in words[base].phrases.keys() - own.phrases.keys():
            faults.add(file, f"[phrases] 缺 {name}", "phrases")
        for name, said in own.phrases.items():
            for strange in sorted(set(PLACEHOLDER.findall(said)) - set(filled or PLACEHOLDER.findall(said))):
                faults.add(
                    file, f"[phrases] 的 {name} 里的 {{{strange}}} 没有东西可填", "phrases", f"{{{strange}}}"
                )
        for name in own.phrases.keys() - words[base].phrases.keys():
            faults.add(file, f"[phrases] 的 {name} 在 {base}.toml 里没有", "phrases", name)


def _targets(step: Step) -> list[str]:
    then = step.then.values() if isinstance(step.then, dict) else [step.then]
    return [t for t in (*then, *step.keys.values(), step.silent, step.lost) if t]


def _check_targets(script: Script, actions: Collection[str], faults: Faults) -> None:
    for name in (script.start, *script.entries):
        if name not in script.steps:
            faults.add(
                "script.toml",
                f"从“{name}”开始，可是没有这一步",
                "start" if name == script.start else "entries",
            )
    for key, target in script.everywhere.items():
        if target not in script.steps:
            faults.add(
                "script.toml",
                f"[everywhere] 按{key}去“{target}”，可是没有这一步",
                "everywhere",
            )
    for step in script.steps.values():
        for target in sorted({t for t in _targets(step) if t not in script.steps}):
            faults.add(
                "script.toml", f"[{step.name}] 要去“{target}”，可是没有这一步", step.name, f'"{target}"'
            )
        if step.is_action and step.does not in actions:
            faults.add(
                "script.toml",
                f"[{step.name}] 的 does 写了“{step.does}”，没有这种步，也没有这个动作",
                step.name,
                "does",
            )
        if step.does in ("say", "digits", "record") or step.is_action:
            if not step.then:
                faults.add("script.toml", f"[{step.name}] 没写 then：说完去哪一步", step.name)
        if isinstance(step.then, dict) and not step.is_action:
            faults.add(
                "script.toml",
                f"[{step.name}] 的 then 分了几种情况，可是只有动作才分情况",
                step.name,
            )
        if step.does == "choose" and not step.keys:
            faults.add("script.toml", f"[{step.name}] 让人选，可是一个键也没写", step.name)
        # star and hash are no choice anybody is told of in a menu
        own = [k for k, t in step.keys.items() if k not in ("9", "0", "star", "hash") and t != step.name]
        if step.does == "choose" and len(own) > _MOST_CHOICES:
            faults.add(
                "script.toml",
                f"[{step.name}] 有{len(own)}个选择，电话里最多记得住{_MOST_CHOICES}个（9和0不算）",
                step.name,
            )


def _check_words(script: Script, faults: Faults) -> None:
    speaking = {s.name: s for s in script.steps.values() if not s.is_action}
    base = script.words[script.default_language]
    for language, words in script.words.items():
        file = f"{language}.toml"
        if "voice" not in words.menus or "sms" not in words.menus:
            faults.add(file, "[menus] 里要有 voice 和 sms 两句", "menus")
        for name, template in words.menus.items():
            strange = set(PLACEHOLDER.findall(str(template))) - {"choice", "key"}
            for placeholder in sorted(strange):
                faults.add(
                    file,
                    f"[menus] 的 {name}：不认识 {{{placeholder}}}，只能用 {{choice}} 和 {{key}}",
                    "menus",
                    f"{{{placeholder}}}",
                )
        for name in sorted(base.menus.keys() - words.menus.keys() - {"voice", "sms"}):
            faults.add(file, f"[menus] 缺 {name}，不写就会说成 {base.language} 的", "menus")
        for name in words.steps.keys() - script.steps.keys() - {"everywhere"}:
            faults.add(file, f"[{name}] 在 script.toml 里没有这一步", name)
        for name, step in speaking.items():
            own = words.steps.get(name)
            if own is None:
                faults.add(file, f"缺 [{name}] 的话")
                continue
            if not any(part in own for part in ("text", "voice", "sms")):
                faults.add(file, f"[{name}] 没写 text：要说的话", name)
            if step.does == "choose":
                for key in step.keys:
                    if key not in own and key not in words.steps.get("everywhere", {}):
                        faults.add(file, f"[{name}] 没写按{key}是什么", name)
            for key in own.keys() & KEYS:
                if key not in step.keys and key not in script.everywhere:
                    faults.add(file, f"[{name}] 写了按{key}，可是 script.toml 这一步没有这个键", name, key)


def _check_facts(script: Script, facts: Collection[str] | None, faults: Faults) -> None:
    """A placeholder that nothing fills in breaks off the call at that sentence; one that only a second language uses
    is a slip of the pen."""
    learnt = {f"{step}{what}" for step in script.steps for what in ("", "_said", "_text")}
    base = script.words[script.default_language]
    for language, words in script.words.items():
        for name, own in words.steps.items():
            first = placeholders(base.steps.get(name, {}))
            for used in sorted(placeholders(own)):
                if facts is not None and used not in facts and used not in learnt:
                    why = "没有东西可填"
                elif used not in first:
                    why = f"在 {script.default_language}.toml 里没有"
                else:
                    continue
                faults.add(f"{language}.toml", f"[{name}] 里的 {{{used}}} {why}", name, f"{{{used}}}")


def placeholders(own: Mapping[str, Any]) -> set[str]:
    """What the words under one heading want filled in."""
    said = (value for part, value in own.items() if isinstance(value, str) and part != "menu")
    return {p for value in said for p in PLACEHOLDER.findall(value)}


def _check_reach(script: Script, faults: Faults) -> None:
    seen: set[str] = set()
    waiting = [script.start, *script.entries]
    while waiting:
        name = waiting.pop()
        step = script.steps.get(name)
        if step is None or name in seen:
            continue
        seen.add(name)
        waiting += _targets(step)
        if step.does in ("choose", "record"):
            waiting += script.everywhere.values()
        if not step.is_action and step.does not in ("say", "end"):
            waiting.append("person")  # where three failures lead when nothing else is said
    for name in script.steps.keys() - seen:
        faults.add("script.toml", f"[{name}] 从哪儿都走不到", name)
    _check_rounds(script, faults)


def _check_rounds(script: Script, faults: Faults) -> None:
    """Steps that only speak and act, and lead nowhere else: the call would go round without waiting for anybody."""
    leads = {
        name: [t for t in _targets(step) if t in script.steps]
        for name, step in script.steps.items()
        if step.does == "say" or step.is_action
    }
    waits = script.steps.keys() - leads.keys()
    while more := {name for name, targets in leads.items() if name not in waits and waits & set(targets)}:
        waits |= more
    told: set[str] = set()
    for name in sorted(leads.keys() - waits):
        path = [name]
        while leads[path[-1]] and (then := leads[path[-1]][0]) not in path:
            path.append(then)
        if leads[path[-1]] and not told & set(path):  # one that leads nowhere at all has its own fault
            told |= set(path)
            loop = path[path.index(then) :]
            faults.add("script.toml", f"{' → '.join([*loop, then])} 转圈，一直说下去，不等人按键", loop[0])
