"""Papers printed for people without a screen: which, when, by whom, and the numbers on the ballot slips."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row


class Printing(Row, Base):
    """Append-only: one time a paper was printed. Ballot slips carry the numbers ``first`` to ``last``, each once."""

    __tablename__ = "printings"
    __table_args__ = (UniqueConstraint("consultation_id", "first"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    kind: Mapped[str]  # one of gateway.consultation.papers.KINDS
    first: Mapped[int | None]
    last: Mapped[int | None]
    by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
