"""A ZIP archive that proves itself: the same files give the same bytes, and a list of SHA-256 sums that ``sha256sum -c``
checks. And a sealed ZIP: one file under a password, as WinZip and 7-Zip open it (AE-2, AES-256)."""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from struct import pack
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_CHUNK = 64 * 1024
_DAY = (1980, 1, 1, 0, 0, 0)  # ZIP's first moment: when it was made is no part of what it says
SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"
_ROUNDS = 1000  # of PBKDF2, fixed by the format; what makes the password strong is its length


@dataclass(frozen=True)
class File:
    """One file of a bundle: its name, what it is in a reader's words, and its text, piece by piece."""

    name: str
    title: str
    pieces: Iterable[str | bytes]


def write(out: IO[bytes], files: Iterable[File], about: dict[str, Any]) -> str:
    """Write the files, a manifest with ``about``, and the sums; returns the SHA-256 of the manifest.

    One piece is in memory at a time. ``out`` must be seekable.
    """
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for file in files:
            digest, size = _put(made, file.name, file.pieces)
            listed.append({"name": file.name, "title": file.title, "bytes": size, "sha256": digest})
        manifest = json.dumps({**about, "files": listed}, ensure_ascii=False, indent=1, sort_keys=True)
        digest, _size = _put(made, MANIFEST, [manifest + "\n"])
        sums = [*((one["sha256"], one["name"]) for one in listed), (digest, MANIFEST)]
        _put(made, SUMS, ["".join(f"{sum_}  {name}\n" for sum_, name in sums)])
    return digest


def _put(made: zipfile.ZipFile, name: str, pieces: Iterable[str | bytes]) -> tuple[str, int]:
    info = zipfile.ZipInfo(name, _DAY)
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    digest, size = hashlib.sha256(), 0
    with made.open(info, "w") as entry:
        for piece in pieces:
            data = piece.encode() if isinstance(piece, str) else piece
            digest.update(data)
            size += len(data)
            entry.write(data)
    return digest.hexdigest(), size


def sha256(file: IO[bytes]) -> str:
    """The sum of a whole file; leaves it at its beginning."""
    file.seek(0)
    found = hashlib.sha256()
    while data := file.read(_CHUNK):
        found.update(data)
    file.seek(0)
    return found.hexdigest()


def seal(out: IO[bytes], file: IO[bytes], name: str, password: str) -> None:
    """Put a file into a ZIP that only the password opens (winzip.com/en/support/aes-encryption, AE-2, 256 bits).

    The salt comes from the password and the file, so that the same two give the same bytes. Under 4 GiB.
    """
    secret, size = password.encode(), file.seek(0, 2)
    salt = hmac.digest(secret, sha256(file).encode(), "sha256")[:16]
    keys = hashlib.pbkdf2_hmac("sha1", secret, salt, _ROUNDS, 66)
    cipher = Cipher(
        algorithms.AES(keys[:32]), modes.ECB()
    ).encryptor()  # a counter of our own: WinZip's runs upwards
    mac, counter = hmac.new(keys[32:64], digestmod="sha1"), 1
    packed = 16 + 2 + size + 10
    extra = pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 0)
    facts = pack("<HHHHHIIIHH", 51, 1, 99, 0, 33, 0, packed, size, len(name), len(extra))
    out.write(b"PK\x03\x04" + facts + name.encode("ascii") + extra + salt + keys[64:])
    while data := file.read(_CHUNK):
        blocks = -(-len(data) // 16)
        stream = cipher.update(b"".join(n.to_bytes(16, "little") for n in range(counter, counter + blocks)))
        counter += blocks
        mixed = int.from_bytes(data) ^ int.from_bytes(
            stream[: len(data)]
        )  # one XOR: a loop takes a second for 10 MB
        sealed = mixed.to_bytes(len(data))
        mac.update(sealed)
        out.write(sealed)
    out.write(mac.digest()[:10])
    start = out.tell()
    out.write(b"PK\x01\x02" + pack("<H", 51) + facts + pack("<HHHII", 0, 0, 0, 0o600 << 16, 0))
    out.write(name.encode("ascii") + extra)
    out.write(b"PK\x05\x06" + pack("<HHHHIIH", 0, 0, 1, 1, out.tell() - start, start, 0))
