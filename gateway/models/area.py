"""Areas: province / city / county / township / village or community, one tree."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway import clock
from gateway.models.base import Base, Row

LEVELS = ("province", "city", "county", "township", "village", "community", "group")
ROLLOUTS = ("", "pilot", "rolled_out", "settled")
ABOVE_VILLAGES = ("province", "city", "county", "township")


class Area(Row, Base):
    """A place with its own roster and organizers. ``path`` ("/XQ/NL/") makes a subtree one LIKE."""

    __tablename__ = "areas"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    level: Mapped[str] = mapped_column(default="village")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    path: Mapped[str] = mapped_column(index=True)
    signature: Mapped[str] = mapped_column(default="")  # without 【】, 2 to 8 characters
    duty_phone: Mapped[str | None]  # of the village office: public, not a resident's
    # when it is answered, as CALL_HOURS; "" = gateway.duty.HOURS. Monday to Friday, unless also at weekends
    office_hours: Mapped[str] = mapped_column(default="", server_default="")
    office_weekends: Mapped[bool] = mapped_column(default=False, server_default=false())
    languages: Mapped[list[str]] = mapped_column(default=list)
    profile: Mapped[list[str]] = mapped_column(default=list)
    stats: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # how far 协商 is here (policy I(4)): "" not begun | pilot | rolled_out | settled
    rollout: Mapped[str] = mapped_column(default="", server_default="")
    timezone: Mapped[str | None]  # where it isn't TIMEZONE
    needs_approval: Mapped[bool] = mapped_column(default=False)  # a second organizer lets broadcasts go
    monthly_budget: Mapped[int | None]  # in 厘 (a thousandth of a yuan); empty = none

    @property
    def zone(self) -> ZoneInfo:
        """Where its people live: a stated day begins and ends there."""
        return ZoneInfo(self.timezone) if self.timezone else clock.village_zone()

    @property
    def signed(self) -> str:
        """The signature as it opens an SMS: 【拟柳村委会】."""
        return f"【{self.signature or self.name}】"
