"""A gateway's OCPI side on a loopback socket, with everything it stands on in memory."""

import asyncio
import socket
from dataclasses import replace
from uuid import uuid4

from aiohttp import web

import ocpi.v22
import ocpi.v211
import ocpi.v221
import ocpi.v230
from gateway.app.callers import Callers
from gateway.app.hubs import Hubs
from gateway.app.invoices import Invoices
from gateway.app.partner_views import PartnerViews
from gateway.app.policy import Policy
from gateway.app.ports import Store, Tx
from gateway.app.register import Registration
from gateway.app.tokens import Tokens
from gateway.domain.ids import PartnerId
from gateway.domain.partners import Partner, PartnerRole, Role
from gateway.store.memory import MemoryStore
from gateway.store.secrets import KeyedSecrets
from ocpi.client import PartnerClient
from ocpi.dialect import Dialect
from ocpi.routes import ocpi_app
from ocpi.services import Services
from tests.builders import CPO, location, tariff
from tests.fakes import FakeClock
from tests.ocpi.fake_partner import FakePartner

DIALECTS: dict[str, Dialect] = {
    dialect.VERSION: dialect for dialect in (ocpi.v211, ocpi.v22, ocpi.v221, ocpi.v230)
}


class RandomIds:
    def new(self) -> str:
        return str(uuid4())


class Kept:
    """A recorder that keeps everything."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def frame(self, charger_id: str, direction: str, text: str) -> None:
        raise AssertionError("no charger speaks here")

    def exchange(self, partner_id: PartnerId | None, direction: str, summary: str, text: str) -> None:
        self.texts.append(f"{direction} {summary}\n{text}")


class Gateway:
    """The OCPI side, listening."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        allow_private: bool = True,
        deadline_s: float = 20,
        **settings: object,
    ) -> None:
        self.settings = settings
        self.store: Store = store or MemoryStore()
        self.secrets = KeyedSecrets("a-secret-key-of-the-tests")
        self.clock = FakeClock()
        self.recorder = Kept()
        self.registered: list[PartnerId] = []
        self.registration_done = asyncio.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.public_url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.client = PartnerClient(
            DIALECTS,
            self.secrets,
            RandomIds(),
            allow_private=allow_private,
            our_parties=self._parties,
            recorder=self.recorder,
            deadline_s=deadline_s,
        )
        self.registration = Registration(
            self.store,
            self.client,
            self.secrets,
            self.clock,
            RandomIds(),
            Policy(),
            self.public_url,
            self._on_registered,
        )
        self.callers = Callers(self.store, self.secrets, self.clock)
        self.tokens = Tokens(self.store, self.client, self.clock)
        self.hubs = Hubs(self.store, self.client, self.clock, lambda: None)
        self.partners: list[FakePartner] = []

    def _on_registered(self, partner_id: PartnerId) -> None:
        self.registered.append(partner_id)
        self.registration_done.set()

    async def _parties(self) -> list:
        return [role.party for role in await self.store.read(lambda tx: list(tx.parties.all()))]

    @property
    def versions_url(self) -> str:
        return f"{self.public_url}/ocpi/versions"

    async def start(self) -> "Gateway":
        services = Services(
            callers=self.callers,
            registration=self.registration,
            tokens=self.tokens,
            views=PartnerViews(self.store),
            invoices=Invoices(self.store, self.clock, RandomIds()),
            hubs=self.hubs,
            dialects=DIALECTS,
            public_url=self.public_url,
            clock=self.clock,
            recorder=self.recorder,
        )
        root = web.Application()
        root.add_subapp("/ocpi", ocpi_app(replace(services, **self.settings)))
        self.runner = web.AppRunner(root, shutdown_timeout=0.2)
        await self.runner.setup()
        await web.SockSite(self.runner, self.socket).start()
        await self.store.write(_furnish)
        return self

    async def stop(self) -> None:
        for partner in self.partners:
            await partner.stop()
        await self.client.close()
        await self.runner.cleanup()

    async def platform(self, **fields: object) -> FakePartner:
        """A partner's platform that is not registered yet."""
        partner = await FakePartner(**fields).start()  # type: ignore[arg-type]
        self.partners.append(partner)
        return partner

    async def registered_platform(self, name: str = "fake", **fields: object) -> FakePartner:
        """A partner's platform that registered here."""
        partner = await self.platform(**fields)
        invitation = await self.registration.invite(name)
        status, answer = await partner.register_at(invitation.versions_url, invitation.token)
        assert (status, answer["status_code"]) == (200, 1000), answer
        return partner

    async def partner(self, name: str = "fake") -> Partner:
        found = await self.store.read(lambda tx: tx.partners.by_name(name))
        assert found is not None
        return found


def _furnish(tx: Tx) -> None:
    tx.parties.save(PartnerRole(Role.CPO, CPO, "Our CPO"))
    tx.tariffs.save(tariff())
    tx.locations.save(location())
