"""`/metrics`: what a monitoring system sees, and who may look."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families

from gateway.api.metrics import Metrics, Sources
from gateway.app.ports import Tx
from gateway.app.recent import RecentMessages
from gateway.app.verify import Finding, Report, Verifier
from gateway.app.vitals import Vitals
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import StoreUnavailable
from gateway.domain.ids import ChargerId
from gateway.domain.partners import PartnerState, Reach
from gateway.store.secrets import KeyedSecrets
from gateway.store.writer import Statistics
from gateway.watchdog import Watchdog
from ocpp_side.admission import Admission
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeFingerprints

ADMIN, READER = "an-admin-token-of-the-tests", "a-token-that-reads-metrics"


class Commits:
    """A store's writer, as far as metrics look at it."""

    def __init__(self) -> None:
        self.statistics = Statistics(works=90, commits=10, failures=2)
        self.queued = 7
        self.problem: str | None = None

    async def health(self) -> str | None:
        return self.problem


class Watched:
    """A gateway that is watched: its parts, and what is read from it."""

    def __init__(self) -> None:
        self.world = World()
        self.commits = Commits()
        self.recent = RecentMessages(self.world.clock)
        self.door = Admission(2, 2, 1)
        secrets = KeyedSecrets("a-secret-key-of-the-tests")
        self.verifier = Verifier(self.world.store, secrets, self.world.clock, FakeFingerprints())
        vitals = Vitals(self.world.store, self.world.chargers, self.world.clock)
        self.metrics = Metrics(Sources(vitals, self.verifier, self.commits, self.recent, self.door))

    async def read(self) -> dict[str, float]:
        """Every sample by name and labels."""
        text = (await self.metrics.text()).decode()
        return {
            f"{s.name}{sorted(s.labels.values())}": s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }


@pytest.fixture
async def watched() -> Watched:
    one = Watched()
    await one.world.furnish()
    return one


async def test_only_who_has_a_token_reads(watched: Watched) -> None:
    """The admin token and the one for metrics; every request is counted by side and status."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="x")

    app, below = web.Application(), web.Application()
    below.router.add_get("/versions", hello)
    app.add_subapp("/ocpi", below)
    watched.metrics.serve(app, ADMIN, READER)
    seen = []
    async with TestServer(app) as server, ClientSession() as http:
        for token in ("", "wrong", ADMIN, READER):
            headers = {"Authorization": f"Bearer {token}"}
            async with http.get(server.make_url("/metrics"), headers=headers) as answer:
                seen.append((answer.status, b"gateway_ready" in await answer.read()))
        for path in ("/ocpi/versions", "/ocpp/CP-1", "/ocpi/nothing"):
            async with http.get(server.make_url(path)):
                pass
    assert seen == [(401, False), (401, False), (200, True), (200, True)]
    now = await watched.read()
    assert now["gateway_http_requests_total['200', 'operator']"] == 2
    assert now["gateway_http_requests_total['401', 'operator']"] == 2
    assert now["gateway_http_requests_total['200', 'partner']"] == 1
    assert now["gateway_http_requests_total['404', 'partner']"] == 1
    assert now["gateway_http_requests_total['404', 'charger']"] == 1


async def test_an_unset_token_opens_nothing(watched: Watched) -> None:
    app = web.Application()
    watched.metrics.serve(app, ADMIN, "")
    async with TestServer(app) as server, ClientSession() as http:
        for shown in ("Bearer", "Bearer ", "Basic x"):
            headers = {"Authorization": shown}
            async with http.get(server.make_url("/metrics"), headers=headers) as answer:
                assert answer.status == 401


async def test_deliveries_by_partner_kind_and_state(watched: Watched) -> None:
    """What is owed, what waits for a person, and for how long the oldest has been owed."""
    world = watched.world
    now = world.clock.now()
    partner = (await world.store.read(lambda tx: tx.partners.all()))[0]

    def debt(key: str, age_s: int, state: DebtState) -> Debt:
        at = now - timedelta(seconds=age_s)
        return Debt(partner.id, Owed.CDR, key, 1, at, at, state)

    def owe(tx: Tx) -> None:
        for known in tx.debts.list():
            tx.debts.save(replace(known, state=DebtState.SETTLED))
        for one in (
            debt("a", 300, DebtState.WAITING),
            debt("b", 20, DebtState.WAITING),
            debt("c", 900, DebtState.PARKED),
            debt("d", 999, DebtState.SETTLED),
        ):
            tx.debts.save(one)

    await world.store.write(owe)
    seen = {name: value for name, value in (await watched.read()).items() if "deliver" in name}
    assert seen == {
        f"gateway_deliveries['CDR', '{partner.name}', 'WAITING']": 2,
        f"gateway_deliveries['CDR', '{partner.name}', 'PARKED']": 1,
        f"gateway_delivery_lag_seconds['CDR', '{partner.name}']": 300,
    }


@pytest.mark.parametrize(
    ("state", "failures", "up"),
    [
        (PartnerState.REGISTERED, 0, 1),
        (PartnerState.REGISTERED, 2, 1),
        (PartnerState.REGISTERED, 3, 0),
        (PartnerState.AUTH_FAILED, 0, 0),
        (PartnerState.REMOVED, 0, None),
    ],
)
async def test_partners_up(watched: Watched, state: PartnerState, failures: int, up: int | None) -> None:
    partner = (await watched.world.store.read(lambda tx: tx.partners.all()))[0]
    changed = replace(partner, state=state, reach=Reach(failures))
    await watched.world.store.write(lambda tx: tx.partners.save(changed))
    assert (await watched.read()).get(f"gateway_partner_up['{partner.name}']") == up


async def test_store_messages_and_the_door(watched: Watched) -> None:
    watched.recent.frame(ChargerId("CP-1"), "in", "x")
    watched.recent.exchange(None, "out", "GET", "x")
    watched.recent.exchange(None, "out", "GET", "x")
    place = await watched.door.place()
    watched.commits.problem = "The disk is full."
    now = await watched.read()
    assert place is not None
    assert now["gateway_ready[]"] == 0
    store = ("queue", "works_total", "commits_total", "failures_total")
    assert [now[f"gateway_store_{name}[]"] for name in store] == [7, 90, 10, 2]
    assert now["gateway_messages_total['charger', 'in']"] == 1
    assert now["gateway_messages_total['out', 'partner']"] == 2
    assert (now["gateway_admission_working[]"], now["gateway_admission_waiting[]"]) == (1, 0)


async def test_the_last_verification(watched: Watched) -> None:
    """Nothing before the first one: silence must not look like health."""
    assert not [name for name in await watched.read() if "invariants" in name or "verified" in name]
    watched.verifier.last = Report(b.NOON, 1, 1, 1, (Finding("I3", "CDR x", "is lost"),) * 2)
    now = await watched.read()
    broken = {n: v for n, v in now.items() if n.startswith("gateway_invariants_broken")}
    assert broken == {f"gateway_invariants_broken['I{n}']": 2 * (n == 3) for n in range(1, 9)}
    assert now["gateway_verified_timestamp_seconds[]"] == b.NOON.timestamp()


async def test_metrics_while_the_database_cannot_be_read(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(work: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(watched.world.store, "read", fails)
    watched.commits.problem = "locked"
    now = await watched.read()
    assert now["gateway_ready[]"] == 0
    assert "gateway_chargers_online[]" in now


async def test_the_watchdog_tells_a_stall(caplog: pytest.LogCaptureFixture) -> None:
    """F26: time that passed while nobody was served is measured, and a second of it is an error."""
    times = iter([0.0, 0.11, 1.0, 3.1])
    seen: list[float] = []
    with pytest.raises(RuntimeError):  # the clock of this test ends, and with it the loop
        await Watchdog(seen.append, lambda: next(times)).run()
    assert seen == [pytest.approx(0.01), pytest.approx(2.0)]
    assert caplog.messages == ["the event loop stood still for 2.0 s: nobody was served"]


async def test_delays_become_a_histogram(watched: Watched) -> None:
    watched.metrics.late(0.02)
    watched.metrics.late(3)
    now = await watched.read()
    assert now["gateway_event_loop_delay_seconds_count[]"] == 2
    assert now["gateway_event_loop_delay_seconds_bucket['0.025']"] == 1
    assert now["gateway_event_loop_delay_seconds_bucket['2.5']"] == 1
    assert now["gateway_event_loop_delay_seconds_bucket['5.0']"] == 2
