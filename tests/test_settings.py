"""A bad value refuses to start, and says which and why."""

import stat
from pathlib import Path

import pytest

from gateway.settings import BadSetting, Settings, windows


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("QUIET_HOURS", "late", "QUIET_HOURS"),
        ("CALL_HOURS", "25:00-26:00", "CALL_HOURS"),
        ("PORT", "0", "PORT"),
        ("TIMEZONE", "Asia/Nowhere", "TIMEZONE"),
        ("LEASE_SECONDS", "1", "LEASE_SECONDS"),
        ("PUBLIC_URL", "example.org", "PUBLIC_URL"),
        ("SECRET_KEY", "short", "SECRET_KEY"),
        ("TWILIO_ACCOUNT_SID", "AC1", "TWILIO_AUTH_TOKEN"),
        ("HOTLINE_NUMBER", "abc", "HOTLINE_NUMBER"),
        ("SENDERS", "+8649900000012, the office", "SENDERS"),
        ("DEFAULT_LANGUAGE", "tlh", "DEFAULT_LANGUAGE"),
        ("MESSAGES_PER_SECOND", "inf", "MESSAGES_PER_SECOND"),
        ("CALLS_PER_SECOND", "nan", "CALLS_PER_SECOND"),
        ("SMS_PRICE", "nan", "SMS_PRICE"),
        ("CALL_HOURS", "20:00-24:30", "CALL_HOURS"),
        ("DATA_DIR", "", "DATA_DIR"),
        ("HOST", "nowhere.invalid", "HOST"),
        ("PUBLIC_URL", "https://two words", "PUBLIC_URL"),
        ("VOICE_PROMPTS", "robot", r"VOICE_PROMPTS \('robot'\): must be auto, say .* or recordings"),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=said):
        Settings.load()


def test_plain_http_to_a_carrier_is_allowed_only_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("TWILIO_ACCOUNT_SID", "AC1"),
        ("TWILIO_AUTH_TOKEN", "t"),
        ("HOTLINE_NUMBER", "+8649900000012"),
    ):
        monkeypatch.setenv(name, value)
    assert not Settings.load(twilio_api_url="http://127.0.0.1:9000").simulated
    with pytest.raises(BadSetting, match="https"):
        Settings.load(twilio_api_url="http://carrier.example")


def test_a_real_carrier_needs_to_know_where_we_are_unless_it_is_on_this_machine() -> None:
    account = {
        "twilio_account_sid": "AC1", "twilio_auth_token": "t", "hotline_number": "+8649900000012",
    }  # fmt: skip
    with pytest.raises(BadSetting, match="PUBLIC_URL"):
        Settings.load(**account)
    assert (
        Settings.load(**account, public_url="https://village.example").base_url == "https://village.example"
    )
    assert Settings.load(**account, twilio_api_url="http://127.0.0.1:9000", port=8123).base_url.endswith(
        ":8123"
    )


def test_hours_until_midnight_are_hours() -> None:
    assert windows("20:00-24:00,0:00-8:00") == ((1200, 1440), (0, 480))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("[::]", "http://[::1]:8000"),
    ],
)
def test_an_address_by_any_name_is_reached_on_this_machine(host: str, url: str) -> None:
    assert Settings.load(host=host).local_url == url


def test_a_refused_address_is_shown_without_its_password() -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.load(database_url="mysql://u:geheim@h/x")
    assert "geheim" not in str(refused.value) and "mysql://u:***@h/x" in str(refused.value)


def test_without_a_key_the_first_start_writes_one_that_only_we_can_read(tmp_path: Path) -> None:
    first = Settings.load(data_dir=tmp_path).master_key
    assert Settings.load(data_dir=tmp_path).master_key == first
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_postgres_address_means_psycopg_three() -> None:
    assert Settings.load(database_url="postgresql://u@h/d").database == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    "url", ["http://localhost.evil.example", "http://127.evil.example", "http://127.0.0.1.evil.example:80/x"]
)
def test_a_stranger_whose_name_begins_like_this_machine_gets_no_token(url: str) -> None:
    with pytest.raises(BadSetting, match="TWILIO_API_URL"):
        Settings.load(
            twilio_account_sid="AC1",
            twilio_auth_token="t",
            hotline_number="+8649900000012",
            twilio_api_url=url,
        )
