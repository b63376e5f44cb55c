"""Secrets nobody set: made once and kept in a file beside the database, where only this machine is served."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from gateway.config import Settings
from gateway.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Provided:
    """Settings with every secret present, and sentences about where the made ones are."""

    settings: Settings
    notices: tuple[str, ...] = ()


def provide_secrets(settings: Settings) -> Provided:
    """Fill in a missing admin token and secret key.

    Made and kept (mode 0600) beside a SQLite file served on a loopback address; made for this run only if the
    database is in memory. Anywhere else InvalidInput says which variable to set.
    """
    made: dict[str, SecretStr] = {}
    notices: list[str] = []
    for name, variable in (("secret_key", "GATEWAY_SECRET_KEY"), ("admin_token", "GATEWAY_ADMIN_TOKEN")):
        if getattr(settings, name) is not None:
            continue
        value, notice = _provide(settings, name, variable)
        made[name] = SecretStr(value)
        notices.extend([notice] if notice else [])
    return Provided(settings.model_copy(update=made), tuple(notices))


def known_admin_token(settings: Settings) -> str | None:
    """The admin token for a command on this machine: the set one, else the one beside the database."""
    if settings.admin_token is not None:
        return settings.admin_token.get_secret_value()
    path = kept_beside(settings, "admin_token")
    if path is None or not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def kept_beside(settings: Settings, name: str) -> Path | None:
    """Where a made secret is kept, or None if the database is not a file."""
    database = settings.database_path
    return None if database is None else database.with_name(f"{database.name}.{name.replace('_', '-')}")


def _provide(settings: Settings, name: str, variable: str) -> tuple[str, str]:
    if not settings.loopback:
        raise InvalidInput(
            f"{variable} is not set, and the gateway listens on {settings.host}. Make one with "
            f"`openssl rand -hex 32` and set {variable}, or {variable}_FILE to a file that holds it."
        )
    path = kept_beside(settings, name)
    if path is None:
        if not settings.database_url.startswith("sqlite"):
            raise InvalidInput(f"{variable} is not set. Make one with `openssl rand -hex 32`.")
        return secrets.token_urlsafe(32), ""
    return _kept(path, variable)


def _kept(path: Path, variable: str) -> tuple[str, str]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        value = path.read_text(encoding="utf-8").strip()
        if not value:
            raise InvalidInput(f"{path} is empty. Restore it, or set {variable}.") from None
        return value, ""
    except OSError as error:
        raise InvalidInput(f"{path} cannot be made ({error.strerror}). Set {variable}.") from error
    value = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    return value, f"{variable} was not set: made one and kept it in {path} (only you can read it)."
