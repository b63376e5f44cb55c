"""The composition root: the only module that knows every adapter."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from gateway import api, config, listening, memory
from gateway.api.metrics import Metrics, Sources
from gateway.app.access import Access
from gateway.app.attention import Attention
from gateway.app.authorize import Authorizing
from gateway.app.callers import Callers
from gateway.app.caring import Caring
from gateway.app.charging import Charging
from gateway.app.closing import Closing
from gateway.app.commands import Commands
from gateway.app.corrections import Corrections
from gateway.app.costs import CostsTold
from gateway.app.deliver import Deliveries
from gateway.app.hubs import Hubs
from gateway.app.invoices import Invoices
from gateway.app.keeping import Keeping
from gateway.app.network import Network
from gateway.app.operations import Operations
from gateway.app.partner_profiles import PartnerProfiles
from gateway.app.partner_views import PartnerViews
from gateway.app.policy import Policy
from gateway.app.preferences import Wishes
from gateway.app.presence import Presence
from gateway.app.recent import RecentMessages
from gateway.app.reconcile import Reconciling
from gateway.app.register import Registration
from gateway.app.releasing import Releasing
from gateway.app.remote import Remote
from gateway.app.running_costs import RunningCosts
from gateway.app.still_running import StillRunning
from gateway.app.tokens import Tokens
from gateway.app.verify import Report, Verifier
from gateway.app.views import Views
from gateway.app.vitals import Vitals
from gateway.app.wake import Wake
from gateway.certificates.authority import Authority
from gateway.certificates.external import ExternalAuthority
from gateway.charger_wiring import charger_authority, charger_limits, tls_context
from gateway.config import Settings
from gateway.dialects import DIALECTS
from gateway.domain.ids import Party
from gateway.keeping_wiring import keeping_loops
from gateway.machine import RandomIds, SystemClock
from gateway.memory_limit import MemoryWatch
from gateway.network import NetworkFiles, Readers
from gateway.profiles import presets
from gateway.secret_files import provide_secrets
from gateway.signatures.meter_data import MeterSignatures
from gateway.store.engine import SqlStore, open_store
from gateway.store.secrets import KeyedSecrets
from gateway.tls import client_contexts
from gateway.watchdog import Watchdog
from ocpi import network_objects
from ocpi.checking import EndpointCheck
from ocpi.client import PartnerClient
from ocpi.fingerprints import WireFingerprints
from ocpi.routes import ocpi_app
from ocpi.services import CommandServices
from ocpi.services import Services as PartnerServices
from ocpp_side.connected import ConnectedChargers
from ocpp_side.endpoint import ChargerEndpoint

log = logging.getLogger(__name__)

RELEASE = version("ocpp-ocpi-gateway")
FINGERPRINTS = WireFingerprints(DIALECTS, RELEASE)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway.

    `url` is where this machine reaches it; `notices` are sentences for whoever started it.
    """

    settings: Settings
    url: str
    admin_token: str
    store: SqlStore
    network: NetworkFiles
    chargers: ConnectedChargers
    notices: Sequence[str]


class _Parts:
    """What more than one side of the gateway needs."""

    def __init__(self, settings: Settings, store: SqlStore, secrets: KeyedSecrets) -> None:
        self.settings = settings
        self.store = store
        self.secrets = secrets
        self.clock = SystemClock()
        self.ids = RandomIds()
        self.policy: Policy = settings.policy()
        self.wake = Wake()
        self.recent = RecentMessages(self.clock)
        self.chargers = ConnectedChargers()
        self.presence = Presence(store, self.chargers, self.clock, self.policy, self.wake)
        self.client = PartnerClient(
            DIALECTS,
            secrets,
            self.ids,
            allow_private=settings.allow_private_partners,
            our_parties=self.our_parties,
            recorder=self.recent,
            tls_by_host=client_contexts(settings.partner_certificates),
        )
        self.tokens = Tokens(store, self.client, self.clock, self.wake)
        self.invoices = Invoices(store, self.clock, self.ids)
        self.commands = Commands(store, self.chargers, self.clock, self.ids, self.policy, self.wake)
        self.registration = Registration(
            store,
            self.client,
            secrets,
            self.clock,
            self.ids,
            self.policy,
            settings.base_url,
            lambda _: self.wake.deliveries(),
        )
        self.hubs = Hubs(store, self.client, self.clock, self.wake.deliveries)
        self.profiles = PartnerProfiles(store, presets(), self.clock, self.wake)
        self.network = NetworkFiles(
            Network(store, secrets, self.clock, self.network_changed),
            Readers(location=network_objects.read_location, tariff=network_objects.read_tariff),
            self.clock,
        )

    @cached_property
    def operations(self) -> Operations:
        """Tasks at chargers."""
        return Operations(
            self.store, self.chargers, self.clock, self.ids, self.policy, self.secrets, self.authority
        )

    @cached_property
    def told(self) -> CostsTold:
        """What drivers were told of costs; answers to chargers and CostUpdated share it."""
        return CostsTold(self.policy.session_update)

    @cached_property
    def doors(self) -> asyncio.Event:
        """Set when chargers may have been removed or got another key."""
        return asyncio.Event()

    @cached_property
    def callers(self) -> Callers:
        """Who calls; one for every listener, since a token is used up once."""
        return Callers(self.store, self.secrets, self.clock)

    @cached_property
    def authority(self) -> Authority | ExternalAuthority | None:
        """Who signs chargers' certificates. Raises InvalidInput if its file cannot be used."""
        return charger_authority(self.settings, self.clock.now())

    @cached_property
    def keeping(self) -> Keeping:
        """What proves and repairs."""
        return Keeping(
            Verifier(self.store, self.secrets, self.clock, FINGERPRINTS),
            Reconciling(self.store, self.client, self.clock, self.wake, self.policy),
        )

    async def our_parties(self) -> Sequence[Party]:
        return await self.store.read(lambda tx: tuple(role.party for role in tx.parties.all()))

    def network_changed(self) -> None:
        self.operations.tariffs_changed()
        self.presence.network_changed()
        self.doors.set()
        self.wake.deliveries()


def _charger_side(parts: _Parts) -> ChargerEndpoint:
    authorizing = Authorizing(parts.store, parts.client, parts.clock, parts.policy)
    charging = Charging(
        parts.store, authorizing, parts.presence, parts.clock, parts.ids, parts.policy, parts.wake, parts.told
    )
    plain = parts.settings.allow_plain_chargers
    access = Access(parts.store, parts.secrets, parts.clock, allow_plain=plain)
    caring = Caring(
        parts.store,
        parts.operations,
        parts.authority,
        parts.clock,
        parts.ids,
        configure=parts.settings.configure_chargers,
    )
    return ChargerEndpoint(
        access,
        charging,
        authorizing,
        caring,
        parts.recent,
        parts.clock,
        charger_limits(parts.settings),
        chargers=parts.chargers,
    )


def _partner_side(parts: _Parts) -> web.Application:
    return ocpi_app(
        PartnerServices(
            parts.callers,
            parts.registration,
            parts.tokens,
            PartnerViews(parts.store),
            parts.invoices,
            parts.hubs,
            DIALECTS,
            parts.settings.base_url,
            parts.clock,
            parts.recent,
            CommandServices(parts.commands, Wishes(parts.store, parts.clock, parts.wake)),
        )
    )


def _operator_side(parts: _Parts) -> api.Services:
    about = api.About(
        RELEASE,
        parts.clock.now(),
        parts.settings.base_url,
        tuple(config.warnings(parts.settings)),
    )
    return api.Services(
        Views(parts.store, parts.chargers, parts.clock),
        Attention(parts.store, parts.clock, parts.wake),
        parts.registration,
        parts.profiles,
        Remote(parts.chargers, parts.policy),
        parts.network,
        parts.clock,
        about,
        parts.store.health,
        parts.operations,
        Corrections(parts.store, parts.clock, parts.ids, parts.wake),
        Releasing(parts.store, parts.clock, parts.ids, parts.wake),
        MeterSignatures(),
        invoices=parts.invoices,
        keeping=parts.keeping,
        recent=parts.recent,
        check=EndpointCheck(parts.client, DIALECTS).report,
        withdraw=parts.commands.withdraw_reservation,
    )


def _metrics(parts: _Parts, endpoint: ChargerEndpoint) -> Metrics:
    vitals = Vitals(parts.store, parts.chargers, parts.clock)
    sources = Sources(vitals, parts.keeping.verifier, parts.store, parts.recent, endpoint.admission)
    return Metrics(sources)


def _outward(parts: _Parts, endpoint: ChargerEndpoint) -> web.Application:
    """What chargers and partners reach."""
    app = web.Application()
    endpoint.add_routes(app)
    app.add_subapp("/ocpi", _partner_side(parts))
    return app


def _loops(parts: _Parts) -> dict[str, listening.Loop]:
    store, clock, policy, wake = parts.store, parts.clock, parts.policy, parts.wake
    return {
        "deliveries": Deliveries(
            store, parts.client, parts.tokens.pull, clock, policy, wake, FINGERPRINTS, parts.hubs.pull
        ).run,
        "closing": Closing(store, clock, wake, StillRunning(parts.chargers)).run,
        "presence": parts.presence.run,
        "commands": parts.commands.run,
        "profiles": parts.commands.profiles.run,
        "operations": parts.operations.run,
        "costs": RunningCosts(store, parts.chargers, clock, parts.told).run,
        **keeping_loops(store, clock, policy, wake),
        "verifying": parts.keeping.verifier.run,
        "reconciling": parts.keeping.reconciling.run,
    }


@asynccontextmanager
async def running_gateway(settings: Settings, network_file: Path | None = None) -> AsyncIterator[Gateway]:
    """Start a gateway and stop it in order: no new work, finish what is in flight, close the database.

    A network file is applied before the first connection is accepted: no charger in it is turned away.
    Raises InvalidInput, NetworkRefused, AlreadyRunning and the store's errors with what to do; OSError if
    the port is taken or the file cannot be read.
    """
    provided = provide_secrets(settings)
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(listening.listener(settings.host, settings.port))
        settings = provided.settings.listening_on(bound.getsockname()[1])
        admin_token = _revealed(settings.admin_token)
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        secrets = KeyedSecrets(_revealed(settings.secret_key))
        await secrets.check_key(store)
        parts = _Parts(settings, store, secrets)
        stack.push_async_callback(parts.client.close)
        endpoint = _charger_side(parts)
        metrics = _metrics(parts, endpoint)
        app = _outward(parts, endpoint)
        api.add_routes(app, _operator_side(parts), admin_token)
        metrics.serve(app, admin_token, _revealed(settings.metrics_token))
        if network_file is not None:
            await _apply(parts.network, network_file)
        loops = _loops(parts) | {"doors": lambda: endpoint.watch_network(parts.doors)}
        loops["watchdog"] = Watchdog(metrics.late).run
        loops["memory"] = MemoryWatch(endpoint.admission.shut).run
        await listening.start(stack, app, bound, loops, endpoint.close)
        await _serve_tls(stack, parts, endpoint, metrics)
        yield Gateway(
            settings,
            settings.local_url,
            admin_token,
            store,
            parts.network,
            parts.chargers,
            provided.notices,
        )


async def _apply(network: NetworkFiles, file: Path) -> None:
    text = await asyncio.to_thread(file.read_text, "utf-8")
    done = await network.apply(str(file), text)
    log.info("applied %s: %d changed, %d unchanged", file, len(done.changes), done.unchanged)


async def _serve_tls(
    stack: AsyncExitStack, parts: _Parts, endpoint: ChargerEndpoint, metrics: Metrics
) -> None:
    """Serve chargers and partners over TLS too, if there is a certificate; never the operator API."""
    context = tls_context(parts.settings, parts.authority)
    if context is None:
        return
    settings = parts.settings
    bound = stack.enter_context(listening.listener(settings.tls_host, settings.tls_port))
    app = _outward(parts, endpoint)
    metrics.watch(app)
    await listening.start_tls(stack, app, bound, context)
    log.info("listening with TLS at port %d", bound.getsockname()[1])


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


async def _serve(settings: Settings, network_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_gateway(settings, network_file) as gateway:
        for sentence in (*gateway.notices, *config.warnings(gateway.settings)):
            log.warning(sentence)
        partners = f"{gateway.settings.base_url}/ocpi/versions"
        memory.settle()
        log.info("listening at %s; partners start at %s", gateway.url, partners)
        await stop.wait()
        log.info("stopping: no new work, finishing what is in flight")
    log.info("stopped")


async def verify_offline(settings: Settings) -> Report:
    """Check the invariants of a database no gateway runs on. Raises AlreadyRunning and the store's errors."""
    settings = provide_secrets(settings).settings
    store = await open_store(settings.database_url)
    try:
        secrets = KeyedSecrets(_revealed(settings.secret_key))
        return await Verifier(store, secrets, SystemClock(), FINGERPRINTS).verify()
    finally:
        await store.close()


def serve(settings: Settings, network_file: Path | None = None) -> None:
    """Run until SIGTERM or SIGINT, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(settings, network_file))
    else:
        uvloop.run(_serve(settings, network_file))
