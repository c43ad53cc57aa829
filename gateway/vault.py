"""Keeping phone numbers and other personal text unreadable on a stolen disk.

AES-256-GCM with a key id in front of each value, so that keys can be rotated, and an HMAC for look-up.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Unreadable(Exception):
    """A stored value that none of the keys opens."""


def _derive(master: bytes, purpose: bytes) -> bytes:
    return hmac.new(master, b"xiangyin/" + purpose, hashlib.sha256).digest()


class Vault:
    """Seals and opens text under a master key; older keys may be passed to read what they sealed."""

    def __init__(self, master: bytes, *older: bytes) -> None:
        self._boxes: dict[bytes, AESGCM] = {}
        for key in (*older, master):
            self._current = hashlib.sha256(b"id" + _derive(key, b"seal")).digest()[:4]
            self._boxes[self._current] = AESGCM(_derive(key, b"seal"))
        # the look-up key stays with the oldest master: rotating it would orphan every index at once
        self._index = _derive(older[0] if older else master, b"index")

    def seal(self, text: str) -> bytes:
        """Key id (4 bytes) + nonce (12) + ciphertext and tag; differs at every call."""
        return self.seal_bytes(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text sealed; raises :class:`Unreadable`."""
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, data: bytes) -> bytes:
        """The same for a file."""
        nonce = os.urandom(12)
        return self._current + nonce + self._boxes[self._current].encrypt(nonce, data, None)

    def open_bytes(self, sealed: bytes) -> bytes:
        """The file sealed; raises :class:`Unreadable`."""
        box = self._boxes.get(bytes(sealed[:4]))
        if box is None:
            raise Unreadable("sealed with a key that is not configured")
        try:
            return box.decrypt(bytes(sealed[4:16]), bytes(sealed[16:]), None)
        except InvalidTag:
            raise Unreadable("the value was altered, or the key is wrong") from None

    def index(self, text: str) -> str:
        """The same 32 hex digits for the same text, meaningless without the key: finds a number unread."""
        return hmac.digest(self._index, text.encode(), "sha256").hex()[:32]

    def opens(self, key_id: str) -> bool:
        """Whether what the key of that id sealed can be read."""
        return bytes.fromhex(key_id) in self._boxes

    def key_id(self, sealed: bytes) -> str:
        return bytes(sealed[:4]).hex()

    @property
    def current_key_id(self) -> str:
        return self._current.hex()
