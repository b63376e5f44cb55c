"""Settings of the charger side: TLS, proxies, certificates, limits."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings


class ChargerFields(BaseSettings):
    """What `Settings` has for chargers."""

    tls_cert: str | None = Field(
        None,
        description="PEM files of the server's certificates with their chains, separated by commas: an ECDSA "
        "and an RSA one serve all chargers. Opens a second listener for chargers and partners, without the "
        "operator API.",
    )
    tls_key: str | None = Field(None, description="PEM files of their keys, in the same order.")
    tls_host: str = Field("0.0.0.0", description="Address of the TLS listener.")
    tls_port: int = Field(8443, ge=0, le=65535, description="Port of the TLS listener.")
    tls_legacy_chargers: bool = Field(
        False, description="Also allow the RSA key exchange that some old chargers need; no forward secrecy."
    )
    tls_client_roots: Path | None = Field(
        None, description="PEM file of further roots of chargers' client certificates (security profile 3)."
    )
    charger_ca_file: Path | None = Field(
        None,
        description="PEM file with key and certificate of the authority that signs chargers' certificates. "
        "Default: made and kept beside the SQLite database.",
    )
    charger_ca_command: str | None = Field(
        None,
        description="Program that signs chargers' certificates instead: it gets the request (PEM) as its "
        "input and the charger's id as its last argument, and prints the certificate and those above it. "
        "Its root belongs in GATEWAY_TLS_CLIENT_ROOTS.",
    )
    charger_ca_operator: str = Field(
        "Charging operator", description="Organisation in the certificates signed for chargers."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of TLS proxies, separated by commas, whose X-Forwarded-For, "
        "X-Forwarded-Proto and X-Client-Certificate-Subject are believed.",
    )
    charger_hosts: str = Field(
        "",
        description="Names under which chargers reach this gateway, separated by commas, besides that of "
        "GATEWAY_PUBLIC_URL: a network profile sends them nowhere else.",
    )
    configure_chargers: bool = Field(
        True, description="Apply the roaming recipe to a charger's configuration at its first boot."
    )
    charger_presets: Path | None = Field(
        None,
        description="TOML file that says how further makes, or certain chargers, are to be treated, in the "
        "form of gateway/quirks/makes.toml; `charger` is a pattern of their identities.",
    )
    charger_ping_seconds: float = Field(
        30, ge=0, le=3_600, description="A charger silent for this long is pinged; 0 switches pings off."
    )
    charger_frame_kib: int = Field(1024, ge=64, le=16_384, description="Largest message of a charger.")
    charger_messages_per_second: float = Field(
        200, gt=0, le=100_000, description="Messages a charger may send for long."
    )
    charger_message_burst: int = Field(
        2000,
        ge=1,
        le=1_000_000,
        description="Messages a charger may send at once, such as after a day offline.",
    )
    charger_failed_attempts: int = Field(
        8, ge=1, le=10_000, description="Failed attempts to connect that an address or id may make at once."
    )
    charger_failed_attempts_per_minute: float = Field(
        10, gt=0, le=10_000, description="Failed attempts after that."
    )
    charger_profile_poll_seconds: float = Field(
        300,
        ge=0,
        le=86_400,
        description="How often a charger is asked which limits are in force, while a partner steers a "
        "session there with charging profiles; 0: only after changes.",
    )
    charger_lost_days: float = Field(
        7,
        ge=0.1,
        le=365,
        description="How long a transaction waits for its charger to come back before it is closed and "
        "billed with what is known of it.",
    )
    charger_connects_at_once: int = Field(
        50, ge=1, le=10_000, description="Chargers that are let in, and that boot, at the same time."
    )
    charger_connects_waiting: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Chargers that may wait to be let in, 10 s each; the others get 503 and come back later.",
    )

    def hosts_for_chargers(self, base_url: str) -> frozenset[str]:
        """The hosts at which chargers find the gateway, in lower case."""
        listed = (host.strip().casefold() for host in self.charger_hosts.split(","))
        return frozenset(host for host in (urlsplit(base_url).hostname, *listed) if host)
