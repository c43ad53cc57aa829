"""A sentence is pieced together from clips where that sounds like speech, and left alone where it doesn't."""

import hashlib
import json
import math
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.actions import ACTIONS
from gateway.ivr import clips, render
from gateway.ivr.clips import PAUSE, Clips, Piece, cut, file_of, phrases, sentences
from gateway.ivr.engine import begin
from gateway.ivr.load import load_folder
from gateway.settings import SCRIPTS
from gateway.simulator import twiml
from gateway.spoken import riff
from gateway.turns import FACTS

MARKET = load_folder(Path(__file__).parent / "scripts" / "market", {"cast_ballot"})
KNOWN = [
    PAUSE, "您好，这里是", "协商热线，您不用花话费。", "，您好。", "请按1。", "，请按1。", "同意，请按1。", "六月", "十一月", "三号",
    "二十号", "截止。", "上午", "回执", *"0123456789", "4 0", "2 7", "第十一号事", "谢谢您，再见。", "再见。",
]  # fmt: skip
SHELF = Clips({words: f"{file_of(words)}-00000000" for words in KNOWN})


def said(sentence: str, shelf: Clips = SHELF) -> list[str]:
    """The pieces, leftovers in brackets."""
    found = [p for one in sentences(sentence) for p in shelf.pieces(one)]
    return [p.words if p.clip else f"[{p.words}]" for p in found]


def test_a_sentence_around_a_name_is_two_clips_and_the_name() -> None:
    assert said("您好，这里是拟柳村协商热线，您不用花话费。") == [
        "您好，这里是",
        "[拟柳村]",
        "协商热线，您不用花话费。",
    ]
    assert said("王德顺，您好。") == ["[王德顺]", "，您好。"]


def test_the_longest_clip_wins() -> None:
    assert said("同意，请按1。") == ["同意，请按1。"]
    assert said("谢谢您，再见。") == ["谢谢您，再见。"]


def test_a_receipt_is_spelt_in_pairs_and_a_date_in_month_and_day() -> None:
    assert said("回执4 0 2 7 8。") == ["回执", "4 0", "2 7", "8"]
    assert said("六月二十号截止。") == ["六月", "二十号", "截止。"]


def test_a_number_inside_other_words_is_no_patch() -> None:
    assert said("三号楼的灯坏了，十一月的事。") == ["[三号楼的灯坏了，十一月的事。]"]
    assert said("明年六月再说。") == ["[明年六月再说。]"]


def test_a_matter_is_called_by_its_number_and_the_title_is_left() -> None:
    assert said("第十一号事：屯中路修水泥路。") == ["第十一号事", "[屯中路修水泥路。]"]


@given(st.text(alphabet="您好这里是拟柳村，。：请按1六月二十号 ab（）", max_size=40))
def test_nothing_that_can_be_heard_is_lost_or_said_twice(words: str) -> None:
    pieces = [p for one in sentences(words) for p in SHELF.pieces(one)]

    def heard(text: str) -> str:
        return "".join(ch for ch in text if ch.isalnum() or ch == "_")

    assert heard("".join(p.words for p in pieces)) == heard(words)
    assert all(p.clip is None or p.words in KNOWN for p in pieces)


def test_a_script_is_cut_at_pauses_sentence_ends_and_placeholders() -> None:
    assert cut("您好，{village}。（停一秒）请说。再见。") == ["您好，", "请说。", "再见。"]
    found = phrases(MARKET, "zh-CN", {"option_1": ["同意"]})
    assert "同意，请按1。" in found and "，请按1。" in found and "再听一遍，请按9。" in found
    assert "号事。" in found and not any("{" in words or "停" in words for words in found)


# ---- the clips that come with the product ----------------------------------------------------------------


FOLDER = SCRIPTS / "_voice" / "zh-CN"


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((FOLDER / clips.INDEX).read_text(encoding="utf-8"))
    return found


def test_the_index_and_the_files_agree(shipped: dict[str, dict[str, str]]) -> None:
    files = {path.name: path for path in FOLDER.glob("*.wav")}
    assert {f"{file_of(words)}.wav" for words in shipped} == files.keys()
    for words, about in shipped.items():
        content = files[f"{file_of(words)}.wav"].read_bytes()
        assert hashlib.sha256(content).hexdigest()[:8] == about["sum"], words
    assert sum(path.stat().st_size for path in files.values()) < 12_000_000


def _linear(code: int) -> int:
    """A µ-law byte as a 16-bit sample (ITU-T G.711)."""
    code = ~code & 0xFF
    size = ((code & 0x0F) << 3 | 0x84) << (code >> 4 & 7)
    return 0x84 - size if code & 0x80 else size - 0x84


_LEVELS = [_linear(code) for code in range(256)]


def test_clips_are_neither_silent_nor_clipped_and_as_long_as_their_words(
    shipped: dict[str, dict[str, str]],
) -> None:
    for words in shipped:
        if words == PAUSE:
            continue
        heard = Counter(riff.samples((FOLDER / f"{file_of(words)}.wav").read_bytes()))
        spoken = {code: n for code, n in heard.items() if abs(_LEVELS[code]) > 300}
        seconds = sum(spoken.values()) / riff.RATE
        loudness = math.sqrt(sum(_LEVELS[code] ** 2 * n for code, n in spoken.items()) / sum(spoken.values()))
        assert 1500 < loudness < 8000, (words, loudness)
        assert max(abs(_LEVELS[code]) for code in heard) < 32_000, words
        syllables = sum(ch.isalnum() for ch in words)
        assert 0.06 * syllables < seconds < 0.5 + 0.4 * syllables, (words, seconds)


def test_most_of_the_hotline_is_recorded() -> None:
    """Sentences change oftener than voices are rendered, so a few may be missing; those are said by the carrier's voice.
    Which they are, ``tools/render_voice.py --list`` tells."""
    script = load_folder(SCRIPTS / "hotline", ACTIONS, FACTS)
    shelf = Clips.load(FOLDER)
    wanted = phrases(script, "zh-CN", {})
    there = [w for w in wanted if all(p.clip for one in sentences(w) for p in shelf.pieces(one))]
    assert len(there) > 0.9 * len(wanted), sorted(set(wanted) - set(there))


def test_an_address_changes_with_the_content(tmp_path: Path) -> None:
    for mark in ("aaaaaaaa", "bbbbbbbb"):
        (tmp_path / clips.INDEX).write_text(json.dumps({"再见。": {"sum": mark}}))
        assert Clips.load(tmp_path).pieces("再见。") == (Piece("再见。", f"{file_of('再见。')}-{mark}"),)
    assert Clips.load(tmp_path / "nowhere").names == {}


# ---- as TwiML ---------------------------------------------------------------------------------------------


def recorded(words: str) -> list[tuple[str, str | None]]:
    found = [p for one in sentences(words) for p in SHELF.pieces(one)]
    return [(p.words, f"https://example.org/audio/{p.clip}.wav" if p.clip else None) for p in found]


def test_clips_are_played_in_order_and_only_a_name_is_said() -> None:
    document = ElementTree.fromstring(
        render.say_document("您好，这里是拟柳村协商热线，您不用花话费。（停一秒）再见。", recorded=recorded)
    )
    assert [e.tag for e in document] == ["Play", "Say", "Play", "Play", "Play", "Hangup"]
    plays = [e.text or "" for e in document.iter("Play")]
    assert plays[2].endswith(
        f"{file_of(PAUSE)}-00000000.wav"
    )  # silence, without the verb that Somleng stumbles over
    assert [e.text for e in document.iter("Say")] == ["拟柳村"]


def test_a_menu_of_clips_is_gathered_so_that_a_key_cuts_it_off() -> None:
    facts = {"village": "拟柳村", "number": "第十一", "option_1": "同意", "option_2": "", "option_3": ""}
    document = render.voice(
        MARKET,
        "zh-CN",
        begin(MARKET),
        facts,
        action_url="https://example.org/twilio/voice?c=1",
        recorded=recorded,
    )
    twiml.read(document.encode(), "text/xml")
    gather = ElementTree.fromstring(document).find("Gather")
    assert gather is not None and {e.tag for e in gather} == {"Say", "Play"}
    assert f"{file_of('同意，请按1。')}-00000000" in document


def test_without_clips_a_document_is_as_before() -> None:
    words = "您好。（停一秒）再见。"
    assert render.say_document(words, recorded=lambda said: [(said, None)]) == render.say_document(words)
