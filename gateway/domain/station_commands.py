"""What operators ask of chargers: lists of cards, firmware, logs, certificates, vendors' own messages."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.authorization import Verdict


@dataclass(frozen=True, slots=True)
class LocalListEntry:
    """A card a charger may judge without us; `verdict` None takes it off the list again (C23).

    `type`: an IdToken type of OCPP 2.x.
    """

    card: str
    verdict: Verdict | None = Verdict.ALLOWED
    expires_at: datetime | None = None
    group_id: str | None = None
    type: str = "ISO14443"


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """Replace a charger's list of cards (`full`), or change entries of it. `version` is 1 or more (C23)."""

    version: int
    entries: tuple[LocalListEntry, ...]
    full: bool = True


@dataclass(frozen=True, slots=True)
class GetLocalListVersion:
    """Ask which list of cards a charger has; the answer's `list_version` is -1 if it keeps none."""


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """Make a charger fetch and install firmware; signed if there is a certificate and a signature (C27).

    `location` is for the charger; the gateway never fetches it (T19).
    """

    request_id: int
    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    signing_certificate: str | None = None
    signature: str | None = None

    @property
    def signed(self) -> bool:
        """Whether the charger can check where the firmware comes from."""
        return self.signing_certificate is not None and self.signature is not None


class LogKind(StrEnum):
    """Which log to upload."""

    DIAGNOSTICS = "DIAGNOSTICS"
    SECURITY = "SECURITY"


@dataclass(frozen=True, slots=True)
class GetLog:
    """Make a charger upload a log to `location`, which the gateway never opens (T19)."""

    request_id: int
    location: str
    kind: LogKind = LogKind.DIAGNOSTICS
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class GetDiagnostics:
    """The request of 1.6 chargers without the security extension for a diagnostics upload (C27)."""

    location: str
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


class CertificateUse(StrEnum):
    """What an installed certificate is for; OCPP 1.6 knows the first two, 2.1 alone the OEMs' roots.

    `V2G_CHAIN` is the charger's own towards cars: it comes by CertificateSigned and is never installed.
    """

    CENTRAL_SYSTEM_ROOT = "csms-root"
    MANUFACTURER_ROOT = "manufacturer-root"
    V2G_ROOT = "v2g-root"
    MOBILITY_OPERATOR_ROOT = "mo-root"
    OEM_ROOT = "oem-root"
    V2G_CHAIN = "v2g-chain"


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """How chargers name a certificate they have. Spec: security white paper "CertificateHashDataType"."""

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    """Add a root certificate (PEM)."""

    use: CertificateUse
    pem: str


@dataclass(frozen=True, slots=True)
class DeleteCertificate:
    """Remove a certificate."""

    certificate: CertificateHash


@dataclass(frozen=True, slots=True)
class GetInstalledCertificates:
    """Ask which certificates of a use are installed."""

    use: CertificateUse


@dataclass(frozen=True, slots=True)
class CertificateSigned:
    """Give a charger the certificate it asked for: PEM, its own first (B07).

    `request_id`: the number of its request, which 2.1 chargers give.
    """

    chain: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeKey:
    """Give a charger another password, printable ASCII; it connects with it from then on (B03, B04)."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendData:
    """A vendor's own message (C28)."""

    vendor: str
    message_id: str | None = None
    data: str | None = None


StationCommand = (
    SendLocalList
    | GetLocalListVersion
    | UpdateFirmware
    | GetLog
    | GetDiagnostics
    | InstallCertificate
    | DeleteCertificate
    | GetInstalledCertificates
    | CertificateSigned
    | ChangeKey
    | SendData
)
