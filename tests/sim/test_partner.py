"""The simulated eMSP, seen by a plain HTTP client: strict, honest about what it holds, able to misbehave."""

import base64
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from gateway.sim.cards import Card
from gateway.sim.errors import NotSeenInTime, PartnerCallFailed
from gateway.sim.faults import Disturbance, Mode
from gateway.sim.partner import SimulatedPartner

T = "2026-11-22T10:00:00Z"
CONNECTOR = {
    "id": "1", "standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_voltage": 920,
    "max_amperage": 500, "last_updated": T,
}  # fmt: skip
EVSE = {"uid": "E1", "status": "AVAILABLE", "connectors": [CONNECTOR], "last_updated": T}
LOCATION = {
    "country_code": "NL", "party_id": "CPO", "id": "LOC1", "publish": True, "address": "Street 1",
    "city": "Utrecht", "country": "NLD", "coordinates": {"latitude": "52.100000", "longitude": "5.100000"},
    "time_zone": "Europe/Amsterdam", "evses": [EVSE], "last_updated": T,
}  # fmt: skip
CDR_TOKEN = {
    "country_code": "NL", "party_id": "EMS", "uid": "C1", "type": "RFID", "contract_id": "NL-EMS-C1"
}  # fmt: skip
SESSION = {
    "country_code": "NL", "party_id": "CPO", "id": "S1", "start_date_time": T, "kwh": 1.25,
    "cdr_token": CDR_TOKEN, "auth_method": "AUTH_REQUEST", "location_id": "LOC1", "evse_uid": "E1",
    "connector_id": "1", "currency": "EUR", "status": "ACTIVE", "last_updated": T,
}  # fmt: skip
CDR = {
    "country_code": "NL", "party_id": "CPO", "id": "CDR1", "start_date_time": T, "end_date_time": T,
    "cdr_token": CDR_TOKEN, "auth_method": "AUTH_REQUEST", "cdr_location": {"id": "LOC1"}, "currency": "EUR",
    "charging_periods": [{"start_date_time": T, "dimensions": [{"type": "ENERGY", "volume": 1}]}],
    "total_cost": {"excl_vat": 1.5}, "total_energy": 1, "total_time": 0.1, "last_updated": T,
}  # fmt: skip
TARIFF = {
    "country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR", "elements": [], "last_updated": T
}  # fmt: skip


class Caller:
    """A CPO with a known token; returns HTTP status, OCPI status and the envelope."""

    def __init__(self, session: aiohttp.ClientSession, partner: SimulatedPartner) -> None:
        self._session = session
        self.base = f"{partner.url}/ocpi/emsp/2.2.1"
        self.token = "known"

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, int | None, Any]:
        url = path if path.startswith("http") else f"{self.base}/{path}"
        header = base64.b64encode(self.token.encode()).decode()
        data = body if isinstance(body, str) else None if body is None else json.dumps(body)
        headers = {"Authorization": f"Token {header}", "Content-Type": "application/json"}
        async with self._session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            value = json.loads(text) if answer.content_type == "application/json" and text else {}
            self.headers = answer.headers
            return answer.status, value.get("status_code"), value


@pytest.fixture
async def partner() -> AsyncIterator[SimulatedPartner]:
    async with SimulatedPartner() as running:
        running.accepted_tokens.add("known")
        yield running


@pytest.fixture
async def ask(partner: SimulatedPartner) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session, partner)


@pytest.mark.parametrize(
    ("method", "path", "body", "http", "status"),
    [
        ("PUT", "locations/NL/CPO/LOC1", LOCATION, 201, 1000),
        ("PUT", "locations/NL/CPO/LOC2", LOCATION, 200, 2001),
        ("PUT", "locations/NL/XXX/LOC1", LOCATION, 200, 2001),
        ("PUT", "locations/NL/CPO/LOC1", {**LOCATION, "time_zone": None}, 200, 2001),
        (
            "PUT",
            "locations/NL/CPO/LOC1",
            {**LOCATION, "last_updated": "2026-11-22T10:00:00+00:00"},
            200,
            2001,
        ),
        ("PUT", "locations/NL/CPO/LOC1", {**LOCATION, "evses": [{**EVSE, "connectors": []}]}, 200, 2001),
        ("PUT", "locations/NL/CPO/LOC1", "{", 400, 2001),
        ("PUT", "locations/NL/CPO/LOC1", [], 200, 2001),
        ("PATCH", "locations/NL/CPO/LOC1/E1", {"status": "CHARGING", "last_updated": T}, 404, 2003),
        ("PUT", "sessions/NL/CPO/S1", SESSION, 201, 1000),
        ("PUT", "sessions/NL/CPO/S2", SESSION, 200, 2001),
        ("PUT", "sessions/NL/CPO/S1", {**SESSION, "cdr_token": {**CDR_TOKEN, "party_id": "XXX"}}, 200, 2001),
        ("PATCH", "sessions/NL/CPO/S1", {"kwh": 2}, 200, 2001),
        ("PATCH", "sessions/NL/CPO/S1", {"kwh": 2, "last_updated": T}, 404, 2001),
        ("POST", "cdrs", CDR, 201, 1000),
        ("POST", "cdrs", {**CDR, "charging_periods": []}, 200, 2001),
        ("POST", "cdrs", {**CDR, "total_cost": None}, 200, 2001),
        ("PUT", "tariffs/NL/CPO/T1", TARIFF, 201, 1000),
        ("DELETE", "tariffs/NL/CPO/T1", None, 404, 2001),
        ("POST", "locations/NL/CPO/LOC1", LOCATION, 405, 3000),
        ("GET", "nonsense", None, 404, 3000),
        ("POST", "tokens/NOBODY/authorize", None, 404, 2004),
    ],
)
async def test_strict_receiver(
    ask: Caller, method: str, path: str, body: Any, http: int, status: int
) -> None:
    """TR-14, TR-15, TR-25, TR-27, TR-31, LOC-04, LOC-06, SES-02, SES-03, CDR-09, TOK-07."""
    assert (await ask(method, path, body))[:2] == (http, status)


async def test_unknown_token(ask: Caller, partner: SimulatedPartner) -> None:
    """TR-06, TR-07: no token, no data; a token A opens only versions and credentials."""
    ask.token = "stranger"
    assert (await ask("GET", partner.versions_url))[0] == 401
    ask.token = partner.invite()
    assert (await ask("GET", partner.versions_url))[0] == 200
    assert (await ask("GET", "tokens"))[0] == 401


async def test_status_patches_reach_the_evse(ask: Caller, partner: SimulatedPartner) -> None:
    """LOC-02, LOC-03: a PATCH changes one EVSE and the location's last_updated."""
    later = "2026-11-22T11:00:00Z"
    await ask("PUT", "locations/NL/CPO/LOC1", LOCATION)
    assert (await ask("PATCH", "locations/nl/cpo/loc1/e1", {"status": "CHARGING", "last_updated": later}))[
        1
    ] == 1000
    held = partner.ledger.locations["NL/CPO/LOC1"]
    assert held.body["evses"][0]["status"] == "CHARGING"
    assert held.body["last_updated"] == later
    assert (held.puts, held.patches) == (1, 1)
    assert (await ask("GET", "locations/NL/CPO/LOC1/E1/1"))[2]["data"]["max_amperage"] == 500


async def test_session_periods_are_appended_and_the_end_is_final(
    ask: Caller, partner: SimulatedPartner
) -> None:
    """SES-03, SES-04: PATCH appends periods; nothing follows COMPLETED."""
    period = {"start_date_time": T, "dimensions": [{"type": "ENERGY", "volume": 1}]}
    await ask("PUT", "sessions/NL/CPO/S1", {**SESSION, "charging_periods": [period]})
    patch = {"kwh": 2.5, "charging_periods": [period], "last_updated": T}
    assert (await ask("PATCH", "sessions/NL/CPO/S1", patch))[1] == 1000
    held = partner.ledger.sessions["NL/CPO/S1"]
    assert held.kwh == Decimal("2.5")
    assert len(held.body["charging_periods"]) == 2
    assert [b["kwh"] for b in held.history] == [Decimal("1.25"), Decimal("2.5")]
    assert (await ask("PUT", "sessions/NL/CPO/S1", {**SESSION, "status": "COMPLETED"}))[1] == 1000
    assert (await ask("PUT", "sessions/NL/CPO/S1", SESSION))[1] == 2001


@pytest.mark.parametrize(("refuse", "status"), [(True, 2001), (False, 1000)])
async def test_a_cdr_comes_once(ask: Caller, partner: SimulatedPartner, refuse: bool, status: int) -> None:
    """CDR-01, CDR-10: Location names where the CDR is; a second POST of the id is counted."""
    partner.receiver.refuse_duplicate_cdrs = refuse
    await ask("POST", "cdrs", CDR)
    url = ask.headers["Location"]
    assert (await ask("GET", url))[2]["data"]["id"] == "CDR1"
    assert (await ask("POST", "cdrs", CDR))[1] == status
    assert (len(partner.ledger.cdrs), partner.ledger.duplicate_cdrs) == (1, 1)


async def test_cards_are_listed_in_pages(ask: Caller, partner: SimulatedPartner) -> None:
    """PAG-01 to PAG-04, PAG-07."""
    for number in range(5):
        partner.sender.issue(Card(f"CARD-{number}"))
    seen, url = [], f"{ask.base}/tokens?limit=2"
    while url:
        _, _, page = await ask("GET", url)
        seen += [t["uid"] for t in page["data"]]
        assert ask.headers["X-Total-Count"] == "5"
        assert ask.headers["X-Limit"] == "50"
        link = ask.headers.get("Link", "")
        url = link.partition(">")[0].lstrip("<")
    assert seen == [f"CARD-{n}" for n in range(5)]


async def test_real_time_authorization(ask: Caller, partner: SimulatedPartner) -> None:
    """TOK-06, TOK-08: the answer carries token and reference; a blocked card carries its verdict."""
    partner.sender.issue(Card("GOOD"))
    partner.sender.issue(Card("BAD", verdict="BLOCKED"))
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    _, _, answer = await ask("POST", "tokens/good/authorize?type=RFID", place)
    assert answer["data"]["allowed"] == "ALLOWED"
    assert answer["data"]["token"]["uid"] == "GOOD"
    assert answer["data"]["location"] == place
    asked = partner.ledger.authorizations[-1]
    assert asked.reference == answer["data"]["authorization_reference"]
    assert len(asked.reference or "") <= 36
    assert (await ask("POST", "tokens/BAD/authorize", place))[2]["data"]["allowed"] == "BLOCKED"
    partner.sender.wants_location = True
    assert (await ask("POST", "tokens/GOOD/authorize"))[1] == 2002


@pytest.mark.parametrize(
    ("mode", "http", "status", "held"),
    [
        (Mode.ERROR_500, 500, None, 0),
        (Mode.TOO_MANY, 429, None, 0),
        (Mode.SLOW, 201, 1000, 1),
        (Mode.STATUS_2001, 200, 2001, 0),
        (Mode.STATUS_3000, 200, 3000, 0),
        (Mode.HTML, 200, None, 0),
        (Mode.EMPTY, 200, None, 0),
        (Mode.REDIRECT, 307, None, 0),
        (Mode.UNAUTHORIZED, 401, 2001, 0),
    ],
)
async def test_fault_modes(
    ask: Caller, partner: SimulatedPartner, mode: Mode, http: int, status: int | None, held: int
) -> None:
    """F5, F6, F8, F9, F10: named, and over as soon as the mode is normal again."""
    partner.mode, partner.disturbance = mode, Disturbance(delay_s=0.01)
    assert (await ask("POST", "cdrs", CDR))[:2] == (http, status)
    assert len(partner.ledger.cdrs) == held
    assert (await ask("GET", partner.versions_url))[0] == 200
    partner.mode = Mode.NORMAL
    assert (await ask("PUT", "sessions/NL/CPO/S1", SESSION))[1] == 1000


async def test_a_dropped_answer_is_still_booked(ask: Caller, partner: SimulatedPartner) -> None:
    """F7: the CDR arrived, the answer did not; other modules work if only this one is disturbed."""
    partner.mode, partner.disturbed_modules = Mode.DROP_ANSWER, frozenset({"cdrs"})
    with pytest.raises(aiohttp.ClientError):
        await ask("POST", "cdrs", CDR)
    assert len(partner.ledger.cdrs) == 1
    assert (await ask("PUT", "sessions/NL/CPO/S1", SESSION))[1] == 1000


async def test_truncated_json(ask: Caller, partner: SimulatedPartner) -> None:
    """F8: half an envelope."""
    partner.mode = Mode.TRUNCATED
    with pytest.raises(json.JSONDecodeError):
        await ask("POST", "cdrs", CDR)


async def test_remarks_on_missing_headers(ask: Caller, partner: SimulatedPartner) -> None:
    """TR-36, TR-37: missing message ids and routing headers are noted, not refused."""
    await ask("PUT", "sessions/NL/CPO/S1", SESSION)
    await ask("PUT", "sessions/NL/CPO/S1", SESSION)
    assert len(partner.ledger.remarks) == 6


async def test_waiting_names_what_was_expected(partner: SimulatedPartner) -> None:
    """A missing event is reported in words."""
    with pytest.raises(NotSeenInTime, match=r"a CDR: not seen within 0\.01 s"):
        await partner.ledger.until(lambda: partner.ledger.cdrs or None, "a CDR", within=0.01)


async def test_two_platforms_shake_hands(partner: SimulatedPartner) -> None:
    """CRED-01 to CRED-09, with another simulated platform on the other side of the table."""
    async with SimulatedPartner("NL", "CPO") as other:
        token_a = other.invite()
        with pytest.raises(PartnerCallFailed, match="401"):
            await partner.register(other.versions_url, "wrong")
        connection = await partner.register(other.versions_url, token_a)
        assert other.connection is not None
        assert other.connection.token in partner.accepted_tokens
        assert connection.token in other.accepted_tokens
        assert token_a not in other.invitations
        first = connection.token
        assert (await partner.renew()).token != first
        assert await partner.still_registered()
        async with SimulatedPartner() as later:
            later.recall(partner.remember())
            assert await later.still_registered()
        await partner.unregister()
        assert other.connection is None
        assert not await partner.still_registered()


async def test_the_books_survive(ask: Caller, partner: SimulatedPartner) -> None:
    """A later run continues with the same objects and counts."""
    await ask("POST", "cdrs", CDR)
    memory = json.loads(json.dumps(partner.remember(), default=float))
    async with SimulatedPartner() as later:
        later.recall(memory)
        assert later.ledger.cdrs["NL/CPO/CDR1"].posts == 1
