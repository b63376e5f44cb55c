"""The first roaming session: the library's own charger, a partner over HTTP, a real gateway between them."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from ocpp.v16 import call
from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, ChargePointStatus, Reason

from gateway.sim.cards import Card
from gateway.sim.faults import Mode
from gateway.sim.ledger import Held
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import CHARGER, Operator, books_agree, stage
from tests.ocpp_side.test_session_of_the_library import Wallbox, dial

CARD = "04AABBCC"
PUSHED = "04AABBCD"
STRANGER = "FFFFFFFF"


async def charge(box: Wallbox, card: str, *, kwh: int = 5, authorize: bool = True) -> int:
    """Boot, show a card, start, send rising values, stop; 30 minutes that ended now."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
    for status in (ChargePointStatus.available, ChargePointStatus.preparing):
        await box.call(call.StatusNotification(1, ChargePointErrorCode.no_error, status), suppress=False)
    if authorize:
        answer = await box.call(call.Authorize(card), suppress=False)
        assert answer.id_tag_info["status"] == AuthorizationStatus.accepted
    begun = await box.call(call.StartTransaction(1, card, 1000, start.isoformat()), suppress=False)
    assert begun.id_tag_info["status"] == AuthorizationStatus.accepted
    number: int = begun.transaction_id
    for step in range(1, 4):
        value = {"value": str(1000 + step * kwh * 1000 // 4)}
        at = (start + timedelta(minutes=7 * step)).isoformat()
        await box.call(
            call.MeterValues(1, [{"timestamp": at, "sampledValue": [value]}], number), suppress=False
        )
    end = (start + timedelta(minutes=30)).isoformat()
    stop = call.StopTransaction(1000 + kwh * 1000, end, number, Reason.local)
    await box.call(stop, suppress=False)
    return number


def only(book: dict[str, Held]) -> Held:
    (held,) = book.values()
    return held


def completed(partner: SimulatedPartner) -> Held | None:
    return next((s for s in partner.ledger.sessions.values() if s.body.get("status") == "COMPLETED"), None)


async def test_from_handshake_to_accepted_cdr(tmp_path: Path) -> None:
    """The whole way, asked in real time; what the partner holds is what the gateway holds."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        partner.sender.issue(Card(CARD))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            session = await partner.ledger.until(lambda: completed(partner), "session COMPLETED")
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        cdr = only(partner.ledger.cdrs).body
        (asked,) = partner.ledger.authorizations
        ours = (await operator("GET", "/cdrs"))["items"]
        await operator_sees(operator, "CDR", cdr["id"], "SETTLED")
        await books_agree(operator)
    assert Decimal(str(session.body["kwh"])) == Decimal(str(cdr["total_energy"])) == 5
    assert cdr["total_cost"] == {"excl_vat": Decimal("2.25"), "incl_vat": Decimal("2.7225")}
    assert session.body["total_cost"] == cdr["total_cost"]
    assert cdr["authorization_reference"] == asked.reference
    assert cdr["auth_method"] == "AUTH_REQUEST"
    assert cdr["cdr_token"]["uid"] == CARD
    assert [c["id"] for c in ours] == [cdr["id"]]
    rising = [Decimal(str(body["kwh"])) for body in session.history]
    assert rising == sorted(rising)


async def test_nobody_else_hears_of_it(tmp_path: Path) -> None:
    """SES-02, CDR-09, T6: the other partner gets places and prices, never people; nobody an OCPP identity."""
    async with (
        stage(tmp_path) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as mine,
        SimulatedPartner("DE", "OTH", name="Other") as other,
    ):
        mine.sender.issue(Card(CARD, whitelist="ALLOWED"))
        await mine.register(*await operator.invite("Mine", "NL-EMS"))
        await other.register(*await operator.invite("Other", "DE-OTH"))
        await other.ledger.until(lambda: other.ledger.locations or None, "location pushed")
        await operator_knows(operator, "Mine")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            await mine.ledger.until(lambda: mine.ledger.cdrs or None, "CDR accepted")
        since = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        seen = [*await other.pull("sessions", date_from=since), *await other.pull("cdrs")]
        own = [*await mine.pull("sessions", date_from=since), *await mine.pull("cdrs")]
        wire = [*mine.ledger.exchanges, *other.ledger.exchanges]
    assert (other.ledger.sessions, other.ledger.cdrs, seen) == ({}, {}, [])
    assert len(own) == 2
    assert [e.path for e in wire if CHARGER in e.path or CHARGER in e.body] == []


async def operator_sees(operator: Operator, kind: str, key: str, state: str) -> None:
    """Wait until a delivery is in this state."""
    async with asyncio.timeout(10):
        while (await operator("GET", f"/deliveries/Great eMSP/{kind}/{key}"))["state"] != state:
            await asyncio.sleep(0.05)


async def operator_knows(operator: Operator, name: str) -> None:
    """Wait until the token list of a partner was pulled."""
    async with asyncio.timeout(10):
        while not (await operator("GET", f"/partners/{name}"))["tokens_pulled_at"]:
            await asyncio.sleep(0.05)


async def test_an_unknown_card_is_asked_at_every_partner_at_once(tmp_path: Path) -> None:
    """TOK-10: the one that knows it gets the session."""
    async with (
        stage(tmp_path) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as first,
        SimulatedPartner("DE", "OTH", name="Other") as second,
    ):
        await first.register(*await operator.invite("First"))
        await second.register(*await operator.invite("Second"))
        second.sender.issue(Card("0A0B0C0D", contract_id="DE-OTH-C00000009-X"))
        async with dial(gateway.url, CHARGER) as box:
            await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
            refused = await box.call(call.Authorize(STRANGER), suppress=False)
            await charge(box, "0a:0b:0c:0d")
            await second.ledger.until(lambda: second.ledger.cdrs or None, "CDR accepted")
    assert refused.id_tag_info["status"] == AuthorizationStatus.invalid
    assert only(second.ledger.cdrs).body["cdr_token"]["party_id"] == "OTH"
    assert first.ledger.cdrs == {}
    for partner in (first, second):
        assert STRANGER in {a.uid for a in partner.ledger.authorizations}


async def test_a_pushed_token_works_at_once_and_its_invalidation_too(tmp_path: Path) -> None:
    """TOK-01 to TOK-03: PUT, use, valid=false."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await operator_knows(operator, "Great eMSP")
        assert await partner.push_card(Card(PUSHED, whitelist="ALWAYS")) == 201
        async with dial(gateway.url, CHARGER) as box:
            await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
            allowed = await box.call(call.Authorize(PUSHED), suppress=False)
            assert await partner.push_card(Card(PUSHED, whitelist="ALWAYS", valid=False)) == 200
            blocked = await box.call(call.Authorize(PUSHED), suppress=False)
    assert allowed.id_tag_info["status"] == AuthorizationStatus.accepted
    assert blocked.id_tag_info["status"] == AuthorizationStatus.blocked
    assert list(partner.ledger.authorizations) == []


async def test_we_register_with_a_partner_that_invited_us(tmp_path: Path) -> None:
    """CRED-01, CRED-04: the other direction, with their token A."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        body = {"name": "Great eMSP", "versions_url": partner.versions_url, "token": partner.invite()}
        shown = await operator("POST", "/partners/connect", body)
        await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
        partner.sender.issue(Card(CARD))
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
    assert shown["state"] == "REGISTERED"


async def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """Start before, stop after: one session, one CDR, the transaction number still known."""
    async with SimulatedPartner("NL", "EMS") as partner:
        partner.sender.issue(Card(CARD))
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
        first = call.StartTransaction(1, CARD, 1000, start.isoformat())
        async with stage(tmp_path) as (gateway, operator):
            await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
            async with dial(gateway.url, CHARGER) as box:
                await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
                begun = await box.call(
                    call.StartTransaction(1, CARD, 1000, start.isoformat()), suppress=False
                )
        async with stage(tmp_path) as (gateway, operator), dial(gateway.url, CHARGER) as box:
            again = await box.call(first, suppress=False)
            end = (start + timedelta(minutes=30)).isoformat()
            await box.call(call.StopTransaction(4000, end, begun.transaction_id), suppress=False)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
    assert again.transaction_id == begun.transaction_id
    assert only(partner.ledger.cdrs).body["total_energy"] == 3
    assert len(partner.ledger.sessions) == 1


@pytest.mark.parametrize("mode", [Mode.ERROR_500, Mode.STATUS_2001])
async def test_a_partner_that_was_down_gets_everything_later(tmp_path: Path, mode: Mode) -> None:
    """Nothing lost, nothing twice: the charger never notices."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await partner.push_card(Card(CARD, whitelist="ALWAYS"))
        await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
        partner.mode = mode
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
        await partner.ledger.until(lambda: partner.ledger.requests("sessions") or None, "a first attempt")
        partner.mode = Mode.NORMAL
        async with asyncio.timeout(20):
            while not partner.ledger.cdrs:
                await retry_all(operator)
                await asyncio.sleep(0.1)
    assert only(partner.ledger.cdrs).posts == 1


async def retry_all(operator: Operator) -> None:
    """Press "retry" for everything that waits or needs a person."""
    for debt in (await operator("GET", "/deliveries"))["items"]:
        if debt["state"] in ("WAITING", "PARKED"):
            # What was delivered since it was listed is refused, and that is as good.
            await operator.attempt("POST", f"/deliveries/{debt['partner']}/{debt['kind']}/{debt['key']}")
