"""Secrets: keyed hashes for those we check, sealing for those we present (T33).

The secret key is one or more words separated by commas, newest first. Everything is sealed with the newest
and opens with any. Fingerprints cannot be made again without the secrets, so they stay with the oldest.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.domain.errors import GatewayError, InvalidInput

SHORTEST: Final = 16
"""Fewer characters than this can be guessed by trying."""
_OPENED: Final = 1024
"""Sealed secrets that are remembered as they were opened."""
_MARK: Final = "secret key"
_KNOWN: Final = "ocpp-ocpi-gateway"


class WrongKey(GatewayError):
    """The secret key is not the one this database was made with."""


class MarkRows(Protocol):
    """Facts about the database itself."""

    def get(self, name: str) -> str | None: ...
    def save(self, name: str, value: str) -> None: ...


class MarkTx(Protocol):
    """A transaction that has them."""

    @property
    def marks(self) -> MarkRows: ...


class MarkStore(Protocol):
    """A store that has them: every store of this package."""

    async def write(self, work: Callable[[MarkTx], None]) -> None: ...


class KeyedSecrets:
    """`ports.Secrets` from the gateway's secret key. Raises InvalidInput for a key that is too short."""

    def __init__(self, secret_key: str) -> None:
        keys = [key.strip() for key in secret_key.split(",") if key.strip()]
        if not keys or any(len(key) < SHORTEST for key in keys):
            raise InvalidInput(
                f"needs at least {SHORTEST} characters; make one with: openssl rand -base64 32",
                field="GATEWAY_SECRET_KEY",
            )
        self._seals = MultiFernet([_seal(key) for key in keys])
        self._newest = _seal(keys[0])
        self._fingerprint_key = _derive(keys[-1], "fingerprint")
        self._opened = lru_cache(maxsize=_OPENED)(self._seals.decrypt)  # each call to a partner needs one

    def fingerprint(self, secret: bytes) -> str:
        """HMAC-SHA-256 of a machine key, in hexadecimal."""
        return hmac.new(self._fingerprint_key, secret, hashlib.sha256).hexdigest()

    def seal(self, secret: str) -> str:
        """Encrypt and authenticate a secret that we must be able to present."""
        return self._seals.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises WrongKey."""
        try:
            return self._opened(sealed).decode()
        except InvalidToken as error:
            raise WrongKey(
                "GATEWAY_SECRET_KEY does not open what is stored in this database. Start with the key "
                "that was used before; to change keys, put the new one in front: new,old."
            ) from error

    def sealed_with_newest(self, sealed: str) -> bool:
        """Whether the newest key made this; if not, sealing it again completes a change of keys."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def new_token(self) -> str:
        """256 random bits as 43 characters that need no escaping anywhere.

        None begins with a hyphen, so that a command line does not take it for an option.
        """
        while (token := secrets.token_urlsafe(32)).startswith("-"):
            pass
        return token

    async def check_key(self, store: MarkStore) -> None:
        """At every start: the first one marks the database with this key, later ones compare.

        Raises WrongKey if this key cannot open the database's secrets or check its fingerprints.
        """
        await store.write(self._recognise)

    def _recognise(self, tx: MarkTx) -> None:
        known = tx.marks.get(_MARK)
        if known is None:
            tx.marks.save(_MARK, self._mark())
            return
        fingerprint, sealed = known.split(" ")
        self.open(sealed)
        if not hmac.compare_digest(fingerprint, self.fingerprint(_KNOWN.encode())):
            raise WrongKey(
                "GATEWAY_SECRET_KEY lacks the oldest key of this database, with which keys of chargers and "
                "partners are checked. Keep it as the last one: new,old."
            )
        if not self.sealed_with_newest(sealed):
            tx.marks.save(_MARK, self._mark())

    def _mark(self) -> str:
        return f"{self.fingerprint(_KNOWN.encode())} {self.seal(_KNOWN)}"


def _seal(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derive(key, "seal")))


def _derive(key: str, purpose: str) -> bytes:
    """32 bytes for one purpose, so that no key serves two."""
    salt, label = _KNOWN.encode(), f"{_KNOWN} {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=label).derive(key.encode())
