"""What is known of looking after a charger: its progress, its repairs, its list of cards, its protection."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import ChargerId


class ProgressKind(StrEnum):
    """What a charger reports progress of."""

    FIRMWARE = "FIRMWARE"
    LOG = "LOG"


@dataclass(frozen=True, slots=True)
class Progress:
    """Last word about something that takes a while; `status` is the charger's own word (C27)."""

    kind: ProgressKind
    status: str
    at: datetime
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class ProgressReported:
    """A charger tells how far a firmware update or a log upload is."""

    charger_id: ChargerId
    progress: Progress


@dataclass(frozen=True, slots=True)
class RepairCount:
    """How often a repair was needed, by its Q-id; `example` is the last field or value it was about."""

    quirk: str
    times: int
    last_at: datetime
    example: str = ""


@dataclass(frozen=True, slots=True)
class StationCare:
    """What has to be remembered to look after a charger, across restarts and connections.

    `least_profile`: the highest security profile it ever connected with; it never falls silently (T7).
    `configured_at`: when the roaming recipe was applied, `configured_firmware`: to which firmware ("" if the
    charger does not say). `list_version` and `listed`: its list of cards as
    we last wrote it. `certificate_ends_at`: end of the certificate we signed for it. `own_key`: hashes of
    the key we gave it, which counts as long as the network file has the one it was given instead of (B04);
    `offered_keys`: keys it was offered and has not come with. `tariffs`: a name for those it was
    told to show.
    """

    id: ChargerId
    progress: tuple[Progress, ...] = ()
    repairs: tuple[RepairCount, ...] = ()
    least_profile: int = 0
    configured_at: datetime | None = None
    configured_firmware: str = ""
    list_version: int = 0
    listed: tuple[str, ...] = ()
    certificate_ends_at: datetime | None = None
    own_key: tuple[str, ...] = ()
    own_key_instead_of: tuple[str, ...] = ()
    offered_keys: tuple[tuple[str, ...], ...] = ()
    tariffs: str = ""

    def held_to(self, configured: int | None) -> int:
        """The security profile below which it is turned away: the network file's, else its best (B09)."""
        return self.least_profile if configured is None else configured

    def configured_for(self, firmware: str | None) -> bool:
        """Whether the recipe was applied to what the charger runs now (C25)."""
        return self.configured_at is not None and self.configured_firmware == (firmware or "")

    def progressed(self, progress: Progress) -> "StationCare":
        """The same with the newest progress of its kind."""
        others = tuple(p for p in self.progress if p.kind is not progress.kind)
        return replace(self, progress=(*others, progress))

    def repaired(self, quirk: str, times: int, at: datetime, example: str) -> "StationCare":
        """The same with more uses of a repair counted."""
        before = next((r.times for r in self.repairs if r.quirk == quirk), 0)
        others = tuple(r for r in self.repairs if r.quirk != quirk)
        counted = RepairCount(quirk, before + times, at, example)
        return replace(self, repairs=tuple(sorted((*others, counted), key=lambda r: r.quirk)))


_FAILED = frozenset(
    {
        "downloadfailed",
        "installationfailed",
        "installverificationfailed",
        "invalidsignature",
        "uploadfailed",
        "uploadfailure",
        "badmessage",
        "notsupportedoperation",
        "permissiondenied",
        "revokedcertificate",
        "acceptedcanceled",
    }
)
_DONE = frozenset({"installed", "uploaded"})


def outcome_of(progress: Progress) -> bool | None:
    """Whether something succeeded (True) or failed (False); None while it goes on. Spec: C27, W16."""
    word = progress.status.casefold()
    return True if word in _DONE else False if word in _FAILED else None
