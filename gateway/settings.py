"""Everything that can be configured, read from the environment once. The names are fixed: design, "Fixed names"."""

import fcntl
import os
import re
import secrets
import socket
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_WINDOW = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
# the whole host, not how it begins: the account's token goes there
_LOOPBACK = re.compile(r"http://(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?(?:/|$)")
_SPEAKS_MANDARIN = re.compile(r"https://(?:[\w-]+\.)*twilio\.com(?::\d+)?(?:/|$)|" + _LOOPBACK.pattern)
_NUMBER = re.compile(r"\+[1-9]\d{6,14}|\d{3,12}")
_DRAFT = re.compile(r"^draft\s*=\s*true", re.MULTILINE)  # words nobody has read yet who speaks them
SCRIPTS = Path(__file__).parent.parent / "ivr_scripts"
SIMULATOR_SID = "AC" + "5" * 32  # the make-believe account; a real one never looks like this


class CannotStart(Exception):
    """Why nothing was started, as one sentence for a person."""


class BadSetting(CannotStart):
    """A setting that can't be used; the message names it and says why."""


def concealed(url: str) -> str:
    """An address without the password in it, to be shown."""
    return re.sub(r"(://[^/@]*:)[^/]*@", r"\1***@", url)


def windows(text: str) -> tuple[tuple[int, int], ...]:
    """``"08:30-11:30,14:00-19:30"`` as pairs of minutes since midnight; empty text gives no window.

    Raises ValueError on anything else.
    """
    pairs = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        found = _WINDOW.fullmatch(part)
        if not found:
            raise ValueError(f"{part!r} is not a time window like 08:30-11:30")
        h1, m1, h2, m2 = map(int, found.groups())
        if max(h1 * 60 + m1, h2 * 60 + m2) > 24 * 60 or m1 > 59 or m2 > 59:
            raise ValueError(f"{part!r} is not a time of day")
        pairs.append((h1 * 60 + m1, h2 * 60 + m2))
    return tuple(pairs)


class Settings(BaseSettings):
    """One process's configuration. Build it with :meth:`load`, which words its refusals for a person."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False)

    data_dir: Path = Path("data")
    database_url: str = ""
    redis_url: str | None = None
    secret_key: str = ""
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)

    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_api_url: str = ""
    hotline_number: str = ""

    messages_per_second: float = Field(0, ge=0, allow_inf_nan=False)
    calls_per_second: float = Field(0, ge=0, allow_inf_nan=False)
    send_concurrency: int = Field(100, ge=1, le=1000)
    lease_seconds: int = Field(60, ge=5, le=3600)
    # seconds by which the carrier's list may be behind: absent before is no proof
    list_lag: float = Field(45, ge=5, allow_inf_nan=False)
    quiet_hours: str = "20:00-08:00"
    call_hours: str = "08:30-11:30,14:00-19:30"
    attempts_per_day: int = Field(2, ge=0)
    # seconds between two broadcast calls to one handset
    minimum_gap: float = Field(60, ge=0, allow_inf_nan=False)
    calls_at_once: int = Field(0, ge=0)  # calls under way at the same time; 0 = no cap
    ring_back: str = ""  # numbers that are never answered: whoever rings one is rung back
    senders: str = ""  # more numbers to send from, beside HOTLINE_NUMBER
    sms_price: float = Field(0.05, ge=0, allow_inf_nan=False)  # yuan a segment, for estimates and budgets
    call_price: float = Field(0.15, ge=0, allow_inf_nan=False)  # yuan a call
    recordings_url: str = ""  # s3://bucket/prefix?endpoint=https://…; empty = the data folder
    delete_at_carrier: bool = True  # a recording there, once our copy is safe
    timezone: str = "Asia/Shanghai"
    default_language: str = "zh-CN"
    voice_prompts: str = "auto"  # who speaks on the telephone: "say" the carrier, "recordings" we
    xiangyin_part: str = "all"  # "hotline" or "panel" when a process serves only that half

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """Read the environment, then ``overrides``; raises :class:`BadSetting` naming the first bad value."""
        given = {k: v for k, v in overrides.items() if v is not None}
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper() if first["loc"] else "settings"
            why = first["msg"].removeprefix("Value error, ")
            given_value = concealed(str(first["input"]))
            shown = "" if name in ("SECRET_KEY", "TWILIO_AUTH_TOKEN") else f" ({given_value!r})"
            which = f"{name}{shown}: {why}" if first["loc"] else why
            raise BadSetting(f"设置有误 / bad setting: {which}") from None

    @field_validator("data_dir", mode="before")
    @classmethod
    def _named_folder(cls, value: object) -> object:
        if not str(value).strip():
            raise ValueError("empty; leave it out for the folder “data”")
        return value

    @field_validator("host")
    @classmethod
    def _address_here(cls, value: str) -> str:
        """As an address: the web server takes no names."""
        try:
            found = socket.getaddrinfo(value.strip("[]"), None, type=socket.SOCK_STREAM)
        except OSError:
            raise ValueError("no such address") from None
        return str(min(found, key=lambda one: one[0] != socket.AF_INET)[4][0])

    @field_validator("hotline_number", "senders", "ring_back")
    @classmethod
    def _numbers(cls, value: str) -> str:
        for number in filter(None, (n.strip() for n in value.split(","))):
            if not _NUMBER.fullmatch(number):
                raise ValueError(f"{number!r} is not a number like +8649900000012, or a short code")
        return value.strip()

    @field_validator("default_language")
    @classmethod
    def _spoken_language(cls, value: str) -> str:
        spoken = [
            path.stem
            for path in SCRIPTS.glob("hotline/*.toml")
            if path.stem != "script" and not _DRAFT.search(path.read_text(encoding="utf-8"))
        ]
        if spoken and value not in spoken:
            raise ValueError(f"there are no words in that language; there are {', '.join(sorted(spoken))}")
        return value

    @field_validator("voice_prompts")
    @classmethod
    def _known_prompts(cls, value: str) -> str:
        if value not in ("auto", "say", "recordings"):
            raise ValueError("must be auto, say (the carrier's Mandarin voice) or recordings (ours)")
        return value

    @field_validator("quiet_hours", "call_hours")
    @classmethod
    def _readable_hours(cls, value: str) -> str:
        windows(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception:
            raise ValueError("no such time zone") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _our_database(cls, value: str) -> str:
        if value and not re.match(r"sqlite:///.|postgres(ql)?(\+psycopg)?://", value):
            raise ValueError("must be sqlite:///file or postgresql://user:password@host/name")
        return value

    @field_validator("recordings_url")
    @classmethod
    def _bucket(cls, value: str) -> str:
        if value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/[^?#\s]*)?(\?[^#\s]*)?", value):
            raise ValueError("must be like s3://bucket/prefix, with ?endpoint=https://… for other services")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: str | None) -> str | None:
        if value and not re.match(r"(rediss?://[^/\s]|unix:///?[^/\s])", value):
            raise ValueError("must be redis://host:port, rediss://host:port or unix:///path")
        return value or None

    @field_validator("public_url", "twilio_api_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", value):
            raise ValueError("must start with http:// or https:// and name a host")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if self.twilio_account_sid:
            if not self.twilio_auth_token:
                raise ValueError("TWILIO_AUTH_TOKEN: needed when TWILIO_ACCOUNT_SID is set")
            if not self.hotline_number:
                raise ValueError("HOTLINE_NUMBER: needed when TWILIO_ACCOUNT_SID is set")
            if self.twilio_api_url.startswith("http://") and not _LOOPBACK.match(self.twilio_api_url):
                raise ValueError("TWILIO_API_URL: plain http is allowed only on this machine; use https")
            if not self.public_url and not _LOOPBACK.match(self.twilio_api_url):
                raise ValueError("PUBLIC_URL: needed with a real carrier, which must reach us: https://…")
        if self.hotline in self.ring_back_numbers:
            raise ValueError("RING_BACK: the hotline itself must be answered; name another number")
        if self.secret_key and len(self.secret_key) < 16:
            raise ValueError("SECRET_KEY: at least 16 characters")
        self.data_dir = self.data_dir.expanduser().absolute()
        return self

    # -- derived ---------------------------------------------------------------

    @property
    def simulated(self) -> bool:
        """True when no real account is configured: the simulator is the carrier."""
        return not self.twilio_account_sid

    @property
    def database(self) -> str:
        """SQLAlchemy URL; ``postgres://`` and ``postgresql://`` mean psycopg 3."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'xiangyin.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def uploads(self) -> Path:
        """Where rosters wait, sealed, until somebody confirms them."""
        return self.data_dir / "uploads"

    @property
    def local_url(self) -> str:
        """Where this machine itself reaches the web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The public address carriers and browsers use, without a trailing slash."""
        return self.public_url or self.local_url

    @property
    def account_sid(self) -> str:
        return self.twilio_account_sid or SIMULATOR_SID

    @cached_property
    def auth_token(self) -> str:
        """The carrier's shared secret; the simulator's is derived, so no two installations share one."""
        if self.twilio_account_sid:
            return self.twilio_auth_token
        import hashlib

        return hashlib.sha256(b"simulator:" + self.master_key).hexdigest()[:32]

    @property
    def carrier_url(self) -> str:
        """Base of the carrier's REST API, without ``/2010-04-01``."""
        if self.simulated:
            return f"{self.local_url}/simulator"
        return self.twilio_api_url or "https://api.twilio.com"

    @property
    def hotline(self) -> str:
        return self.hotline_number or "+8649900000012"

    @property
    def plays_recordings(self) -> bool:
        """Whether calls are led with our recordings: asked for, or the carrier isn't known to have a Mandarin voice.
        Twilio has one (twilio.md §3), and so must what stands in for it on this machine."""
        if self.voice_prompts != "auto":
            return self.voice_prompts == "recordings"
        return self.simulated or not _SPEAKS_MANDARIN.match(self.carrier_url)

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The numbers broadcasts are sent from, the hotline first."""
        more = (number.strip() for number in self.senders.split(","))
        return tuple(dict.fromkeys([self.hotline, *filter(None, more)]))

    @cached_property
    def ring_back_numbers(self) -> frozenset[str]:
        """The simulator has one of its own."""
        given = {number.strip() for number in self.ring_back.split(",")} - {""}
        return frozenset(given or (["+8649900000013"] if self.simulated else []))

    @property
    def unhurried(self) -> bool:
        """The simulator's township is disturbed by nobody: hours and caps hold there only when asked for."""
        return self.simulated and not {"attempts_per_day", "minimum_gap"} & self.model_fields_set

    def any_hour(self, name: str) -> bool:
        """Whether the simulator sends at any hour: until these hours (``quiet_hours``, ``call_hours``) are set."""
        return self.simulated and name not in self.model_fields_set

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def master_key(self) -> bytes:
        """``SECRET_KEY``, or the key file that the first start writes with mode 600 in the data folder."""
        if self.secret_key:
            return self.secret_key.encode()
        path = self.data_dir / "secret.key"
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists() or path.stat().st_size == 0:  # an empty one never sealed anything
                _write_key(path)
            key = path.read_bytes().strip()
        except OSError as error:
            raise BadSetting(
                f"DATA_DIR：文件夹“{self.data_dir}”写不进去，请换一个 / can't write there, choose another folder ({error.strerror})"
            ) from None
        if len(key) < 16:
            raise BadSetting(f"the key file secret.key in {self.data_dir} is damaged")
        return key


def _write_key(path: Path) -> None:
    """Whole or not at all, also on a full disk; two processes that start together get the same one."""
    scratch = path.with_name(".secret.key")
    with os.fdopen(os.open(scratch, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_size:
            return  # the other one was first; what we opened is the key by now, or will be one never
        file.truncate()
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
        scratch.replace(path)
