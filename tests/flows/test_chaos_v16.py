"""Chaos in OCPP 1.6: frames of a session dropped, doubled or reordered end in the same CDR (F05)."""

from typing import Any

from ocpp_side.v16 import V16
from tests import builders as b
from tests.flows.chaos import CARD, Box, disturbed, when


def meter_values(seconds: float, wh: int, transaction: object) -> dict[str, Any]:
    sampled = [{"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
    value = {"timestamp": when(seconds), "sampledValue": sampled}
    return {"connectorId": 1, "transactionId": transaction, "meterValue": [value]}


async def session(box: Box) -> None:
    """Plugged in, card shown, started, six readings in any order, stopped, unplugged."""

    async def state(status: str, seconds: float) -> None:
        payload = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": when(seconds)}
        await box.tell("StatusNotification", lambda: payload, must=False)

    await state("Preparing", 0)
    await box.tell("Authorize", lambda: {"idTag": CARD}, must=False)
    start = {"connectorId": 1, "idTag": CARD, "meterStart": 1000, "timestamp": when(1)}
    started = await box.tell("StartTransaction", lambda: start, must=True)
    assert started is not None
    number = started["transactionId"]
    readings = [(600.0 * n, 1000 + 500 * n) for n in range(1, 7)]
    if not box.calm:
        box.rng.shuffle(readings)
    for at, wh in readings:
        box.world.clock.time = b.at(3700)
        await box.tell("MeterValues", lambda at=at, wh=wh: meter_values(at, wh, number), must=True)  # type: ignore[misc]
        await state("Charging", at + 1)
    stop = {"transactionId": number, "meterStop": 4200, "timestamp": when(3660), "idTag": CARD}
    await box.tell("StopTransaction", lambda: stop, must=True)
    await state("Available", 3665)


async def test_a_disturbed_session_ends_in_the_same_cdr() -> None:
    """F05, A11, C07, C11, Q02: whatever was dropped, doubled or reordered; one session, one CDR."""
    different = await disturbed(V16, session)
    assert list(different) == [], next(iter(different.values()))
