"""A charging session: one transaction at one plug by one driver, as partners will see it.

Spec: OCPI 2.2.1 mod_sessions; OCPP notes 4.F.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.authorization import AuthMethod
from gateway.domain.flags import BLOCKING_FLAGS, Flag, FlagReason
from gateway.domain.ids import (
    ChargerId,
    ConnectorNumber,
    PartnerId,
    Party,
    RunId,
    SessionId,
    TariffId,
    TransactionRef,
)
from gateway.domain.profiles import ActiveProfile, RateUnit
from gateway.domain.readings import ChargingState, SignedReading
from gateway.domain.sequence import Ranges
from gateway.domain.sites import PlugSnapshot
from gateway.domain.terms import Terms
from gateway.domain.tokens import SessionToken
from gateway.domain.usage import Usage

__all__ = ["BLOCKING_FLAGS", "TRANSITIONS", "Flag", "FlagReason", "Session", "SessionStatus"]


class SessionStatus(StrEnum):
    """Spec: OCPI 2.2.1 mod_sessions "SessionStatus enum" (SES-04)."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    RESERVATION = "RESERVATION"


TRANSITIONS: dict[SessionStatus, frozenset[SessionStatus]] = {
    SessionStatus.PENDING: frozenset({SessionStatus.ACTIVE, SessionStatus.COMPLETED, SessionStatus.INVALID}),
    SessionStatus.RESERVATION: frozenset(
        {SessionStatus.ACTIVE, SessionStatus.COMPLETED, SessionStatus.INVALID}
    ),
    SessionStatus.ACTIVE: frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID}),
    SessionStatus.COMPLETED: frozenset(),
    SessionStatus.INVALID: frozenset(),
}
"""Which status may follow which; COMPLETED and INVALID are final (SES-04)."""


@dataclass(frozen=True)
class Session:
    """One session. `usage` is what was consumed so far; `token` None: nobody we know (no CDR, M54).

    `started_at`/`ended_at`: UTC by the charger's corrected clock. `closes_at`: when the grace for late meter
    values is over and the CDR is made, or when the transaction that is awaited is given up. `heard`: sequence
    numbers of 2.x messages; `start_missing`: the first of them has not come (D11); `driver_at`: when a card
    was shown during the transaction.
    `accepted_flags` and `notes`: what people decided; they stay with us.
    `reserved_at`: when the reservation that led to it began. `switches`: other tariffs of its terms, applying
    from these instants on (SES-10). `profile_number`: our id of its charging profile; `active_profile`: what
    the charger last said it follows (CP-03). `group_id`: whose other cards may end it. `run_id`: the command
    that made it before its transaction. `thinned`: its samples were deleted for their age; `usage`
    stands for them.
    """

    id: SessionId
    party: Party
    charger_id: ChargerId
    number: ConnectorNumber
    plug: PlugSnapshot
    terms: Terms
    status: SessionStatus
    started_at: datetime
    usage: Usage
    last_updated: datetime
    created_at: datetime
    transaction: TransactionRef | None = None
    token: SessionToken | None = None
    presented: str | None = None
    partner_id: PartnerId | None = None
    group_id: str | None = None
    run_id: RunId | None = None
    auth_method: AuthMethod = AuthMethod.WHITELIST
    authorization_reference: str | None = None
    meter_id: str | None = None
    meter_start_wh: Decimal | None = None
    meter_stop_wh: Decimal | None = None
    ended_at: datetime | None = None
    closes_at: datetime | None = None
    stop_reason: str | None = None
    refused: bool = False
    signed: tuple[SignedReading, ...] = ()
    flags: tuple[Flag, ...] = ()
    accepted_flags: tuple[FlagReason, ...] = ()
    notes: tuple[str, ...] = ()
    heard: Ranges = ()
    start_missing: bool = False
    driver_at: datetime | None = None
    charging_state: ChargingState | None = None
    reserved_at: datetime | None = None
    switches: tuple[tuple[datetime, TariffId], ...] = ()
    profile_number: int | None = None
    profile_set_at: datetime | None = None
    profile_unit: RateUnit | None = None
    active_profile: ActiveProfile | None = None
    thinned: bool = False

    @property
    def open(self) -> bool:
        """Whether a transaction is still running as far as we know."""
        return self.transaction is not None and self.ended_at is None and not self.final

    @property
    def awaited(self) -> bool:
        """Whether its transaction is still to come: after a remote start, or in a reservation (SES-04)."""
        return self.transaction is None and self.ended_at is None and not self.final

    @property
    def final(self) -> bool:
        """Whether nothing may change any more."""
        return self.status in (SessionStatus.COMPLETED, SessionStatus.INVALID)

    @property
    def waits(self) -> bool:
        """Whether it ended and a person has to decide before it becomes final."""
        return self.ended_at is not None and self.closes_at is None and not self.final

    @property
    def blocking(self) -> tuple[Flag, ...]:
        """Flags for which no CDR is made until a person accepted them."""
        accepted = self.accepted_flags
        return tuple(f for f in self.flags if f.reason in BLOCKING_FLAGS and f.reason not in accepted)

    @property
    def energy_wh(self) -> Decimal:
        """Energy so far, Wh."""
        return self.usage.energy_wh

    def went_on(
        self,
        consumed: Usage,
        now: datetime,
        *,
        heard: Ranges | None = None,
        state: ChargingState | None = None,
    ) -> "Session":
        """The session after more was consumed, a numbered message heard, or a state reported.

        Copied field by field in one go (which slots would not allow), because every meter value does this.
        """
        later = object.__new__(Session)
        later.__dict__.update(
            self.__dict__,
            usage=consumed,
            last_updated=now,
            closes_at=None if self.open else self.closes_at,
            heard=self.heard if heard is None else heard,
            charging_state=state or self.charging_state,
        )
        return later

    def flagged(self, reason: FlagReason, detail: str) -> "Session":
        """The session with one more flag; the same flag is not repeated."""
        flag = Flag(reason, detail)
        return self if flag in self.flags else replace(self, flags=(*self.flags, flag))

    def moved_to(self, status: SessionStatus) -> "Session":
        """The session in another status.

        Raises ValueError for a transition the specification does not allow (SES-04).
        """
        if status is self.status:
            return self
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"session {self.id} cannot go from {self.status} to {status}")
        return replace(self, status=status)
