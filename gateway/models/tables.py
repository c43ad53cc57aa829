"""Imports every table, so that migrations and mappers see all of them."""

from gateway.models import (
    answer,
    area,
    consultation,
    conversation,
    followup,
    meeting,
    organizer,
    outreach,
    oversight,
    paper,
    participation,
    person,
    prompt,
    register,
    rules,
    topic,
)
from gateway.models.base import Base

__all__ = [
    "Base",
    "answer",
    "area",
    "consultation",
    "conversation",
    "followup",
    "meeting",
    "organizer",
    "outreach",
    "oversight",
    "paper",
    "participation",
    "person",
    "prompt",
    "register",
    "rules",
    "topic",
]
