"""Commands of partners on their way: what was asked, of which charger, and what came of it.

Spec: OCPI 2.2.1 mod_commands (CMD-01 to CMD-15) and mod_charging_profiles (CP-01 to CP-05); M20 to M28.
"""

import base64
import hashlib
import string
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.commands import (
    CancelReservation,
    ClearChargingProfile,
    Command,
    CommandAnswer,
    GetCompositeSchedule,
    Outcome,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    SetChargingProfile,
    UnlockConnector,
)
from gateway.domain.errors import ChargerOffline, ChargerRefused, ChargerSilent, GatewayError, InvalidInput
from gateway.domain.events import IdToken
from gateway.domain.ids import ChargerId, ConnectorNumber, PartnerId, Party, RunId, SessionId, TransactionRef
from gateway.domain.profiles import ActiveProfile, ChargingProfile
from gateway.domain.tokens import SessionToken

RFID = "RFID"
LONGEST_REAL_TAG = 20
"""What every charger takes as an idTag (OCPP 1.6 CiString20)."""
_HEX_DIGITS = frozenset(string.hexdigits)


class RunKind(StrEnum):
    """What a partner asked for."""

    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    RESERVE_NOW = "RESERVE_NOW"
    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"
    SET_PROFILE = "SET_PROFILE"
    GET_PROFILE = "GET_PROFILE"
    CLEAR_PROFILE = "CLEAR_PROFILE"


PROFILE_KINDS = frozenset({RunKind.SET_PROFILE, RunKind.GET_PROFILE, RunKind.CLEAR_PROFILE})
CHANGING_PROFILE = frozenset({RunKind.SET_PROFILE, RunKind.CLEAR_PROFILE})
WITH_TOKEN = frozenset({RunKind.START_SESSION, RunKind.RESERVE_NOW})
"""Commands that bring their own token, which is not checked (CMD-06)."""
REPEATABLE = frozenset(RunKind) - WITH_TOKEN
"""Commands that may be sent again when it is not known whether the charger got them."""


class RunState(StrEnum):
    """WAITING for the charger to be asked, ASKED, UNDOING what it may have done, DONE."""

    WAITING = "WAITING"
    ASKED = "ASKED"
    UNDOING = "UNDOING"
    DONE = "DONE"


class Result(StrEnum):
    """What came of it. Spec: mod_commands "CommandResultType enum"; UNKNOWN is for profiles only (CP-02)."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"
    UNKNOWN = "UNKNOWN"


class Reception(StrEnum):
    """The immediate answer (CMD-02, CP-02): could the request be handed to the charger?"""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"
    TOO_OFTEN = "TOO_OFTEN"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The immediate answer; `timeout_s` is when the result is sent at the latest."""

    answer: Reception
    timeout_s: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One accepted command. `number` is ours: remote start id, reservation or profile (CMD-11).

    `id_tag` is what the charger knows the driver by; `reservation_id` the partner's name of a reservation;
    `detail` the charger's own word; `listed`: its list of cards has the driver for this start alone (Q22).
    `sender` is the partner's party, `party` ours.
    """

    id: RunId
    kind: RunKind
    partner_id: PartnerId
    party: Party
    response_url: str
    charger_id: ChargerId
    plug: ConnectorNumber
    number: int
    accepted_at: datetime
    deadline: datetime
    sender: Party | None = None
    state: RunState = RunState.WAITING
    result: Result | None = None
    detail: str = ""
    id_tag: str | None = None
    token: SessionToken | None = None
    group_id: str | None = None
    authorization_reference: str | None = None
    session_id: SessionId | None = None
    transaction: TransactionRef | None = None
    reservation_id: str | None = None
    expires_at: datetime | None = None
    profile: ChargingProfile | None = None
    duration_s: int | None = None
    active: ActiveProfile | None = None
    listed: bool = False

    @property
    def done(self) -> bool:
        """Whether its result is known."""
        return self.state in (RunState.UNDOING, RunState.DONE)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.state is RunState.DONE

    @property
    def left(self) -> RunState:
        """What is left to do once its result is known."""
        return RunState.UNDOING if self.listed else RunState.DONE

    @property
    def synthetic(self) -> bool:
        """Whether the charger knows the driver by a name of ours (M21)."""
        return self.token is not None and self.id_tag != self.token.uid


TAG_LENGTH = 16
"""Characters of a name of ours; some chargers echo it with more (Q21)."""


def tag_for(token: SessionToken, partner_id: PartnerId, run_id: RunId, *, hexadecimal: bool = False) -> str:
    """What to call a driver at a charger: the uid of a card that fits, else a name of ours (M21).

    Ours has 16 characters of A-Z and 2-7, and does not look like a card's uid; `hexadecimal`: of 0-9 and
    A-F, for chargers that take nothing else (Q22), beginning with F as no card's uid does.
    """
    fits = token.type == RFID and len(token.uid) <= LONGEST_REAL_TAG
    if fits and not (hexadecimal and set(token.uid) - _HEX_DIGITS):
        return token.uid
    digest = hashlib.sha256(f"{partner_id}|{token.uid}|{run_id}".encode()).digest()
    name = "F" + digest.hex().upper() if hexadecimal else "G" + base64.b32encode(digest).decode()
    return name[:TAG_LENGTH]


def command_of(run: Run) -> Command:
    """What to ask of the charger."""
    match run.kind:
        case RunKind.START_SESSION:
            return RemoteStart(id_token_of(run), run.plug, run.number, run.group_id)
        case RunKind.STOP_SESSION:
            return RemoteStop(_transaction(run))
        case RunKind.RESERVE_NOW:
            until = run.expires_at or run.deadline
            return ReserveNow(run.number, run.plug, id_token_of(run), until, run.group_id)
        case RunKind.CANCEL_RESERVATION:
            return CancelReservation(run.number)
        case RunKind.UNLOCK_CONNECTOR:
            return UnlockConnector(run.plug)
        case RunKind.SET_PROFILE if run.profile is not None:
            return SetChargingProfile(run.number, run.plug, _transaction(run), run.profile)
        case RunKind.CLEAR_PROFILE:
            return ClearChargingProfile(run.number)
        case _:
            return GetCompositeSchedule(run.plug, run.duration_s or 0)


def id_token_of(run: Run) -> IdToken:
    """What the charger is told the driver's card is."""
    return IdToken(run.id_tag or "", "Central" if run.synthetic else "ISO14443")


def _transaction(run: Run) -> TransactionRef:
    return run.transaction or TransactionRef("")


UNSUPPORTED_CODES = frozenset({"NotSupported", "NotImplemented"})
"""OCPP error codes of a charger that cannot do what was asked."""


def unsupported(error: GatewayError) -> bool:
    """Whether a charger said that it cannot do what was asked."""
    return isinstance(error, ChargerRefused) and error.code in UNSUPPORTED_CODES


@dataclass(frozen=True, slots=True)
class PlugView:
    """What is known of the plug when the charger refuses (M24)."""

    occupied: bool = False
    inoperative: bool = False


_MEANING: dict[Outcome, Result] = {
    Outcome.ACCEPTED: Result.ACCEPTED,
    Outcome.SCHEDULED: Result.ACCEPTED,
    Outcome.REBOOT_REQUIRED: Result.ACCEPTED,
    Outcome.NOT_SUPPORTED: Result.NOT_SUPPORTED,
    Outcome.FAILED: Result.FAILED,
    Outcome.UNKNOWN_CONNECTOR: Result.REJECTED,
    Outcome.TRANSACTION_ONGOING: Result.EVSE_OCCUPIED,
    Outcome.OCCUPIED: Result.EVSE_OCCUPIED,
    Outcome.FAULTED: Result.EVSE_INOPERATIVE,
    Outcome.UNAVAILABLE: Result.EVSE_INOPERATIVE,
    Outcome.UNKNOWN: Result.UNKNOWN,
}


def result_of(kind: RunKind, answer: CommandAnswer, plug: PlugView) -> Result:
    """What a charger's answer means to the partner (M24 to M28, M60 to M62)."""
    rejected = answer.outcome is Outcome.REJECTED
    return _of_kind(kind, _rejected(kind, plug) if rejected else _MEANING[answer.outcome])


def result_of_failure(kind: RunKind, error: GatewayError) -> Result:
    """What it means that there is no answer: TIMEOUT for silence, else what the error says (M24)."""
    match error:
        case ChargerSilent() | ChargerOffline():
            result = Result.TIMEOUT
        case _ if unsupported(error):
            result = Result.NOT_SUPPORTED
        case InvalidInput():
            result = Result.REJECTED
        case _:
            result = Result.FAILED
    return _of_kind(kind, result)


def _rejected(kind: RunKind, plug: PlugView) -> Result:
    if kind is RunKind.CANCEL_RESERVATION:
        return Result.UNKNOWN_RESERVATION
    if kind in WITH_TOKEN and plug.inoperative:
        return Result.EVSE_INOPERATIVE
    if kind in WITH_TOKEN and plug.occupied:
        return Result.EVSE_OCCUPIED
    return Result.REJECTED


def _of_kind(kind: RunKind, result: Result) -> Result:
    """Profiles know three results only, commands all but UNKNOWN (CP-02, CMD-03)."""
    if kind in PROFILE_KINDS:
        return result if result in (Result.ACCEPTED, Result.UNKNOWN) else Result.REJECTED
    return Result.REJECTED if result is Result.UNKNOWN else result
