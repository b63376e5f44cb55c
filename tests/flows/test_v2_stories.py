"""What only OCPP 2.0.1 and 2.1 have, over real sockets: simulated charger, real gateway, real partner."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.domain.commands import GetConfiguration, Outcome, RemoteStart, RemoteStop
from gateway.domain.device_commands import GetTransactionStatus, SetDefaultTariff
from gateway.domain.events import IdToken
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.sim.charger_v2x import VERSIONS, SimulatedCharger2
from gateway.sim.script import ChargePlan, charge_on_remote_start
from gateway.sim.station import Identity
from tests import builders
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CARD, CHARGER, cdrs, roaming, stage

PATIENCE = timedelta(seconds=5)
EITHER = pytest.mark.parametrize("version", VERSIONS)


def station(gateway: Gateway, version: str, *, evses: int = 1, **more: Any) -> SimulatedCharger2:
    identity = Identity(CHARGER, PASSWORD, connectors=evses)
    return SimulatedCharger2(f"{gateway.url}/ocpp", identity, version=version, **more)


@EITHER
async def test_started_and_stopped_from_afar(tmp_path: Path, version: str) -> None:
    """D16: RequestStart and RequestStop; the transaction says which request it follows."""
    long = ChargePlan(CARD, kwh=Decimal(50), power_kw=Decimal(11), speed=1)
    async with roaming(tmp_path) as (gateway, _, partner):
        async with station(gateway, version, on_remote_start=charge_on_remote_start(long)) as charger:
            id_ = ChargerId(CHARGER)
            start = RemoteStart(IdToken(CARD, "RFID"), ConnectorNumber(1), 77)
            assert (await gateway.chargers.ask(id_, start, PATIENCE)).outcome is Outcome.ACCEPTED
            session = await until_session(gateway)
            status = GetTransactionStatus(TransactionRef(session))
            assert (await gateway.chargers.ask(id_, status, PATIENCE)).ongoing
            stop = RemoteStop(TransactionRef(session))
            assert (await gateway.chargers.ask(id_, stop, PATIENCE)).outcome is Outcome.ACCEPTED
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "the CDR")
            assert charger.courier.given_up == 0
        (cdr,) = await cdrs(partner)
    assert "Remote" in cdr["remark"]


async def until_session(gateway: Gateway) -> str:
    """The name of the running transaction, as soon as there is one."""
    async with asyncio.timeout(10):
        while True:
            running = await gateway.store.read(lambda tx: tx.sessions.open_of(ChargerId(CHARGER)))
            if running and running[0].transaction:
                return running[0].transaction
            await asyncio.sleep(0.02)


@EITHER
async def test_configuration_and_tariff(tmp_path: Path, version: str) -> None:
    """D03, E04: variables are read in several requests; only 2.1 takes a tariff."""
    async with stage(tmp_path) as (gateway, _), station(gateway, version):
        names = ("HeartbeatInterval", *(f"Unknown{n}" for n in range(14)))
        keys = tuple(f"OCPPCommCtrlr/{name}" for name in names)
        answer = await gateway.chargers.ask(ChargerId(CHARGER), GetConfiguration(keys), PATIENCE)
        assert [(key.key, key.value) for key in answer.configuration] == [(keys[0], "300")]
        assert len(answer.unknown_keys) == 14
        if version == "2.1":
            tariff = SetDefaultTariff(0, builders.tariff())
            done = await gateway.chargers.ask(ChargerId(CHARGER), tariff, PATIENCE)
            assert done.outcome is Outcome.ACCEPTED
