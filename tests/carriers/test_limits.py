"""What other carriers take less of than Twilio."""

import asyncio
from collections.abc import Iterator

import pytest

from gateway.carriers.base import Accepted
from gateway.carriers.twilio import TwilioCarrier
from tests.conftest import SUN
from tests.servers import HOTLINE, SID, TOKEN, Carrier


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    yield found
    found.stop()


async def _send(carrier: Carrier, valid_seconds: int) -> Accepted:
    ours = TwilioCarrier(SID, TOKEN, HOTLINE, base_url=carrier.url)
    try:
        return await ours.send_sms(SUN.phone, "明天停水", callback="", valid_seconds=valid_seconds)
    finally:
        await ours.close()


@pytest.mark.parametrize("seconds", [36000, 20000, 14400, 600, 1])
def test_no_message_is_refused_because_it_may_arrive_late(carrier: Carrier, seconds: int) -> None:
    carrier.behave(valid_most=14400)  # as Somleng
    assert asyncio.run(_send(carrier, seconds)).carrier_id
