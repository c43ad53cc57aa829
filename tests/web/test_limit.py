"""One handset can't drown the others."""

from gateway.web.limit import Buckets


def test_a_flood_is_cut_and_the_neighbour_is_heard() -> None:
    buckets = Buckets(rate=10, burst=100)
    heard = [buckets.take("+8619900000104", now=0) for _ in range(150)]
    assert heard == [True] * 100 + [False] * 50
    assert buckets.take("+8619900000105", now=0)
    assert [buckets.take("+8619900000104", now=0.5) for _ in range(6)] == [True] * 5 + [False]
