"""Calls through the make-believe network: rings, plays TwiML, waits for keys, records, hangs up."""

import json
import threading
import time
from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from gateway import clock
from gateway.simulator import twiml
from gateway.simulator.network import Network
from gateway.simulator.store import Row, new_sid, now
from gateway.simulator.tone import tone

_MOST_DOCUMENTS = 50  # error 14106
_FORGOTTEN = 120.0  # seconds after which a handset nobody looks at is taken to be silent
# seconds a telephone rings, more than the carrier's real 40: whoever tries this has to find the right one first
_PATIENCE = 180
_SILENCE = "（停）"  # what a clip of silence says
LIVE = ("queued", "initiated", "ringing", "in-progress")


class Exchange:
    """All calls. What a call waits for is in its row (``live``), so a restart or another thread can go on."""

    def __init__(self, network: Network) -> None:
        self.network, self.store, self.config = network, network.store, network.config
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        threading.Thread(target=self._give_up, daemon=True, name="carrier-rings").start()

    # -- beginning ------------------------------------------------------------------------

    def dial(self, sender: str, to: str) -> Row:
        """A resident rings ``to``; only the hotline answers."""
        call = self._new("inbound", sender, to, "ringing", f"{self.config.public_url}/twilio/voice")
        if to not in (self.config.hotline, *self.config.others):
            self.store.caption(call["sid"], "note", "您拨的号码是空号。")
            self._end(call["sid"], "failed")
        else:
            with self._locks[call["sid"]]:
                self._fetch(call["sid"], call["url"], {})
        return self._known(call["sid"])

    def place(
        self, to: str, url: str, callback: str, events: list[str], sender: str = "", detect: bool = False
    ) -> Row:
        """The product rings a resident. It rings until somebody picks up. With ``detect`` the first webhook says
        whether that was a person or a machine."""
        call = self._new("outbound-api", sender or self.config.hotline, to, "queued", url, callback, events)
        threading.Thread(target=self._ring, args=(call["sid"], detect), daemon=True).start()
        return call

    def _new(
        self,
        direction: str,
        sender: str,
        to: str,
        status: str,
        url: str,
        callback: str = "",
        events: Any = (),
    ) -> Row:
        sid = new_sid("CA")
        self.store.add(
            "calls", sid=sid, direction=direction, sender=sender, receiver=to, status=status, url=url,
            callback=callback, events=json.dumps(list(events)), created=now(), live="{}",
        )  # fmt: skip
        return self._known(sid)

    def _known(self, sid: str) -> Row:
        found = self.store.call(sid)
        assert found
        return found

    def _ring(self, sid: str, detect: bool) -> None:
        with self._locks[sid]:
            call = self._known(sid)
            how = self.network.behaviour(call["receiver"])
            self._report(call, "initiated")
            engaged = "busy" if self._talking(call["receiver"]) else how["answer"]
            if engaged in ("busy", "no-answer"):
                self._end(sid, engaged)
                return
            patience = float(str(how["answer"]).partition(":")[2] or _PATIENCE)
            live: Row = {"rings_until": time.time() + patience}
            if detect:
                live["answered_by"] = "machine_end_beep" if how["answer"] == "machine" else "human"
            self.store.change("calls", sid, status="ringing", live=json.dumps(live))
            self._report(self._known(sid), "ringing")
            if how["answer"] in ("auto", "machine"):
                self.answer(sid)

    def _talking(self, number: str) -> bool:
        """Whether somebody speaks on that handset: whoever rings it meanwhile hears it engaged."""
        talking = "SELECT sid FROM calls WHERE status = 'in-progress' AND ? IN (sender, receiver)"
        return bool(self.store.all(talking, number))

    def _give_up(self) -> None:
        """Calls nobody picks up stop ringing, also those a former process placed."""
        while True:
            time.sleep(
                1
            )  # a telephone rings by the clock, and the calls of a former process have no timer here
            for row in self.store.all(
                "SELECT sid FROM calls WHERE status = 'ringing' AND direction != 'inbound'"
            ):
                until = self._known(row["sid"])["live"].get("rings_until")
                if until and time.time() > until:
                    self.hangup(row["sid"])

    def answer(self, sid: str) -> None:
        """Pick up."""
        with self._locks[sid]:
            if self._known(sid)["status"] not in ("queued", "initiated", "ringing"):
                return
            self.store.change("calls", sid, status="in-progress", answered=now())
            call = self._known(sid)
            self._report(call, "answered")
            by = call["live"].get("answered_by")
            self._fetch(sid, call["url"], {"AnsweredBy": by} if by else {})

    # -- what a person at the handset does ---------------------------------------------------

    def keys(self, sid: str, digits: str, repeat: int = 0) -> None:
        """Press keys. During a Gather they are collected; ``repeat`` posts the same press again."""
        with self._locks[sid]:
            call = self._known(sid)
            wait = call["live"].get("wait")
            if call["status"] != "in-progress" or not wait:
                return
            self.store.caption(sid, "key", digits)
            if wait["kind"] == "record":
                if any(d in wait["finish"] for d in digits):
                    self._recorded(sid, wait, b"", 0, digits[-1])
                return
            if wait["kind"] == "conference":
                if wait["star"] and "*" in digits:
                    self._fetch(sid, wait["action"], {"DialCallStatus": "answered"})
                return
            so_far, finished = wait.get("digits", ""), False
            for digit in digits:
                if digit in wait["finish"] and digit:
                    finished = True
                    break
                so_far += digit
                if wait["most"] and len(so_far) >= wait["most"]:
                    finished = True
                    break
            wait["digits"] = so_far
            self._keep(sid, call["live"])
            if finished:
                self._gathered(sid, wait, repeat)

    def silence(self, sid: str) -> None:
        """The wait runs out: partial digits are submitted, none fall through to the next verb."""
        with self._locks[sid]:
            call = self._known(sid)
            wait = call["live"].get("wait")
            if call["status"] != "in-progress" or not wait:
                return
            if wait["kind"] == "conference":
                return  # people sit there and listen
            if wait["kind"] == "keys":
                self._gathered(sid, wait)
            else:
                self._go_on(sid)  # an empty recording falls through, with no request

    def record(self, sid: str, data: bytes, seconds: int, words: str = "", key: str = "#") -> None:
        """Speak after the tone."""
        with self._locks[sid]:
            call = self._known(sid)
            wait = call["live"].get("wait")
            if call["status"] == "in-progress" and wait and wait["kind"] == "record":
                self.store.caption(sid, "said", words or f"（说了{seconds}秒）")
                self._recorded(sid, wait, data or tone(seconds), min(seconds, wait["most"]), key)

    def hangup(self, sid: str) -> None:
        """Put the receiver down, or let it ring out."""
        with self._locks[sid]:
            call = self._known(sid)
            if call["status"] in ("queued", "initiated", "ringing") and call["direction"] != "inbound":
                self._end(sid, "no-answer")
            elif call["status"] in LIVE:
                self._end(sid, "completed")

    def look_after(self, sid: str) -> None:
        """A handset that was left lying: the wait has run out long ago."""
        call = self._known(sid)
        wait = call["live"].get("wait")
        if call["status"] == "in-progress" and wait and time.time() > wait["until"] + _FORGOTTEN:
            self.silence(sid)

    # -- TwiML ------------------------------------------------------------------------------

    def _form(self, call: Row, more: dict[str, str]) -> dict[str, str]:
        return {
            "CallSid": call["sid"], "AccountSid": self.config.account_sid, "From": call["sender"],
            "To": call["receiver"], "Caller": call["sender"], "Called": call["receiver"],
            "CallStatus": call["status"], "Direction": call["direction"], "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip

    def _fetch(self, sid: str, url: str, more: dict[str, str], repeat: int = 0) -> None:
        call = self._known(sid)
        live = call["live"]
        live["documents"] = live.get("documents", 0) + 1
        if live["documents"] > _MOST_DOCUMENTS:
            self.store.error("14106", url)
            self._application_error(sid)
            return
        form = self._form(call, more)
        answer = self.network.ask(url, form)
        for _ in range(repeat):
            self.network.ask(url, form)
        if call["status"] == "ringing":
            self.store.change("calls", sid, status="in-progress", answered=now())
        if answer is None:
            self._application_error(sid)
            return
        try:
            live["verbs"] = twiml.read(answer.content, answer.headers.get("Content-Type", ""))
        except twiml.BadTwiml as bad:
            self.store.error(bad.code, f"{url}: {bad.detail}")
            self._application_error(sid)
            return
        live["url"], live["wait"] = url, None
        self._keep(sid, live)
        self._go_on(sid)

    def _application_error(self, sid: str) -> None:
        self.store.caption(sid, "note", "（线路故障，电话断了）")
        self._end(sid, "completed")

    def _keep(self, sid: str, live: Row) -> None:
        self.store.change("calls", sid, live=json.dumps(live))

    def _go_on(self, sid: str) -> None:
        """Carry out verbs until one waits, leads elsewhere, or there are none."""
        live = self._known(sid)["live"]
        live["wait"] = None
        verbs: list[twiml.Verb] = live.get("verbs", [])
        while verbs:
            verb = verbs.pop(0)
            kind, attributes = verb["verb"], verb["with"]
            action = urljoin(live["url"], attributes.get("action", "")) or live["url"]
            if kind in twiml.SPOKEN:
                said = [verb]
                while verbs and verbs[0]["verb"] in twiml.SPOKEN:
                    said.append(verbs.pop(0))
                self._speak(sid, said)
            elif kind == "Gather":
                length = self._speak(sid, verb["inside"])
                seconds = float(attributes.get("timeout", 5))
                live["wait"] = {
                    "kind": "keys", "action": action, "seconds": seconds, "until": time.time() + length + seconds,
                    "finish": attributes.get("finishOnKey", "#"), "most": int(attributes.get("numDigits", 0)),
                    "empty": attributes.get("actionOnEmptyResult") == "true",
                }  # fmt: skip
                break
            elif kind == "Record":
                live["wait"] = {
                    "kind": "record", "action": action, "seconds": float(attributes.get("timeout", 5)),
                    "until": time.time() + float(attributes.get("timeout", 5)), "finish": attributes.get("finishOnKey", "1234567890*#"),
                    "most": int(attributes.get("maxLength", 3600)), "status": attributes.get("recordingStatusCallback", ""),
                }  # fmt: skip
                break
            elif kind == "Redirect":
                self._keep(sid, live)
                self._fetch(sid, urljoin(live["url"], verb["text"]), {})
                return
            elif kind == "Dial" and verb["inside"][:1] and verb["inside"][0]["verb"] == "Conference":
                muted = verb["inside"][0]["with"].get("muted") == "true"
                heard = "只能听，您说话那边听不到" if muted else "您说话大家都听得到"
                self.store.caption(sid, "note", f"（接进会场，{heard}。试用电话里没有声音。）")
                live["wait"] = {
                    "kind": "conference", "action": action, "seconds": 0, "until": time.time() + 4 * 3600,
                    "star": attributes.get("hangupOnStar") == "true",
                }  # fmt: skip
                break
            elif kind == "Dial":
                leg: Row = next(iter(verb["inside"]), {"text": "", "with": {}})
                number, heard = (
                    verb["text"] or leg["text"],
                    self._whispered(sid, leg["with"].get("url"), live),
                )
                self.store.caption(sid, "note", f"（转接 {number}{heard}，没人接）")
                self._keep(sid, live)
                if "action" in attributes:
                    self._fetch(sid, action, {"DialCallStatus": "no-answer"})
                    return
            else:  # Hangup, Reject
                self._keep(sid, live)
                self._end(sid, "busy" if kind == "Reject" else "completed")
                return
        self._keep(sid, live)
        if live["wait"] is None:
            self._end(sid, "completed")

    def _whispered(self, sid: str, url: str | None, live: Row) -> str:
        """What the other end would hear before the two are connected."""
        if not url:
            return ""
        answer = self.network.ask(urljoin(live["url"], url), self._form(self._known(sid), {}))
        verbs = twiml.read(answer.content, answer.headers.get("Content-Type", "")) if answer else []
        said = "".join(verb["text"] for verb in verbs)
        return f"，那边先听到“{said}”" if said else ""

    def _speak(self, sid: str, verbs: list[twiml.Verb]) -> float:
        """Add to the captions; returns about how many seconds it takes to say. What is pieced together from clips and
        words is one caption up to the next silence, as it is heard."""
        length, parts = 0.0, list[Row]()
        for verb in verbs:
            words, silence = verb["text"], float(len(verb["inside"]))  # each <break> in a Say is a second
            if verb["verb"] == "Pause":
                silence = float(verb["with"].get("length", 1))
            elif verb["verb"] == "Say":
                parts.append({"words": words, "sound": ""})
                length += len(words) / 4
            else:
                sound = self.network.sound(words)
                if sound is None:
                    continue
                length += sound.seconds
                silence = 1.0 if sound.words == _SILENCE else 0.0
                parts.append({"words": "" if silence else sound.words, "sound": sound.url})
            if silence or not any(p["sound"] for p in parts):
                parts = self._caption(sid, parts)
            length += silence if verb["verb"] != "Play" else 0
        self._caption(sid, parts)
        return length

    def _caption(self, sid: str, parts: list[Row]) -> list[Row]:
        words = "".join(p["words"] for p in parts)
        if any(p["sound"] for p in parts):
            shown = words or parts[0]["sound"]
            self.store.caption(sid, "say" if words else "play", shown, json.dumps(parts))
        elif words:
            self.store.caption(sid, "say", words)
        return []

    def _gathered(self, sid: str, wait: Row, repeat: int = 0) -> None:
        digits = wait.get("digits", "")
        if digits or wait["empty"]:
            self._fetch(sid, wait["action"], {"Digits": digits, "msg": "Gather End"}, repeat)
        else:
            self._go_on(sid)

    def _recorded(self, sid: str, wait: Row, data: bytes, seconds: int, key: str) -> None:
        recording = new_sid("RE")
        data = data or tone(0)
        self.store.add("recordings", sid=recording, call=sid, seconds=seconds, data=data)
        account = f"/simulator/2010-04-01/Accounts/{self.config.account_sid}"
        address = f"{self.config.webhook_base}{account}/Recordings/{recording}"
        form = {
            "RecordingSid": recording, "RecordingUrl": address, "RecordingDuration": str(seconds),
            "RecordingStatus": "completed", "CallSid": sid, "AccountSid": self.config.account_sid,
        }  # fmt: skip
        if wait["status"]:
            status = urljoin(self._known(sid)["live"]["url"], wait["status"])
            self.network.call_back(recording, status, [form], self.network.behaviour())
        self._fetch(sid, wait["action"], {**form, "Digits": key})

    # -- ending -------------------------------------------------------------------------------

    def _end(self, sid: str, status: str) -> None:
        call = self._known(sid)
        if call["status"] not in LIVE:
            return
        self.store.change("calls", sid, status=status, ended=now(), live="{}")
        self._report(self._known(sid), status)

    def _report(self, call: Row, event: str) -> None:
        events = json.loads(call["events"] or "[]") or ["completed"]
        final = event in ("completed", "busy", "no-answer", "failed", "canceled")
        if not call["callback"] or (event not in events and not (final and "completed" in events)):
            return
        sequence = call["sequence"]
        self.store.change("calls", call["sid"], sequence=sequence + 1)
        status = "in-progress" if event == "answered" else event
        more = {
            "CallStatus": status, "SequenceNumber": str(sequence), "CallbackSource": "call-progress-events",
            "Timestamp": clock.now().strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }  # fmt: skip
        if final and call["answered"]:
            more["CallDuration"] = str(_seconds(call["answered"], call["ended"]))
        how = self.network.behaviour(call["receiver"])
        self.network.call_back(call["sid"], call["callback"], [self._form(call, more)], how)


def _seconds(begin: str, end: str | None) -> int:
    if not end:
        return 0
    return max(1, round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()))
