"""Remote starts at chargers with habits of their own, over sockets: lists of cards, own cards, echoes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.cards import Card
from gateway.sim.charger import RemoteStartHandler, SimulatedCharger
from gateway.sim.charger_care import CareDesk16
from gateway.sim.charger_v2x import SimulatedCharger2, simulated_charger
from gateway.sim.charger_v2x_care import CareDesk
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge_on_remote_start
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, Operator, books_agree, stage
from tests.flows.test_commands import app_token, start_fields

MAKES = """
[[preset]]
vendor = "picky"
on = ["Q22-listed"]

[[preset]]
vendor = "headstrong"
on = ["Q22-own"]
"""
VERSION = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
OWN_CARD = "PNC-0001"
PLAN = ChargePlan(card="", power_kw=Decimal(11), duration=timedelta(minutes=20), speed=1200)


def with_other_card(renamed: Callable[[str], str]) -> RemoteStartHandler:
    """A driver whose charger names another card than the one it was started for."""
    charging = charge_on_remote_start(PLAN)

    async def handle(charger: SimulatedCharger, connector: int, card: str) -> None:
        await charging(charger, connector, renamed(card))

    return handle


@dataclass
class Scene:
    operator: Operator
    partner: SimulatedPartner
    charger: SimulatedCharger

    @property
    def desk(self) -> CareDesk16 | CareDesk:
        return self.charger.care if isinstance(self.charger, SimulatedCharger2) else self.charger.desk

    async def started(self, **changes: Any) -> str:
        """The result of a start by app."""
        asked = await self.partner.commander.send("START_SESSION", **start_fields(**changes))
        assert asked.receipt["result"] == "ACCEPTED", asked.receipt
        return str((await self.partner.commander.result(asked))["result"])

    async def cdr(self) -> dict[str, Any]:
        ledger = self.partner.ledger
        await ledger.until(lambda: ledger.cdrs or None, "CDR", 20)
        (held,) = ledger.cdrs.values()
        return dict(held.body)

    async def until_listed(self, *cards: str) -> None:
        async with asyncio.timeout(20):
            while set(self.desk.list.cards) != set(cards):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def scene(
    directory: Path, version: str, vendor: str, handler: RemoteStartHandler
) -> AsyncIterator[Scene]:
    makes = directory / "makes.toml"
    makes.write_text(MAKES)
    identity = Identity(CHARGER, PASSWORD, vendor=vendor)
    async with (
        stage(directory, charger_presets=makes) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
    ):
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        url = f"{gateway.url}/ocpp"
        async with simulated_charger(url, identity, version, on_remote_start=handler) as charger:
            yield Scene(operator, partner, charger)
        await books_agree(operator)


@VERSION
async def test_a_driver_is_listed_for_the_start_alone(tmp_path: Path, version: str) -> None:
    """Q22: on the charger's list before it is asked to start, off it when the transaction is there."""
    async with scene(tmp_path, version, "Picky", charge_on_remote_start(PLAN)) as at:
        at.desk.list_only = True
        listed: list[set[str]] = []
        take = at.desk.list.take

        def watched(*given: Any, **named: Any) -> str:
            status = take(*given, **named)
            listed.append(set(at.desk.list.cards))
            return status

        at.desk.list.take = watched  # type: ignore[method-assign]
        assert await at.started() == "ACCEPTED"
        cdr = await at.cdr()
        assert cdr["cdr_token"]["uid"] == app_token()["uid"]
        await at.until_listed()
        (driver,) = listed[0]
        assert len(driver) == 16
        assert listed == [{driver}, set()]


@VERSION
async def test_cards_that_are_listed_anyway_stay(tmp_path: Path, version: str) -> None:
    """Q22, C23: a start changes nothing about the partners' cards, and the list is still known."""
    async with scene(tmp_path, version, "Picky", charge_on_remote_start(PLAN)) as at:
        at.desk.list_only = True
        await at.partner.push_card(Card("04AABBCC", whitelist="ALLOWED"))
        assert await task(at, "local-list") == "1 cards, 1 sent"
        assert await at.started() == "ACCEPTED"
        await at.cdr()
        await at.until_listed("04AABBCC")
        assert await task(at, "local-list") == "1 cards, nothing to change"
        version_before = at.desk.list.version
        card = app_token(uid="04AABBCC", type="RFID")
        asked = await at.partner.commander.send("START_SESSION", **start_fields(token=card))
        assert (await at.partner.commander.result(asked))["result"] == "ACCEPTED"
        await at.partner.ledger.until(lambda: len(at.partner.ledger.cdrs) == 2 or None, "CDR", 20)
        assert (at.desk.list.version, set(at.desk.list.cards)) == (version_before, {"04AABBCC"})


async def task(at: Scene, operation: str) -> str:
    made = await at.operator("POST", "/tasks", {"operation": operation, "chargers": [CHARGER]})
    async with asyncio.timeout(20):
        while not made["finished"]:
            await asyncio.sleep(0.02)
            made = await at.operator("GET", f"/tasks/{made['id']}")
    return str(made["steps"][0]["detail"])


async def test_a_start_that_is_refused_leaves_nothing_on_the_list(tmp_path: Path) -> None:
    """Q22: nor does one whose driver never comes; the next driver is no obstacle."""
    async with scene(tmp_path, "1.6", "Picky", charge_on_remote_start(PLAN)) as at:
        at.charger.station.plugs[1].operative = False
        assert await at.started() != "ACCEPTED"
        await at.until_listed()
        assert at.desk.list.version >= 2
        at.charger.station.plugs[1].operative = True
        assert await at.started() == "ACCEPTED"
        await at.cdr()


@pytest.mark.parametrize(
    ("version", "vendor"), [("1.6", "Headstrong"), ("2.0.1", "Anybody"), ("2.1", "Anybody")]
)
async def test_a_charger_that_starts_with_its_own_card(tmp_path: Path, version: str, vendor: str) -> None:
    """Q22, D16: the one remote start at the plug is meant in 1.6 (by make), its number says so in 2.x."""
    async with scene(tmp_path, version, vendor, with_other_card(lambda _: OWN_CARD)) as at:
        if vendor == "Anybody":  # a question about the card alone names no remote start
            at.charger.station.configuration["AuthorizeRemoteTxRequests"].value = "false"
        assert await at.started() == "ACCEPTED"
        cdr = await at.cdr()
        assert (cdr["cdr_token"]["uid"], cdr["auth_method"]) == (app_token()["uid"], "COMMAND")
        assert len(at.partner.ledger.sessions) == 1


async def test_its_own_card_means_nobody_without_a_remote_start(tmp_path: Path) -> None:
    """Q22: neither before a remote start nor after it, however soon; issued cards mean their drivers."""
    async with scene(tmp_path, "1.6", "Headstrong", with_other_card(lambda _: OWN_CARD)) as at:
        await at.partner.push_card(Card("04AABBCC", whitelist="ALWAYS"))
        assert await at.charger.authorize(OWN_CARD) == "Invalid"
        assert await at.started() == "ACCEPTED"
        await at.cdr()
        assert await at.charger.authorize(OWN_CARD) == "Invalid"
        transaction = at.charger.begin(1, OWN_CARD, PLAN.power_kw)
        async with asyncio.timeout(20):
            await transaction.answered.wait()
        assert transaction.verdict in ("Blocked", "Invalid")
        at.charger.end(transaction)
        await at.charger.settled()
        assert len(at.partner.ledger.cdrs) == 1


async def test_a_name_of_ours_with_more_behind_it(tmp_path: Path) -> None:
    """Q21, M21: chargers echo it with a garbage character, or more than 20."""
    async with scene(tmp_path, "1.6", "Anybody", with_other_card(lambda card: f"{card}J5-XY")) as at:
        assert await at.started() == "ACCEPTED"
        assert (await at.cdr())["cdr_token"]["uid"] == app_token()["uid"]
