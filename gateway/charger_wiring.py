"""From settings to what the charger side needs: limits, certificates, TLS."""

import ssl
from datetime import datetime
from pathlib import Path

from gateway.certificates.authority import Authority
from gateway.certificates.external import ExternalAuthority
from gateway.certificates.kept import kept_authority
from gateway.config import Settings
from gateway.domain.errors import InvalidInput
from gateway.secret_files import kept_beside
from gateway.tls import server_context
from ocpp_side.endpoint import VERSIONS, ChargerSettings
from ocpp_side.proxies import Proxies
from ocpp_side.repairs.presets import BEHAVIOURS, Preset, read_presets, shipped_presets

_HEARTBEATS_MISSED = 3


def charger_limits(settings: Settings) -> ChargerSettings:
    """Limits and patience of the charger side. Raises InvalidInput for a setting that cannot be used."""
    try:
        proxies = Proxies.of(settings.trusted_proxies)
    except InvalidInput as error:
        raise InvalidInput(f"GATEWAY_TRUSTED_PROXIES: {error}") from error
    return ChargerSettings(
        ping_interval_s=settings.charger_ping_seconds,
        longest_silence_s=settings.heartbeat_seconds * _HEARTBEATS_MISSED,
        max_frame_bytes=settings.charger_frame_kib * 1024,
        messages_per_second=settings.charger_messages_per_second,
        message_burst=settings.charger_message_burst,
        failed_attempts=settings.charger_failed_attempts,
        failed_attempts_per_minute=settings.charger_failed_attempts_per_minute,
        connects_at_once=settings.charger_connects_at_once,
        connects_waiting=settings.charger_connects_waiting,
        trusted_proxies=proxies,
        presets=(*shipped_presets(), *_own_presets(settings.charger_presets)),
    )


def _own_presets(path: Path | None) -> tuple[Preset, ...]:
    """How further makes or certain chargers are to be treated; every id must be one that does something."""
    if path is None:
        return ()
    try:
        presets = read_presets(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"GATEWAY_CHARGER_PRESETS cannot be read: {error}") from error
    known = set(BEHAVIOURS) | {repair.quirk for version in VERSIONS.values() for repair in version.repairs}
    unknown = {id_ for preset in presets for id_ in preset.on | preset.off} - known
    if unknown:
        wrong, right = ", ".join(sorted(unknown)), ", ".join(sorted(known))
        raise InvalidInput(f"{path.name}: {wrong} cannot be switched; {right} can")
    return presets


def charger_authority(settings: Settings, now: datetime) -> Authority | ExternalAuthority | None:
    """The authority that signs chargers' certificates; None without a file to keep its key in.

    Raises InvalidInput for a file or a program that cannot be used.
    """
    if settings.charger_ca_command is not None:
        if settings.tls_cert is not None and settings.tls_client_roots is None:
            raise InvalidInput("GATEWAY_CHARGER_CA_COMMAND needs its root in GATEWAY_TLS_CLIENT_ROOTS")
        return ExternalAuthority.of(settings.charger_ca_command)
    path = settings.charger_ca_file
    if path is None and settings.tls_cert is not None:
        path = kept_beside(settings, "charger_ca")
    return None if path is None else kept_authority(path, settings.charger_ca_operator, now)


def tls_context(settings: Settings, authority: Authority | ExternalAuthority | None) -> ssl.SSLContext | None:
    """What the TLS listener needs; None without a certificate. Raises InvalidInput."""
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    roots = authority.root_pem() if isinstance(authority, Authority) else ""
    if settings.tls_client_roots is not None:
        try:
            roots += settings.tls_client_roots.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"GATEWAY_TLS_CLIENT_ROOTS cannot be read: {error}") from error
    return server_context(
        _paths(settings.tls_cert),
        _paths(settings.tls_key),
        roots or None,
        legacy=settings.tls_legacy_chargers,
    )


def _paths(text: str | None) -> list[Path]:
    return [Path(part.strip()) for part in (text or "").split(",") if part.strip()]
