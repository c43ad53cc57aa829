"""What one process holds: settings, database, scripts, and the ways to the carrier and to Redis."""

from contextlib import suppress

import redis
import structlog
from sqlalchemy.orm import Session

from gateway import clock, queue
from gateway.carriers.base import Carrier
from gateway.carriers.twilio import TwilioCarrier
from gateway.db import Database, migrate, use_vault
from gateway.models import tables
from gateway.people import alarms
from gateway.settings import Settings
from gateway.spoken.prompts import Prompts
from gateway.store import Store, open_store
from gateway.vault import Vault

log = structlog.get_logger()
__all__ = ["Runtime", "tables"]  # importing the tables is what lets mappers find each other


class Runtime:
    """Handed to every door (web, worker, clock, command line). Make it with :meth:`open`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.db = settings, database
        self._redis: redis.Redis | None = None
        self.prompts = Prompts(settings)
        self._store: Store | None = None

    @classmethod
    def open(cls, settings: Settings | None = None, *, migrated: bool = False) -> "Runtime":
        """Read the settings, load the keys, migrate the database (under a lock) and connect to it."""
        settings = settings or Settings.load()
        use_vault(Vault(settings.master_key))
        clock.use_zone(settings.zone)
        clock.use_trial_clock(settings.data_dir if settings.simulated else None)
        if not migrated:
            migrate(settings.database)
        rt = cls(settings, Database(settings.database))
        if settings.recordings_url:
            _ = rt.store  # an extra that is missing is said at start, not to the first resident who speaks
        return rt

    def make_carrier(self) -> Carrier:
        """A fresh connection to the carrier, for one event loop; close it when done."""
        st = self.settings
        return TwilioCarrier(
            st.account_sid,
            st.auth_token,
            st.hotline,
            base_url=st.carrier_url,
            concurrency=st.send_concurrency,
        )

    @property
    def store(self) -> Store:
        """Where sounds lie."""
        if self._store is None:
            self._store = open_store(self.settings)
        return self._store

    def redis(self) -> redis.Redis:
        if self._redis is None:
            self._redis = queue.connect(queue.redis_url(self.settings))
        return self._redis

    def wake(self, *lanes: str) -> None:
        """Tell workers that something may be due. If Redis is away, the clock's sweep tells them later."""
        for lane in lanes:
            try:
                queue.wake(self.redis(), lane)
            except Exception as error:  # nothing that matters is in Redis
                log.warning("could not wake a worker", lane=lane, error=type(error).__name__)

    def wake_speaker(self) -> None:
        """Let a worker render what is wanted; the clock asks again where this fails."""
        try:
            queue.wake_speaker(self.redis())
        except Exception as error:  # nothing that matters is in Redis
            log.warning("could not wake the speaker", error=type(error).__name__)

    def messages_wait(self) -> bool:
        """Whether the lane in which rendering is done has something else to do; unknown counts as yes."""
        try:
            return queue.messages_wait(self.redis())
        except redis.RedisError:
            return True

    # -- alarms: shown on the panel until the cause is gone ------------------------

    def raise_alarm(self, name: str, words: str) -> None:
        with self.db.write() as s:
            alarms.ring(s, name, words)

    def clear_alarm(self, name: str) -> None:
        with self.db.write() as s:
            alarms.clear(s, name)

    @staticmethod
    def alarms(s: Session) -> list[str]:
        """Alarms in words an organizer understands."""
        return alarms.words(s)

    def close(self) -> None:
        self.db.close()
        if self._redis is not None:
            with suppress(redis.RedisError):
                self._redis.close()
