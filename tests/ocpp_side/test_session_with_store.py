"""The library's own client against the real gateway: use cases, store and sockets, nothing faked."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ocpp.v16 import call
from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, ChargePointStatus

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from gateway.domain.commands import Outcome, RemoteStart
from gateway.domain.events import IdToken
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.sessions import Session
from tests import builders
from tests.fakes_ocpp import PASSWORD
from tests.ocpp_side.test_session_of_the_library import Wallbox, dial

WHEN = "2026-11-01T00:00:00Z"
CONNECTOR = {
    "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "max_voltage": 230,
    "max_amperage": 16, "last_updated": WHEN,
}  # fmt: skip
NETWORK = {
    "parties": [{"country_code": "NL", "party_id": "CPO", "name": "Test"}],
    "locations": [{
        "country_code": "NL", "party_id": "CPO", "id": "LOC1", "publish": True, "address": "Street 1",
        "city": "Town", "country": "NLD", "coordinates": {"latitude": "52.000000", "longitude": "5.000000"},
        "time_zone": "Europe/Amsterdam", "last_updated": WHEN,
        "evses": [{"uid": "EVSE-1", "status": "UNKNOWN", "connectors": [CONNECTOR], "last_updated": WHEN}],
    }],
    "chargers": [{
        "id": "CP-1", "password": PASSWORD,
        "connectors": [{"number": 1, "evse_uid": "EVSE-1", "connector_id": "1"}],
    }],
}  # fmt: skip


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/gateway.db", port=0)
    async with running_gateway(settings) as running:
        await running.network.apply("network.json", json.dumps(NETWORK))
        partner, token = builders.partner(), builders.token("CARD-1")

        await running.store.write(lambda tx: tx.partners.save(partner))
        await running.store.write(lambda tx: tx.tokens.save(partner.id, token))
        yield running


async def start(box: Wallbox, at: datetime, meter_start: int = 1000) -> int:
    started = await box.call(call.StartTransaction(1, "CARD-1", meter_start, at.isoformat()), suppress=False)
    assert started.id_tag_info["status"] == AuthorizationStatus.accepted
    assert isinstance(started.transaction_id, int)
    return started.transaction_id


async def session_of(gateway: Gateway, number: int) -> Session:
    ref = TransactionRef(str(number))
    session = await gateway.store.read(lambda tx: tx.sessions.by_transaction(ChargerId("CP-1"), ref))
    assert session is not None
    return session


async def test_a_session_is_stored_before_it_is_acknowledged(gateway: Gateway) -> None:
    """C01 to C12 and decision 13: what the charger was told is in the database when it hears it."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    async with dial(gateway.url) as box:
        await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
        state = call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.preparing)
        await box.call(state, suppress=False)
        card = await box.call(call.Authorize("CARD-1"), suppress=False)
        assert card.id_tag_info["status"] == AuthorizationStatus.accepted
        command = RemoteStart(IdToken("CARD-1"), ConnectorNumber(1))
        answer = await gateway.chargers.ask(ChargerId("CP-1"), command, timedelta(seconds=5))
        assert answer.outcome is Outcome.ACCEPTED
        number = await start(box, began)
        assert (await session_of(gateway, number)).open
        at = began + timedelta(minutes=10)
        values = [{"timestamp": at.isoformat(), "sampledValue": [{"value": "2.5", "unit": "kWh"}]}]
        await box.call(call.MeterValues(1, values, number), suppress=False)
        assert (await session_of(gateway, number)).energy_wh == 1500
        end = began + timedelta(minutes=20)
        await box.call(call.StopTransaction(4000, end.isoformat(), number), suppress=False)
        session = await session_of(gateway, number)
        assert (session.open, session.energy_wh, session.ended_at) == (False, 3000, end)


async def test_a_start_repeated_over_a_new_connection_is_the_same_session(gateway: Gateway) -> None:
    """C07, Q02, F01: also without booting again, since it was accepted before (A15)."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    async with dial(gateway.url) as box:
        await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
        first = await start(box, began)
    async with dial(gateway.url) as box:
        await box.call(call.Heartbeat(), suppress=False)
        assert await start(box, began) == first
        assert await start(box, began + timedelta(minutes=1)) != first


async def test_what_cannot_be_attributed_is_listed_for_a_person(gateway: Gateway) -> None:
    """C09, C10, Q25: a stop of nothing and a start at no plug are answered and kept."""
    now = datetime.now(UTC).isoformat()
    async with dial(gateway.url) as box:
        await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
        await box.call(call.StopTransaction(5, now, 4711), suppress=False)
        answer = await box.call(call.StartTransaction(9, "CARD-1", 0, now), suppress=False)
        assert answer.transaction_id > 0
    kept = await gateway.store.read(lambda tx: tx.set_aside.open())
    assert sorted(item.action for item in kept) == ["StartTransaction", "StopTransaction"]
