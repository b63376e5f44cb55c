"""The steps of the story. Each waits, with a deadline, for what it claims, and says what it saw."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from gateway.demo import network
from gateway.demo.narrator import Narrator
from gateway.demo.operator import Operator
from gateway.domain.errors import GatewayError
from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.ledger import Held
from gateway.sim.ocpi_wire import JsonObject
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import Charged, ChargePlan, charge

PARTNER_NAME = "demo-emsp"
CARD = Card("04A2B3C4D5E6F7", contract_id="NL-EMS-C00DEMO01-X", visual_number="DEMO-0001")
_LOCATION_KEY = "/".join((*network.PARTY, network.LOCATION_ID))
_CHARGE_TIME = timedelta(seconds=6)
_RISING = 3
_CENT = Decimal("0.0001")
_EPOCH = "2000-01-01T00:00:00Z"


class StoryBroken(GatewayError):
    """Something happened differently from what the story claims."""


def claim(holds: object, otherwise: str) -> None:
    """Raise StoryBroken unless it holds."""
    if not holds:
        raise StoryBroken(otherwise)


@dataclass(slots=True)
class Story:
    """Who plays, and the steps."""

    narrator: Narrator
    operator: Operator
    partner: SimulatedPartner
    charger: SimulatedCharger
    gateway_versions_url: str

    async def handshake(self) -> None:
        """Register, or find that an earlier run did and still counts."""
        known, partner = self.partner.connection, self.partner
        if known is not None and await partner.still_registered():
            if known.versions_url == self.gateway_versions_url and partner.recalled_at_same_url:
                how = "registered in an earlier run, and its token still opens the gateway"
            else:
                await partner.renew(self.gateway_versions_url)
                how = "an address changed: both sides renewed their tokens (PUT credentials)"
        else:
            how = await self._register()
        await self.operator.try_again()
        state = await self.operator.partner_state(PARTNER_NAME)
        claim(state == "REGISTERED", f"the gateway says the partner is {state}")
        endpoints = len(partner.connection.endpoints) if partner.connection else 0
        self.narrator.told("Handshake", f"OCPI 2.2.1, {endpoints} endpoints, NL-EMS <-> NL-GWY: {how}")

    async def _register(self) -> str:
        if await self.operator.partner_state(PARTNER_NAME) not in (None, "INVITED", "REMOVED"):
            await self.operator.remove_partner(PARTNER_NAME)
        self.partner.forget()
        party = f"{self.partner.country_code}-{self.partner.party_id}"
        versions_url, token = await self.operator.invite(PARTNER_NAME, party)
        await self.partner.register(versions_url, token)
        return "invited, registered (POST credentials), tokens exchanged"

    async def location(self) -> None:
        """The partner holds the location, once."""
        ledger = self.partner.ledger
        held = await ledger.until(lambda: ledger.locations.get(_LOCATION_KEY), "location at the eMSP")
        listed = await self.partner.pull("locations")
        claim(
            [loc["id"] for loc in listed] == [network.LOCATION_ID],
            f"the gateway lists {len(listed)} locations",
        )
        claim(len(ledger.locations) == 1, f"the eMSP holds {len(ledger.locations)} locations")
        evses = len(held.body["evses"])
        self.narrator.told(
            "Location pushed",
            f"{held.body['name']!r} ({network.LOCATION_ID}), {evses} EVSE, PUT {_times(held.puts)}",
        )

    async def token(self) -> None:
        """The gateway holds the partner's card."""
        http = await self.partner.push_card(CARD)
        there = await self.partner.fetch_card(CARD)
        claim(there["valid"] is True, "the gateway holds the card as invalid")
        new = "new there" if http == 201 else "known there"  # noqa: PLR2004 - HTTP
        self.narrator.told("Token received", f"card {CARD.uid}, {CARD.contract_id}, whitelist NEVER, {new}")

    async def boot(self) -> None:
        """The charger is connected, and the partner sees a free EVSE."""
        await self.charger.connect()

        async def online() -> JsonObject | None:
            seen = await self.operator.charger(network.CHARGER_ID)
            return seen if seen["online"] and seen["booted_at"] else None

        seen = await self.operator.until(online, "charger online")
        await self._evse_is("AVAILABLE")
        self.narrator.told(
            "Charger booted",
            f"{network.CHARGER_ID} ({seen['vendor']} {seen['model']}, {seen['protocol']}); "
            f"{network.EVSE_UID} is AVAILABLE at the eMSP",
        )

    async def authorize(self) -> str:
        """The eMSP is asked while the driver waits; returns its reference."""
        ledger = self.partner.ledger
        asked_before = len(ledger.authorizations)
        verdict = await self.charger.authorize(CARD.uid)
        claim(verdict == "Accepted", f"the charger was told {verdict}")
        claim(len(ledger.authorizations) > asked_before, "the eMSP was not asked")
        asked = ledger.authorizations[-1]
        claim(asked.uid == CARD.uid and asked.reference, f"the eMSP was asked about {asked.uid}")
        self.narrator.told(
            "Card authorised", f"{asked.verdict} by the eMSP in real time, reference {asked.reference}"
        )
        return asked.reference or ""

    async def session(self, reference: str) -> tuple[Held, Charged]:
        """The partner watches the session rise and end."""
        ledger = self.partner.ledger
        before = set(ledger.sessions)
        plan = ChargePlan(
            CARD.uid,
            power_kw=network.POWER_KW,
            duration=_CHARGE_TIME,
            sample_every=timedelta(seconds=1),
        )
        charging = asyncio.create_task(charge(self.charger, plan, authorize=False))
        try:
            key = await ledger.until(lambda: _new(ledger.sessions, before), "session at the eMSP")
            held = ledger.sessions[key]
            seen = await ledger.until(lambda: _rising(held), "rising kWh at the eMSP", 15)
            claim(held.body.get("authorization_reference") == reference, "the session lost the reference")
            values = " -> ".join(f"{k:.3f}" for k in seen)
            self.narrator.told("Session ACTIVE", f"{held.body['id']}: {values} kWh and rising")
            charged = await charging
        finally:
            charging.cancel()
        await ledger.until(lambda: held.body["status"] == "COMPLETED", "COMPLETED at the eMSP")
        claim(set(ledger.sessions) - before == {key}, "the eMSP received more than one new session")
        kwh = Decimal(charged.energy_wh) / 1000
        claim(held.kwh == kwh, f"the eMSP holds {held.kwh} kWh, the charger's meter says {kwh}")
        claim(held.body.get("end_date_time"), "the session has no end")
        self.narrator.told(
            "Session COMPLETED",
            f"{held.kwh} kWh as on the charger's meter; ended {held.body['end_date_time']}",
        )
        return held, charged

    async def cdr(self, session: Held, charged: Charged) -> None:
        """The CDR arrives, costs what the tariff says, and is settled."""
        ledger, session_id = self.partner.ledger, session.body["id"]

        def of_session() -> Held | None:
            return next((c for c in ledger.cdrs.values() if c.body.get("session_id") == session_id), None)

        cdr = (await ledger.until(of_session, "CDR at the eMSP", 15)).body
        kwh, cost = Decimal(charged.energy_wh) / 1000, Decimal(cdr["total_cost"]["excl_vat"])
        expected = network.expected_cost(kwh)
        claim(Decimal(cdr["total_energy"]) == kwh, f"the CDR says {cdr['total_energy']} kWh instead of {kwh}")
        claim(abs(cost - expected) < _CENT, f"the CDR costs {cost} instead of {expected}")
        posted = [e for e in ledger.requests("cdrs", "POST") if str(cdr["id"]) in e.body]
        claim([e.status for e in posted] == [1000], f"answered {[(e.http, e.status) for e in posted]}")

        async def settled() -> bool | None:
            delivery = await self.operator.delivery(PARTNER_NAME, "CDR", str(cdr["id"]))
            return True if delivery["state"] == "SETTLED" else None

        await self.operator.until(settled, "the gateway's note that the CDR arrived")
        with_vat = cdr["total_cost"].get("incl_vat")
        self.narrator.told(
            "CDR accepted",
            f"{cdr['id']}: {network.START_FEE} + {kwh} kWh x {network.PRICE_PER_KWH} = "
            f"{cost} {cdr['currency']} ({with_vat} with VAT), status_code {posted[0].status}",
        )

    async def compare(self) -> str:
        """Both sides hold the same sessions and CDRs, each once."""
        ledger = self.partner.ledger

        async def equal() -> bool | None:
            sessions = await self.partner.pull("sessions", date_from=_EPOCH)
            cdrs = await self.partner.pull("cdrs")
            same = _ids(sessions) == _keys(ledger.sessions) and _ids(cdrs) == _keys(ledger.cdrs)
            return True if same else None

        await self.operator.until(equal, "equal books at gateway and eMSP")
        claim(ledger.duplicate_cdrs == 0, f"{ledger.duplicate_cdrs} CDRs came twice")
        of_sessions = [cdr.body.get("session_id") for cdr in ledger.cdrs.values()]
        claim(len(of_sessions) == len(set(of_sessions)), "a session has more than one CDR")
        return (
            f"{_count(ledger.locations, 'location')}, {_count(ledger.sessions, 'session')}, "
            f"{_count(ledger.cdrs, 'CDR')}: gateway and eMSP hold the same, nothing twice"
        )

    async def _evse_is(self, status: str) -> None:
        held = self.partner.ledger.locations[_LOCATION_KEY]
        await self.partner.ledger.until(
            lambda: _status(held) == status, f"{network.EVSE_UID} {status} at the eMSP"
        )


def _status(held: Held) -> str:
    return str(held.body["evses"][0]["status"])


def _new(book: dict[str, Held], before: set[str]) -> str | None:
    return next((key for key in book if key not in before), None)


def _rising(held: Held) -> list[Decimal] | None:
    """Different, growing kWh values seen while the session was ACTIVE; None while there are too few."""
    values: list[Decimal] = []
    for body in held.history:
        kwh = Decimal(body["kwh"])
        if body["status"] == "ACTIVE" and (not values or kwh > values[-1]):
            values.append(kwh)
    return values if len(values) >= _RISING else None


def _ids(objects: list[JsonObject]) -> list[str]:
    return sorted(f"{o['country_code']}/{o['party_id']}/{o['id']}".upper() for o in objects)


def _keys(book: dict[str, Held]) -> list[str]:
    return sorted(book)


def _count(book: dict[str, Held], noun: str) -> str:
    return f"{len(book)} {noun}{'' if len(book) == 1 else 's'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
