"""A model of the whole procedure: random people do random things at random times, and what must never happen doesn't."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import (
    assemblies,
    ballots,
    clockwork,
    followup,
    guards,
    lifecycle,
    objections,
    opinions,
    reach,
    revisions,
    steps,
    verdicts,
)  # fmt: skip
from gateway.consultation.assemblies import Count
from gateway.consultation.refusal import Refused
from gateway.models.answer import Ballot, Objection, Opinion
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation, ConsultationEvent, Notice
from gateway.models.followup import Evaluation, Task
from gateway.models.meeting import Assembly
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.consultation.procedure import MIAO, OFFICER, answer_all, end_of, new, publish

# states from which nothing is published before a meeting has sat
NO_PUBLISHING = ("NO_CONSENSUS", "ASSEMBLY_FAILED_QUORUM")
START = "2026-06-01T02:00:00+00:00"
ACTORS = st.sampled_from(["cli", MIAO, MIAO, OFFICER, "qianxiaoman"])


class Procedure(RuleBasedStateMachine):
    """One matter of 样例里社区. Every step is tried by somebody; a refusal must change nothing."""

    village: Runtime
    seen: Counter[str]

    @initialize(
        wide=st.booleans(), commissioned=st.booleans(), assembly=st.sampled_from(["", "", "representatives"]),
        days=st.integers(1, 9),
    )  # fmt: skip
    def begin(self, wide: bool, commissioned: bool, assembly: str, days: int) -> None:
        self.travel = time_machine.travel(START, tick=False)
        self.clock = self.travel.start()
        self.scope = self.village.db.write()
        self.s: Session = self.scope.__enter__()
        more = {
            "wide_impact": wide,
            "commissioned_by": "镇民政办" if commissioned else "",
            "assembly": assembly,
        }
        self.c: Consultation = new(self.s, days=days, **more)
        self.people = self.s.scalars(select(Person).where(Person.area_id == self.c.area_id)).all()
        self.organizers = {o.login: o for o in self.s.scalars(select(Organizer))}
        self.refusals = 0

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            self.s.rollback()
            self.scope.__exit__(None, None, None)
            self.travel.stop()

    # ---- trying ---------------------------------------------------------------------------------

    def actor(self, login: str) -> str:
        return login if login == "cli" else f"organizer:{self.organizers[login].id}"

    def attempt(self, what: Callable[[], Any]) -> None:
        """It happens whole, or not at all."""
        before, events = self.c.state, self._events()
        try:
            with self.s.begin_nested():
                what()
        except Refused as no:
            self.s.refresh(self.c)
            assert no.why and (self.c.state, self._events()) == (before, events)
            self.refusals += 1

    def _events(self) -> int:
        mine = select(func.count()).where(ConsultationEvent.consultation_id == self.c.id)
        return self.s.scalar(mine) or 0

    # ---- what people do ----------------------------------------------------------------------------

    @rule(hours=st.integers(1, 24 * 6))
    def time_passes(self, hours: int) -> None:
        self.clock.shift(timedelta(hours=hours))
        clockwork.tick(self.s)

    @rule(who=ACTORS)
    def announce(self, who: str) -> None:
        self.attempt(lambda: steps.announce(self.s, self.c, self.actor(who)))

    @rule(n=st.integers(0, 9), option=st.sampled_from("12"))
    def somebody_answers(self, n: int, option: str) -> None:
        open_now = self.c.open_for_answers or (self.c.state == "NOTICED")
        person, before = self.people[n % len(self.people)], self._ballots()
        self.attempt(lambda: ballots.cast(self.s, self.c, person, option, "sms"))
        if not open_now:
            assert self._ballots() == before

    def _ballots(self) -> list[tuple[int, str]]:
        rows = select(Ballot.person_id, Ballot.option).where(Ballot.consultation_id == self.c.id)
        return [tuple(row) for row in self.s.execute(rows.order_by(Ballot.person_id))]

    @rule(n=st.integers(0, 3))
    def somebody_objects(self, n: int) -> None:
        person = self.people[n % len(self.people)]
        self.attempt(lambda: objections.open_(self.s, self.c, person, "不同意", "sms"))

    @rule(who=st.sampled_from([MIAO, OFFICER]), how=st.sampled_from(["explain", "withdraw", "resolve"]))
    def an_objection_is_settled(self, who: str, how: str) -> None:
        mine = select(Objection).where(Objection.consultation_id == self.c.id, Objection.state == "open")
        found = self.s.scalars(mine.limit(1)).first()
        if found is None:
            return
        o = self.organizers[who]
        self.attempt(
            lambda: objections.explain(self.s, found, "改了", o) if how == "explain"
            else objections.resolve(self.s, found, o, "当面说开了") if how == "resolve"
            else objections.withdraw(self.s, found, f"resident:{found.person_id}")
        )  # fmt: skip

    @rule(who=ACTORS, event=st.sampled_from(["hear", "talk", "minutes", "close", "no_agreement", "report", "suspend", "resume", "withdraw", "amend", "revise"]))  # fmt: skip
    def a_step_is_taken(self, who: str, event: str) -> None:
        s, c, actor, why = self.s, self.c, self.actor(who), "写明了原因"
        do: dict[str, Callable[[], Any]] = {
            "hear": lambda: steps.hear(s, c, actor),
            "talk": lambda: steps.hear(s, c, actor, small=True),
            "minutes": lambda: steps.keep_minutes(s, c, actor, why),
            "close": lambda: steps.close_early(s, c, actor, why),
            "no_agreement": lambda: steps.no_agreement(s, c, actor, why),
            "report": lambda: followup.report(s, c, actor, why),
            "suspend": lambda: steps.suspend(s, c, actor, why),
            "resume": lambda: steps.resume(s, c, actor),
            "withdraw": lambda: steps.withdraw(s, c, actor, why),
            "amend": lambda: revisions.amend(s, c, actor, why),
            "revise": lambda: revisions.revise(s, c, actor, why),
        }
        self.attempt(do[event])

    @rule(steps_=st.integers(1, 3))
    def it_goes_on(self, steps_: int) -> None:
        """The natural next step always works: nothing can get stuck where nobody can get it out."""
        for _ in range(steps_):
            before = self._events()
            if self.c.state not in lifecycle.OVER:
                self.on_from_here()
                assert self._events() > before, self.c.state

    def on_from_here(self) -> None:
        s, c, state = self.s, self.c, self.c.state
        if state == "ACCEPTED":
            if c.closes_at and c.closes_at <= clock.now():
                c.closes_at = end_of(5)
            steps.announce(s, c, "cli")
        elif state in ("HEARING", "SMALL_GROUP_TALK"):
            steps.keep_minutes(s, c, "cli", "都说了")
        elif state in (*GATHERING, "NOTICED"):
            self.until(c.falls_due)
        elif state in ("PUBLICITY", "EXPLAINED"):
            self.somebody_knocks_at_every_door()
            self.until(c.falls_due)
        elif state == "OBJECTED":
            mine = select(Objection).where(Objection.consultation_id == c.id, Objection.state == "open")
            for objection in s.scalars(mine).all():
                objections.resolve(s, objection, self.organizers[MIAO], "当面说开了")
        elif state == "SUSPENDED":
            steps.resume(s, c, "cli")
        elif state == "CORRECTION_ORDERED":
            revisions.revise(s, c, "cli", "改好了")
        elif state in IN_FORCE:
            self.carried_out()
        else:
            self.towards_publicity()

    def until(self, moment: datetime | None) -> None:
        assert moment is not None
        self.clock.move_to(max(moment, clock.now()) + timedelta(seconds=1))
        clockwork.tick(self.s)

    def towards_publicity(self) -> None:
        s, c = self.s, self.c
        waiting = s.scalars(
            select(Assembly).where(Assembly.consultation_id == c.id, Assembly.outcome == "")
        ).all()
        if c.state == "ASSEMBLY" and waiting:
            self.clock.move_to(max(waiting[-1].starts_at, clock.now()) + timedelta(hours=2))
            assemblies.count(s, c, waiting[-1], "cli", Count(30, 20, 10, 0), minutes="都说了")
            return
        wanted = (
            lifecycle.forbidden(s, c, "publish") if c.state not in NO_PUBLISHING else guards.NEEDS_ASSEMBLY
        )
        if wanted is guards.NEEDS_ASSEMBLY:
            wanted = lifecycle.forbidden(s, c, "escalate") or wanted
        if wanted is guards.NO_HEARING:
            steps.hear(s, c, "cli")
        elif wanted is guards.NOT_REPORTED:
            followup.report(s, c, "cli", "送去了")
        elif wanted is not None and wanted.code == guards.UNANSWERED:
            answer_all(s, c)
        elif wanted is guards.NEEDS_ASSEMBLY:
            at = end_of(12) - timedelta(hours=12)
            assemblies.call(s, c, "cli", body="representatives", starts_at=at, place="社区", members=30)
        else:
            publish(s, c)

    def carried_out(self) -> None:
        s, c = self.s, self.c
        for task in s.scalars(select(Task).where(Task.consultation_id == c.id, Task.done_at.is_(None))).all():
            followup.finish(s, task, "cli", "亮了")
        if c.state == "EFFECTIVE":
            followup.plan(s, c, "cli", "装灯", "电工", end_of(9))
        elif c.state == "IMPLEMENTING":
            followup.disclose(s, c, "cli", "灯亮了", ["board"])
        elif c.state == "DISCLOSED":
            followup.evaluate(s, c, "cli", evaluator="农大", findings="都好", summary="都好")
        elif c.state == "EVALUATED":
            made = s.scalars(select(Evaluation).where(Evaluation.consultation_id == c.id)).all()[-1]
            for whom in ("party", "committee", "supervision"):
                followup.report_to(s, made, whom)
            answer_all(s, c)
            followup.close_file(s, c, "cli")

    @rule(n=st.integers(0, 9), late=st.booleans())
    def somebody_says_something(self, n: int, late: bool) -> None:
        kind = "late_objection" if late else "opinion"
        self.attempt(
            lambda: opinions.add(
                self.s, consultation=self.c, person=self.people[n % len(self.people)], handset_id=None,
                words="灯要够亮", channel="sms", kind=kind,
            )
        )  # fmt: skip

    @rule(who=ACTORS, verdict=st.sampled_from(["adopted", "partly", "not", "maybe"]))
    def opinions_are_answered(self, who: str, verdict: str) -> None:
        ids = list(self.s.scalars(verdicts.waiting(self.c).with_only_columns(Opinion.id)))
        left = guards.unanswered(self.s, self.c)
        self.attempt(lambda: verdicts.answer(self.s, self.c, ids, verdict, "写进去了", self.actor(who)))
        assert guards.unanswered(self.s, self.c) in (0, left)

    @rule(who=ACTORS, days=st.integers(1, 8))
    def the_result_is_published(self, who: str, days: int) -> None:
        self.attempt(lambda: publish(self.s, self.c, public=days, actor=self.actor(who)))

    @precondition(lambda self: self.c.in_publicity)
    @rule()
    def somebody_knocks_at_every_door(self) -> None:
        for door in reach.doors(self.s, self.c):
            reach.visit(self.s, self.c, door.home, "cli")

    @rule(who=ACTORS, days=st.integers(8, 14), noted=st.booleans())
    def a_meeting_is_called(self, who: str, days: int, noted: bool) -> None:
        if noted and self.c.state == "OBJECTED":
            assemblies.note(self.s, self.c, "cli", "可以上会")
        at = end_of(days) - timedelta(hours=12)
        facts = {"body": "representatives", "starts_at": at, "place": "社区", "members": 30}
        self.attempt(lambda: assemblies.call(self.s, self.c, self.actor(who), **facts))

    @precondition(lambda self: self.c.state == "ASSEMBLY")
    @rule(present=st.integers(17, 30), agree=st.integers(8, 30))
    def a_meeting_is_counted(self, present: int, agree: int) -> None:
        meeting = self.s.scalars(
            select(Assembly).where(Assembly.outcome == "").order_by(Assembly.id.desc())
        ).first()
        if meeting is None or meeting.consultation_id != self.c.id:
            return
        given = Count(present, min(agree, present), 0, 0)
        self.attempt(lambda: assemblies.count(self.s, self.c, meeting, "cli", given, minutes="都说了"))

    @rule(who=st.sampled_from([MIAO, OFFICER]), annul=st.booleans())
    def the_township_corrects(self, who: str, annul: bool) -> None:
        actor = self.actor(who)
        if annul:
            self.attempt(lambda: revisions.annul(self.s, self.c, actor, "不合法"))
        else:
            self.attempt(
                lambda: revisions.order_correction(self.s, self.c, actor, "村委会组织法27条", "外嫁女也有份")
            )

    @rule(what=st.sampled_from(["plan", "finish", "disclose", "evaluate", "tell", "file"]))
    def it_is_carried_out(self, what: str) -> None:
        s, c = self.s, self.c
        task = s.scalars(select(Task).where(Task.consultation_id == c.id, Task.done_at.is_(None))).first()
        made = s.scalars(select(Evaluation).where(Evaluation.consultation_id == c.id)).first()
        if what == "plan":
            self.attempt(lambda: followup.plan(s, c, "cli", "装灯", "电工", end_of(9)))
        elif what == "finish" and task:
            self.attempt(lambda: followup.finish(s, task, "cli", "亮了"))
        elif what == "disclose":
            self.attempt(lambda: followup.disclose(s, c, "cli", "灯亮了", ["board"]))
        elif what == "evaluate":
            facts = {"evaluator": "农大", "findings": "都好", "summary": "都好"}
            self.attempt(lambda: followup.evaluate(s, c, "cli", **facts))
        elif what == "tell" and made:
            for whom in ("party", "committee", "supervision"):
                followup.report_to(s, made, whom)
        elif what == "file":
            self.attempt(lambda: followup.close_file(s, c, "cli"))

    # ---- what must never happen ----------------------------------------------------------------------

    @invariant()
    def note_the_state(self) -> None:
        if hasattr(self, "c"):
            self.seen[self.c.state] += 1

    @invariant()
    def the_history_is_a_path_of_the_table(self) -> None:
        if not hasattr(self, "c"):
            return
        events = lifecycle.history(self.s, self.c)
        state, suspended = events[0].to_state, ""
        for e in events[1:]:
            assert e.from_state == state
            if e.event in lifecycle.TABLE:
                step = lifecycle.TABLE[e.event]
                assert e.from_state in step.starts
                want = {"": e.from_state, lifecycle.BACK: suspended}.get(step.target, step.target)
                assert e.to_state == want
                suspended = e.from_state if e.event == "suspend" else suspended
            state = e.to_state
        assert state == self.c.state

    @invariant()
    def times_in_the_history_never_run_backwards_but_for_a_late_clock(self) -> None:
        if hasattr(self, "c"):
            clocked = [e for e in lifecycle.history(self.s, self.c) if e.actor == "clock"]
            assert all(e.created_at <= clock.now() for e in clocked)

    @invariant()
    def whoever_has_the_turn_has_a_deadline(self) -> None:
        if hasattr(self, "c"):
            over = self.c.state in lifecycle.OVER
            assert over == (lifecycle.owner(self.c) == "")
            if not over:
                assert lifecycle.deadline(self.c) is not None

    @invariant()
    def nothing_is_in_force_that_was_not_published_reached_and_unopposed(self) -> None:
        if not hasattr(self, "c") or self.c.state not in IN_FORCE:
            return
        events = [e.event for e in lifecycle.history(self.s, self.c)]
        assert "publish" in events and "take_effect" in events
        assert events.index("publish") < events.index("take_effect")
        if self.c.assembly:
            assert "pass" in events
        if self.c.wide_impact:
            assert "minutes" in events
        if self.c.commissioned_by:
            assert "report" in events
        if self.c.state == "EFFECTIVE":
            assert objections.still_open(self.s, self.c) == 0
            assert reach.reach(self.s, self.c).enough

    @invariant()
    def a_file_is_closed_with_every_opinion_answered(self) -> None:
        if hasattr(self, "c") and self.c.state == "CLOSED":
            closed = guards.happened(self.s, self.c, "file")
            before = select(func.count()).where(
                Opinion.consultation_id == self.c.id,
                Opinion.verdict == "",
                Opinion.created_at < closed.created_at,  # type: ignore[union-attr]
            )
            assert self.s.scalar(before) == 0

    @invariant()
    def a_stopped_countdown_keeps_what_was_left_of_it(self) -> None:
        if hasattr(self, "c") and self.c.state == "OBJECTED":
            assert self.c.publicity_left is not None and self.c.publicity_left >= 0

    @invariant()
    def nobody_answers_twice(self) -> None:
        if hasattr(self, "c"):
            people = [person for person, _option in self._ballots()]
            assert len(people) == len(set(people))

    @invariant()
    def what_ended_before_its_time_was_told_to_those_who_had_heard_of_it(self) -> None:
        if not hasattr(self, "c"):
            return
        told = set(self.s.scalars(select(Notice.stage).where(Notice.consultation_id == self.c.id)))
        ends = {"WITHDRAWN": "withdrawn", "REJECTED": "rejected", "ANNULLED": "annulled"}
        if self.c.state in ends and "notice" in told:
            assert ends[self.c.state] in told

    @invariant()
    def answers_count_only_while_gathering(self) -> None:
        if hasattr(self, "c"):
            assert self.c.open_for_answers <= (self.c.state in GATHERING)


def walk(village: Runtime, examples: int, length: int) -> Counter[str]:
    """Returns how often each state was met."""
    seen: Counter[str] = Counter()
    case = type("ProcedureHere", (Procedure,), {"village": village, "seen": seen}).TestCase  # type: ignore[attr-defined]
    case.settings = settings(
        max_examples=examples, stateful_step_count=length, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    case("runTest").runTest()
    return seen


def test_whatever_happens_what_must_never_happen_does_not(village: Runtime) -> None:
    seen = walk(village, 25, 40)
    print(seen)
    assert len(seen) >= 12, seen


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_whatever_happens_for_long_what_must_never_happen_does_not(village: Runtime) -> None:
    seen = walk(village, 1500, 80)
    assert set(seen) == set(lifecycle.STATES) - {"PROPOSED", "DECLINED"}, set(lifecycle.STATES) - set(seen)
