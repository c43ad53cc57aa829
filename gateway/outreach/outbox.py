"""Send what is due: claim, pace, submit, ask the carrier, settle, all at the same time.

Twilio's create calls have no idempotency key (twilio.md §2), so ``submitting`` is committed before the
request leaves. After that only a callback, or the carrier's own list, says what became of it.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.carriers.base import Carrier, Failure
from gateway.outreach import claiming, settling
from gateway.outreach.claiming import Item
from gateway.outreach.pacing import AHEAD, Pace
from gateway.outreach.settling import Outcome
from gateway.runtime import Runtime
from gateway.text import segments

log = structlog.get_logger()
BATCH = 1000  # deliveries claimed at once: one statement's price is shared, memory stays flat
_FLUSH = 0.1  # seconds between settling transactions while requests come back
_CHUNK = 500  # submitted at once, at most
_SETTLE_TRIES = 20  # a full disk or a restarting database may come back; half a second between tries


def drain(rt: Runtime, lane: str, stopping: Callable[[], bool] = lambda: False) -> int:
    """Send everything that is due in this lane; returns how many requests were made.

    ``stopping`` is asked between chunks. Many workers may drain one lane: rows are claimed, never looked at
    and then taken.
    """
    gc.freeze()  # what was loaded so far stays: looking through it again costs a third of a claim
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(Drain(rt, lane, stopping).run())


def _fast_loop() -> Any:
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


class Drain:
    """One run of one worker over one lane."""

    def __init__(self, rt: Runtime, lane: str, stopping: Callable[[], bool]) -> None:
        self.rt, self.lane, self.stopping = rt, lane, stopping
        st = rt.settings
        self.rate = st.calls_per_second if lane == "calls" else st.messages_per_second
        self.pace = Pace(rt.redis(), self.rate)
        self.senders = st.send_concurrency
        # short, since what is submitted shall be on its way at once: so many are asked about after a crash
        self.chunk = min(_CHUNK, 4 * self.senders)
        # no longer than there are senders: what was handed over when somebody presses pause still leaves
        self.ready: asyncio.Queue[Item | None] = asyncio.Queue(self.senders)
        self.outcomes: deque[Outcome] = deque()
        self.sent = self.accepted = 0
        self.refused: Failure | None = None  # the carrier doesn't know us: stop everything
        self.finished = False
        self.pulse, self.overslept = time.monotonic(), False

    async def run(self) -> int:
        carrier = self.rt.make_carrier()
        self.settler = asyncio.create_task(self._settle())
        pulse = asyncio.create_task(self._beat())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._feed())
                for _ in range(self.senders):
                    group.create_task(self._send(carrier))
        finally:
            self.finished = True
            pulse.cancel()
            try:
                await self.settler
            finally:
                await carrier.close()
        if self.refused is not None:
            log.error("the carrier refuses our credentials, sending stopped", code=self.refused.code)
            await asyncio.to_thread(claiming.hold, self.rt, self.refused.words)
        elif self.accepted:
            await asyncio.to_thread(self.rt.clear_alarm, "carrier")
        return self.sent

    # -- claim and submit --------------------------------------------------------------------

    async def _feed(self) -> None:
        turn = idle = 0
        try:
            while not self._halted():
                sources = await asyncio.to_thread(self._sources)
                if not sources:
                    return
                turn += 1  # broadcasts take turns, a batch each
                moved = await self._take(sources[turn % len(sources)])
                idle = 0 if moved else idle + 1
                if idle == len(sources):
                    return  # the clock wakes us again
        except SQLAlchemyError as error:
            # what is on its way shall come to its end; the clock starts the next drain
            log.warning("the database is away, this drain ends", error=type(error).__name__)
        finally:
            for _ in range(self.senders):
                await self.ready.put(None)

    def _halted(self) -> bool:
        # nothing more is sent when nobody can write down what became of it
        return self.stopping() or self.refused is not None or self.settler.done() or self._slept()

    def _slept(self) -> bool:
        """Stopped for so long (a frozen machine, SIGSTOP) that the sweep may have planned again what is in our
        hands: then take nothing more until the late answers are written down, which is the next drain."""
        if time.monotonic() - self.pulse > self.rt.settings.lease_seconds / 2:
            self.overslept = True
        return self.overslept

    async def _beat(self) -> None:
        while not self._slept():
            self.pulse = time.monotonic()
            await asyncio.sleep(0.2)

    def _sources(self) -> list[claiming.Source]:
        with self.rt.db.read() as s:
            return claiming.sources(s, self.rt.settings, self.lane)

    def _batch(self) -> int:
        # a capped lane claims what it can send well within the lease
        return min(BATCH, max(1, int(self.rate * self.rt.settings.lease_seconds / 4))) if self.rate else BATCH

    async def _take(self, source: claiming.Source) -> bool:
        """Claim a batch of one source and see it on its way; False when there was nothing to claim."""
        if self.rate or self.lane == "calls":
            items = await asyncio.to_thread(claiming.claim, self.rt, source, self._batch())
            await self._submit(deque(items or ()))
            return items is not None
        taken = 0
        while taken < BATCH and not self._halted():
            items = await asyncio.to_thread(claiming.claim, self.rt, source, self.chunk, straight=True)
            if items is None:
                break
            taken += self.chunk
            for item in items:
                await self.ready.put(item)
        return taken > 0

    async def _submit(self, items: deque[Item]) -> None:
        while items and not self._halted():
            chunk = self._next_chunk(items)
            wait = await self._reserve(chunk)
            if wait > AHEAD:
                await asyncio.sleep(wait - AHEAD)
            if time.monotonic() >= chunk[0].until or self._halted():
                items.extendleft(reversed(chunk))
                break
            submitted = await asyncio.to_thread(claiming.submit, self.rt, chunk)
            if not submitted:  # paused or cancelled meanwhile
                items.extendleft(reversed(chunk))
                break
            for item in submitted:
                await self.ready.put(item)
        if items:
            await asyncio.to_thread(claiming.give_back, self.rt, list(items))

    def _next_chunk(self, items: deque[Item]) -> list[Item]:
        """As many as may leave together: one number's, when each number has its own pace."""
        if not self.rate:
            return [items.popleft() for _ in range(min(self.chunk, len(items)))]
        first = items.popleft()
        chunk = [first]
        most = self.pace.room(self._cost(first))
        while items and len(chunk) < most and self._bucket(items[0]) == self._bucket(first):
            chunk.append(items.popleft())
        return chunk

    def _bucket(self, item: Item) -> str:
        return "calls" if self.lane == "calls" else item.sender

    def _cost(self, item: Item) -> int:
        return 1 if item.channel == "voice" else segments(item.body).count

    async def _reserve(self, chunk: list[Item]) -> float:
        if not self.rate:
            return 0.0
        cost = sum(map(self._cost, chunk))
        return await asyncio.to_thread(self.pace.reserve, self._bucket(chunk[0]), cost)

    # -- ask the carrier -----------------------------------------------------------------------

    async def _send(self, carrier: Carrier) -> None:
        base = self.rt.settings.base_url
        while (item := await self.ready.get()) is not None:
            if time.monotonic() >= item.until:
                continue  # held up beyond its lease: the sweep looks after it, sending now might be twice
            if self.refused is not None:  # the carrier doesn't know us: no need to ask it of each
                self.outcomes.append(Outcome(item, failure=self.refused))
                continue
            self.sent += 1
            mark = f"d={item.id}&n={item.attempt}"
            try:
                if item.channel == "sms":
                    accepted = await carrier.send_sms(
                        item.to,
                        item.body,
                        sender=item.sender,
                        callback=f"{base}/twilio/status/message?{mark}",
                        valid_seconds=item.valid,
                        before=item.until,
                    )
                else:
                    accepted = await carrier.place_call(
                        item.to,
                        sender=item.sender,
                        url=f"{base}/twilio/voice?{mark}",
                        callback=f"{base}/twilio/status/call?{mark}",
                        detect=item.detect,
                        before=item.until,
                    )
                self.accepted += 1
                self.outcomes.append(Outcome(item, accepted=accepted))
            except Failure as failure:
                self.outcomes.append(Outcome(item, failure=failure))
                if failure.stop:
                    self.refused = failure

    # -- write down ----------------------------------------------------------------------------

    async def _settle(self) -> None:
        failures = 0
        while True:
            done = self.finished
            if self.outcomes:
                batch = list(islice(self.outcomes, BATCH))
                try:
                    await asyncio.to_thread(settling.settle, self.rt, batch)
                except SQLAlchemyError as error:
                    failures += 1
                    log.warning(
                        "results could not be written down", error=type(error).__name__, tries=failures
                    )
                    if failures == _SETTLE_TRIES:
                        raise
                    await asyncio.sleep(0.5)
                    continue
                failures = 0
                for _ in batch:
                    self.outcomes.popleft()
            if done and not self.outcomes:
                return
            if len(self.outcomes) < BATCH and not self.finished:
                await asyncio.sleep(_FLUSH)
