"""Where sounds lie: a folder of the data folder, or S3 and what speaks its protocol (extra ``s3``)."""

import os
import re
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from gateway.settings import BadSetting, Settings

_NAME = re.compile(r"(?:recordings|sounds|assessments)/[0-9a-z][0-9a-z.-]{0,80}")


class Store(Protocol):
    """Names are ``recordings/12.wav``, ``sounds/<digest>.wav`` and ``assessments/3.pdf``. Whatever fails raises OSError."""

    def put(self, name: str, data: bytes) -> None:
        """Keep it, whole or not at all; when this returns, it is safe."""

    def get(self, name: str) -> bytes:
        """Raises FileNotFoundError when it isn't there."""


class Folder:
    """A folder on this machine, readable by its owner only."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, data: bytes) -> None:
        path = self.root / _checked(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # the carrier's is deleted because of this one
        scratch.replace(path)

    def get(self, name: str) -> bytes:
        return (self.root / _checked(name)).read_bytes()


class Bucket:
    """S3. What was kept in the folder before, and isn't in the bucket, is still found there."""

    def __init__(self, url: str, before: Folder) -> None:
        """``s3://bucket/prefix``, with ``?endpoint=https://…&region=…`` for other services. The keys come from boto3's
        usual places (AWS_ACCESS_KEY_ID and so on). Raises :class:`BadSetting` without the extra."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise BadSetting(
                "RECORDINGS_URL: 存到 S3 要先装 xiangyin[s3] / S3 needs the extra: pip install 'xiangyin[s3]'"
            ) from None
        where, self._before = urlsplit(url), before
        more = {name: values[0] for name, values in parse_qs(where.query).items()}
        self._bucket, self._prefix = where.netloc, where.path.strip("/")
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=more.get("endpoint"),
            region_name=more.get("region") or os.environ.get("AWS_REGION") or "us-east-1",
            config=Config(
                connect_timeout=5, read_timeout=20, retries={"max_attempts": 2},
                request_checksum_calculation="when_required", response_checksum_validation="when_required",
                s3={"addressing_style": "path" if "endpoint" in more else "auto"},
            ),
        )  # fmt: skip

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{_checked(name)}".lstrip("/")

    def put(self, name: str, data: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=data)
        except Exception as error:  # boto3's errors have no common ancestor worth naming
            raise OSError(f"S3: {type(error).__name__}") from error

    def get(self, name: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            data: bytes = answer["Body"].read()
            return data
        except Exception as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
            if code in ("NoSuchKey", "404"):
                return self._before.get(name)
            raise OSError(f"S3: {code or type(error).__name__}") from error


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or ".." in name:
        raise FileNotFoundError(name)
    return name


def open_store(settings: Settings) -> Store:
    """As ``RECORDINGS_URL`` says; empty means the data folder. Raises :class:`BadSetting`."""
    folder = Folder(settings.data_dir)
    return Bucket(settings.recordings_url, folder) if settings.recordings_url else folder
