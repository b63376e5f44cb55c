"""Chaos in OCPP 2.0.1 and 2.1: messages dropped, doubled, in any order end in the same CDR (F05)."""

from collections.abc import Iterator
from typing import Any

import pytest

from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.version import Version
from tests import builders as b
from tests.flows.chaos import CARD, Box, Story, disturbed, when

EITHER = pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.subprotocol)
TOKEN = {"idToken": CARD, "type": "ISO14443"}
EVSE = {"id": 1, "connectorId": 1}


def value(seconds: float, wh: int, context: str = "Sample.Periodic") -> list[dict[str, Any]]:
    sampled = {"value": wh, "context": context, "unitOfMeasure": {"unit": "Wh"}}
    return [{"timestamp": when(seconds), "sampledValue": [sampled]}]


def events(*, card_first: bool, offline: bool, card_again: bool = False) -> Iterator[dict[str, Any]]:
    """The messages of a session: cable and card, charging, six readings, the car has enough, the end."""

    def event(number: int, kind: str, seconds: float, trigger: str, **more: Any) -> dict[str, Any]:
        info = {"transactionId": "tx-1", **more.pop("info", {})}
        return {
            "eventType": kind, "timestamp": when(seconds), "triggerReason": trigger, "seqNo": number,
            "offline": offline, "transactionInfo": info, **more,
        }  # fmt: skip

    begin = {"evse": EVSE, "meterValue": value(1, 1000, "Transaction.Begin")}
    if card_first:
        yield event(0, "Started", 1, "Authorized", idToken=TOKEN, **begin)
        yield event(1, "Updated", 5, "CablePluggedIn", info={"chargingState": "EVConnected"})
    else:
        yield event(0, "Started", 1, "CablePluggedIn", info={"chargingState": "EVConnected"}, **begin)
        yield event(1, "Updated", 40, "Authorized", idToken=TOKEN)
    yield event(2, "Updated", 60, "ChargingStateChanged", info={"chargingState": "Charging"})
    for n in range(1, 6):
        yield event(
            2 + n, "Updated", 600 * n, "MeterValuePeriodic", meterValue=value(600 * n, 1000 + 500 * n)
        )
    yield event(8, "Updated", 3200, "ChargingStateChanged", info={"chargingState": "SuspendedEV"})
    yield event(9, "Updated", 3600, "MeterValuePeriodic", meterValue=value(3600, 4200))
    end = value(3660, 4200, "Transaction.End")
    info = {"stoppedReason": "EVDisconnected"}
    again = {"idToken": TOKEN} if card_again else {}
    yield event(10, "Ended", 3660, "StopAuthorized", meterValue=end, info=info, **again)


def state(version: Version, status: str, seconds: float) -> tuple[str, dict[str, Any]]:
    """A plug's state, by NotifyEvent in 2.1 (E01)."""
    if version is V201:
        plug = {"evseId": 1, "connectorId": 1, "connectorStatus": status, "timestamp": when(seconds)}
        return "StatusNotification", plug
    row = {
        "eventId": 1, "timestamp": when(seconds), "trigger": "Delta", "actualValue": status,
        "component": {"name": "Connector", "evse": EVSE}, "variable": {"name": "AvailabilityState"},
        "eventNotificationType": "HardWiredNotification",
    }  # fmt: skip
    return "NotifyEvent", {"generatedAt": when(seconds), "seqNo": 0, "eventData": [row]}


def session(version: Version, **how: bool) -> Story:
    """A session as a story, its transaction messages in any order."""

    async def told(box: Box) -> None:
        async def plug(status: str, seconds: float) -> None:
            action, payload = state(version, status, seconds)
            await box.tell(action, lambda: payload, must=False)

        await plug("Occupied", 0)
        await box.tell("Authorize", lambda: {"idToken": TOKEN}, must=False)
        said = list(events(**{"offline": False, **how}))
        if not box.calm:
            box.rng.shuffle(said)
        box.world.clock.time = b.at(3700)
        for event in said:
            await box.tell("TransactionEvent", lambda event=event: event, must=True)  # type: ignore[misc]
        await plug("Available", 3665)

    return told


@EITHER
@pytest.mark.parametrize(
    "how",
    [
        {"card_first": True},
        {"card_first": False},
        {"card_first": True, "offline": True},
        {"card_first": False, "card_again": True},
    ],
    ids=["card first", "cable first", "replayed", "card again at the end"],
)
async def test_a_disturbed_session_ends_in_the_same_cdr(version: Version, how: dict[str, bool]) -> None:
    """F05, D08, D10, D11, A11, C16, Q45: dropped, doubled or reordered; one session, one CDR."""
    different = await disturbed(version, session(version, **how))
    assert list(different) == [], next(iter(different.values()))
