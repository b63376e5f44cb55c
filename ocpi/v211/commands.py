"""OCPI 2.1.1 commands: one CommandResponse for both answers, numbered reservations, tokens without owner.

Spec: OCPI 2.1.1-d2 mod_commands (CMD-04).
"""

from typing import Final

from gateway.domain.asked import ReserveAsked, StartAsked, StopAsked, UnlockAsked
from gateway.domain.errors import NotEnoughInformation
from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, SessionId
from gateway.domain.remote_runs import Receipt, Reception, Result, Run
from gateway.domain.tokens import Token
from ocpi import wire as types
from ocpi.dialect import CommandWords, Json
from ocpi.v211.partners import read_token
from ocpi.v211.wire import commands as wire

_SAID: Final = frozenset({Result.ACCEPTED, Result.NOT_SUPPORTED, Result.REJECTED, Result.TIMEOUT})
"""Results this version has words for; all others are REJECTED (CMD-04)."""


def read_start(value: Json, owner: Party | None) -> StartAsked:
    """START_SESSION. Raises InvalidInput or NotEnoughInformation."""
    found = types.read(wire.StartSession, value)
    return StartAsked(
        found.response_url, _token(value, owner), LocationId(found.location_id), _evse(found.evse_uid)
    )


def read_stop(value: Json, owner: Party | None) -> StopAsked:
    """STOP_SESSION. Raises InvalidInput."""
    del owner
    found = types.read(wire.StopSession, value)
    return StopAsked(found.response_url, SessionId(found.session_id))


def read_reserve(value: Json, owner: Party | None) -> ReserveAsked:
    """RESERVE_NOW. Raises InvalidInput or NotEnoughInformation."""
    found = types.read(wire.ReserveNow, value)
    return ReserveAsked(
        found.response_url,
        _token(value, owner),
        found.expiry_date,
        str(found.reservation_id),
        LocationId(found.location_id),
        _evse(found.evse_uid),
    )


def read_unlock(value: Json, owner: Party | None) -> UnlockAsked:
    """UNLOCK_CONNECTOR. Raises InvalidInput."""
    del owner
    found = types.read(wire.UnlockConnector, value)
    return UnlockAsked(
        found.response_url,
        LocationId(found.location_id),
        EvseUid(found.evse_uid),
        ConnectorId(found.connector_id),
    )


def _token(value: Json, owner: Party | None) -> Token:
    """The token belongs to the platform that sends it; one with several parties does not say to which."""
    if owner is None:
        raise NotEnoughInformation("which of your parties owns this token is not known")
    return read_token(value["token"], owner)


def _evse(uid: str | None) -> EvseUid | None:
    return EvseUid(uid) if uid else None


def write_receipt(receipt: Receipt) -> Json:
    """A CommandResponse; there is no word for "too often"."""
    answer = Reception.REJECTED if receipt.answer is Reception.TOO_OFTEN else receipt.answer
    return {"result": answer.value}


def write_result(run: Run, result: Result) -> Json:
    """The same object as the result."""
    del run
    return {"result": (result if result in _SAID else Result.REJECTED).value}


COMMANDS: Final = CommandWords(
    read={
        "START_SESSION": read_start,
        "STOP_SESSION": read_stop,
        "RESERVE_NOW": read_reserve,
        "UNLOCK_CONNECTOR": read_unlock,
    },
    write_receipt=write_receipt,
    write_result=write_result,
)
