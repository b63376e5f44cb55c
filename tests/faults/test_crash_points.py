"""F2: crash at the n-th step. Whatever point the process dies at, the end is the undisturbed one.

The story runs once with every point recorded, and then once for each point, dying there.
"""

import asyncio
import contextlib
import json

import aiohttp
import pytest

from gateway.app.crashpoints import EXIT_CODE
from gateway.sim.cards import Card
from gateway.sim.errors import (
    CallRefused,
    ConnectionLost,
    ConnectionTurnedDown,
    NoAnswer,
    PartnerCallFailed,
)
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.process import TOKEN
from tests.faults.site import CARD, PARTNER, Site, charge, energy_wh, until

SIMULATED = (CallRefused, ConnectionLost, ConnectionTurnedDown, NoAnswer, PartnerCallFailed)
AT_ONCE = 4
LEAST_POINTS = 25


async def _keep_alive(site: Site, crash_at: str) -> None:
    """Start again whenever the process has died; only the first one is told to die."""
    await site.gateway.start(crash_at=crash_at)
    while True:
        code = site.gateway.exit_code()
        if code is not None:
            assert code == EXIT_CODE, site.gateway.log_tail()
            await site.gateway.start()
        await asyncio.sleep(0.02)


async def _insist(attempt, what: str) -> None:
    """Try as a person would: again, until it works."""
    async with asyncio.timeout(30):
        while True:
            try:
                if await attempt():
                    return
            except (aiohttp.ClientError, *SIMULATED, OSError, AssertionError):
                pass
            await asyncio.sleep(0.1)


async def _partners(site: Site) -> list[dict]:
    return (await site.gateway.ask("GET", "/partners"))["items"]


async def _befriended(site: Site, *, we_ask: bool) -> bool:
    """One step further to two platforms that work with each other; True when they do."""
    states = {p["name"]: p["state"] for p in await _partners(site)}
    if states.get(PARTNER) == "REGISTERED" and await site.partner.still_registered():
        return True
    if states.get(PARTNER) == "REGISTERED":
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
            await http.delete(f"{site.gateway.url}/api/v1/partners/{PARTNER}")
    site.partner.forget()
    if we_ask:
        body = {"name": PARTNER, "versions_url": site.partner.versions_url, "token": site.partner.invite()}
        await site.gateway.ask("POST", "/partners/connect", body)
        return False
    invited = await site.gateway.ask("POST", "/partners/invite", {"name": PARTNER, "parties": ["NL-EMS"]})
    await site.partner.register(invited["versions_url"], invited["token"])
    return False


async def _story(site: Site, crash_at: str, *, we_ask: bool) -> dict:
    """Handshake, card, rotation, session, CDR; returns what both sides hold in the end."""
    keeper = asyncio.create_task(_keep_alive(site, crash_at))
    try:
        await until(site.gateway.ready, bool, "the first start")
        await _insist(lambda: _befriended(site, we_ask=we_ask), "handshake")

        async def pushed() -> bool:
            return await site.partner.push_card(Card(CARD, whitelist="NEVER")) < 300

        await _insist(pushed, "card")
        await _insist(lambda: _connected(site), "station")
        station = site.stations[0]
        await _insist(lambda: _authorized(site), "authorization")
        transaction = await charge(station, 0.1)
        await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the CDR", 30)
        books = await site.until(
            lambda b: bool(b.debts) and all(d.state == "SETTLED" for d in b.debts), "all settled", 30
        )
        await until(site.gateway.ready, bool, "ready in the end")
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
    (session,) = books.sessions
    (cdr,) = books.cdrs
    (held,) = site.partner.ledger.cdrs.values()
    (seen,) = site.partner.ledger.sessions.values()
    assert held.body["id"] == cdr.id
    assert session.energy_wh == energy_wh(transaction)
    assert abs(float(held.body["total_energy"]) * 1000 - energy_wh(transaction)) < 0.01
    return {
        "session": session.status.value,
        "partner sees": seen.body["status"],
        "flags": [flag.reason.value for flag in session.flags],
        "aside": len(books.aside),
        "partners": [p["state"] for p in await _partners(site)],
        "locations": sorted(site.partner.ledger.locations),
        "tariffs": sorted(site.partner.ledger.tariffs),
    }


async def _connected(site: Site) -> bool:
    if 0 not in site.stations:
        await site.station(0)
    return site.stations[0].connected


async def _authorized(site: Site) -> bool:
    return await site.stations[0].authorize(CARD) == "Accepted"


async def _points(site: Site, *, we_ask: bool) -> tuple[dict, list[str]]:
    record = site.gateway.directory / "points"
    end = await _story(site, f"record:{record}", we_ask=we_ask)
    return end, record.read_text().split()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("we_ask", [False, True], ids=["they register", "we register"])
async def test_f2_crash_at_every_point(make_site: MakeSite, we_ask: bool) -> None:
    undisturbed, points = await _points(await make_site(1), we_ask=we_ask)
    names = sorted(set(points))
    # Both handshakes share everything behind them: the second run dies in what only it has.
    chosen = [n for n in names if n.startswith(("handshake", "partner"))] if we_ask else names
    turn = asyncio.Semaphore(AT_ONCE)
    sites = [await make_site(1) for _ in chosen]

    async def one(site: Site, point: str) -> tuple[str, dict | str]:
        async with turn:
            try:
                end = await _story(site, point, we_ask=we_ask)
                await site.gateway.stop()
            except Exception as error:  # noqa: BLE001 - every point is tried, and all that went wrong is told
                return point, f"{type(error).__name__}: {error}"[:600] + site.gateway.log_tail(1500)
            assert site.gateway.starts == 2, f"{point} was not reached"
            return point, end

    ends = await asyncio.gather(*(one(site, point) for site, point in zip(sites, chosen, strict=True)))
    wrong = {point: end for point, end in ends if end != undisturbed}
    assert not wrong, json.dumps(wrong, indent=1, default=str)
    if not we_ask:
        assert len(chosen) >= LEAST_POINTS
        measured("F2", f"{len(chosen)} crash points, each restarted: the end is the undisturbed one")
