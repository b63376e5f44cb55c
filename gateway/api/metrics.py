"""`/metrics` in Prometheus' text format: what a monitoring system reads and raises alarms from (ADR 8).

Partners are labels, chargers are not: there may be thousands. Names and units are a promise to dashboards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client import generate_latest as written
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.api.bearer import RETRY_AFTER_S, TokenCheck, TooManyAttempts
from gateway.app.recent import RecentMessages
from gateway.app.verify import INVARIANTS, Report, Verifier
from gateway.app.vitals import Pulse, Vitals
from gateway.domain.delivery import DebtState
from gateway.domain.errors import NotAuthenticated
from gateway.domain.partners import PartnerState, ReachState

_DELAYS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIDES = {"ocpp": "charger", "ocpi": "partner"}


class Commits(Protocol):
    """Units of work and commits so far; their ratio is how many share one."""

    works: int
    commits: int
    failures: int


class StoreState(Protocol):
    """What the store tells of its writer."""

    @property
    def statistics(self) -> Commits: ...  # noqa: D102
    @property
    def queued(self) -> int:
        """Units of work that wait for a commit."""

    async def health(self) -> str | None:
        """None if the database takes writes, else the problem."""


class Door(Protocol):
    """How chargers are let in, see `ocpp_side.admission`."""

    working: int
    waiting: int
    refused: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers come from. `door` admits chargers."""

    vitals: Vitals
    verifier: Verifier
    store: StoreState
    recent: RecentMessages
    door: Door


class Metrics:
    """Counts requests and delays as they happen; everything else is looked up when it is asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lasting = CollectorRegistry()
        ProcessCollector(registry=self._lasting)
        self._requests = Counter(
            "gateway_http_requests",
            "Requests answered, by side (charger: handshakes) and HTTP status.",
            ["side", "status"],
            registry=self._lasting,
        )
        self._delays = Histogram(
            "gateway_event_loop_delay_seconds",
            "How late the event loop was, measured ten times a second.",
            buckets=_DELAYS_S,
            registry=self._lasting,
        )

    def watch(self, app: web.Application) -> None:
        """Count the requests of an application and of those below it."""
        app.on_response_prepare.append(self._count)

    def serve(self, app: web.Application, *tokens: str) -> None:
        """Serve `/metrics` to whoever presents one of the tokens, and count the application's requests."""
        check = TokenCheck(*tokens)

        async def respond(request: web.Request) -> web.Response:
            try:
                check.require(request)
            except NotAuthenticated:
                return web.Response(status=401, headers={"WWW-Authenticate": 'Bearer realm="gateway"'})
            except TooManyAttempts:
                return web.Response(status=429, headers={"Retry-After": str(RETRY_AFTER_S)})
            headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
            return web.Response(body=await self.text(), headers=headers)

        app.router.add_get("/metrics", respond)
        self.watch(app)

    def late(self, seconds: float) -> None:
        """Note a delay of the event loop."""
        self._delays.observe(seconds)

    async def text(self) -> bytes:
        """All of it, now; also while the database is in trouble."""
        sources = self._sources
        problem, pulse = await sources.store.health(), await sources.vitals.take()
        now = CollectorRegistry()
        now.register(_Now([
            _gauge("gateway_ready", "1 if the database takes writes.", int(problem is None)),
            _gauge("gateway_chargers_online", "Chargers connected.", pulse.chargers_online),
            *_door(sources.door),
            *_messages(sources.recent),
            *_store(sources.store),
            *_invariants(sources.verifier.last),
            *_partners(pulse),
            *_deliveries(pulse),
        ]))  # fmt: skip
        return written(self._lasting) + written(now)

    async def _count(self, request: web.Request, response: web.StreamResponse) -> None:
        side = _SIDES.get(request.path.split("/", 2)[1], "operator")
        self._requests.labels(side, str(response.status)).inc()


class _Now(Collector):
    """Metrics of this moment."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _gauge(name: str, means: str, value: float) -> Metric:
    return GaugeMetricFamily(name, means, value=value)


def _counter(name: str, means: str, value: float) -> Metric:
    return CounterMetricFamily(name, means, value=value)


def _door(door: Door) -> Iterator[Metric]:
    yield _gauge("gateway_admission_working", "Chargers being let in.", door.working)
    yield _gauge("gateway_admission_waiting", "Chargers waiting to be let in.", door.waiting)
    yield _counter("gateway_admission_refused", "Chargers asked to come back later.", door.refused)


def _messages(recent: RecentMessages) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "gateway_messages", "OCPP frames and OCPI requests, in and out.", labels=["side", "direction"]
    )
    for (side, direction), count in sorted(recent.counts.items()):
        family.add_metric([side, direction], count)
    yield family


def _store(store: StoreState) -> Iterator[Metric]:
    so_far = store.statistics
    yield _gauge("gateway_store_queue", "Units of work that wait for a commit.", store.queued)
    yield _counter("gateway_store_works", "Units of work committed; per commit: the batch.", so_far.works)
    yield _counter("gateway_store_commits", "Commits.", so_far.commits)
    yield _counter("gateway_store_failures", "Commits that failed.", so_far.failures)


def _invariants(last: Report | None) -> Iterator[Metric]:
    """Nothing before the first verification: silence is not health."""
    if last is None:
        return
    broken = GaugeMetricFamily(
        "gateway_invariants_broken", "Findings of the last verification.", labels=["invariant"]
    )
    for name in INVARIANTS:
        broken.add_metric([name], sum(finding.invariant == name for finding in last.findings))
    yield broken
    at = last.at.timestamp()
    yield _gauge("gateway_verified_timestamp_seconds", "When the invariants were last verified.", at)


def _partners(pulse: Pulse) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "gateway_partner_up", "1 if a partner is registered and answers.", labels=["partner"]
    )
    for partner in pulse.partners or ():
        if partner.state is not PartnerState.REMOVED:
            answers = partner.active and partner.reach.state is not ReachState.DOWN
            up.add_metric([partner.name], int(answers))
    yield up


def _deliveries(pulse: Pulse) -> Iterator[Metric]:
    owed = GaugeMetricFamily(
        "gateway_deliveries",
        "What is owed to partners: WAITING is tried again, PARKED waits for a person.",
        labels=["partner", "kind", "state"],
    )
    lag = GaugeMetricFamily(
        "gateway_delivery_lag_seconds",
        "How long the oldest waiting delivery of a kind has been owed.",
        labels=["partner", "kind"],
    )
    names = pulse.names
    for one in pulse.backlog:
        name = names.get(one.partner_id, one.partner_id)
        owed.add_metric([name, one.kind, one.state], one.count)
        if one.state is DebtState.WAITING:
            lag.add_metric([name, one.kind], max((pulse.at - one.oldest_at).total_seconds(), 0))
    yield owed
    yield lag
