"""A claim costs what it takes, however many deliveries there are, and whatever PostgreSQL thinks of them just then."""

from sqlalchemy import text

from gateway import clock
from gateway.outreach import claiming
from gateway.runtime import Runtime
from tests.outreach.lanes import told

MANY = 20_000


def test_a_claim_reads_only_what_it_takes(postgres_village: Runtime) -> None:
    rt, broadcast = postgres_village, told(postgres_village)
    with rt.db.write() as s:
        s.execute(
            text(
                "INSERT INTO handsets (number, number_index, tail, kind, created_at)"
                " SELECT '\\x00', 'made-' || n, '0000', 'mobile', now() FROM generate_series(1, :n) AS n"
            ),
            {"n": MANY},
        )
        s.execute(
            text(
                "INSERT INTO deliveries"
                " (broadcast_id, handset_id, channel, lane, state, attempts, day_attempts, tries, due_at)"
                " SELECT :b, id, 'sms', 'bulk', 'planned', 0, 0, 0, :now FROM handsets WHERE number_index LIKE 'made-%'"
            ),
            {"b": broadcast, "now": clock.now()},
        )
        s.execute(text("ANALYZE deliveries"))
    with rt.db.write() as s:
        # what a worker's connection does after its tenth claim: no look at how many are wanted this time
        s.execute(text("SET LOCAL plan_cache_mode = 'force_generic_plan'"))
        taken = claiming._TAKE.all(
            s, broadcast=broadcast, lane="bulk", due=clock.now(), me="w1", size=400, to="claimed", submitted=None,
            number=None, lease=clock.now(),
        )  # fmt: skip
        read = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'deliveries'")
        assert len(taken) == 400 and s.execute(read).scalar() == 0
