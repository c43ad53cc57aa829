"""Fault tests run on processes; SQLite always, PostgreSQL where a kill or a restart could matter."""

import sys
from collections.abc import Callable

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They find the product's processes through /proc; a township is served from Linux."""
    if sys.platform != "linux":
        for item in items:
            if "tests/faults" in str(item.path):
                item.add_marker(
                    pytest.mark.skip(reason="finds processes through /proc, which only Linux has")
                )


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    """URL of an empty, migrated database: a file of its own, then one on the tests' server."""
    return new_database(request.param)
