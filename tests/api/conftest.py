"""The operator API on a loopback socket, over the use cases and a memory store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway import api
from gateway.app.attention import Attention
from gateway.app.corrections import Corrections
from gateway.app.invoices import Invoices
from gateway.app.keeping import Keeping
from gateway.app.network import Network
from gateway.app.operations import Operations
from gateway.app.partner_profiles import PartnerProfiles
from gateway.app.recent import RecentMessages
from gateway.app.reconcile import Reconciling
from gateway.app.register import Registration
from gateway.app.releasing import Releasing
from gateway.app.remote import Remote
from gateway.app.verify import Verifier
from gateway.app.views import Views
from gateway.network import NetworkFiles
from gateway.profiles import presets
from gateway.signatures.meter_data import MeterSignatures
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeFingerprints
from tests.network.material import READERS

TOKEN = "an-admin-token-of-the-tests"


@dataclass
class Operator:
    """Someone with the admin token."""

    world: World
    url: str
    session: ClientSession
    problem: str | None = None

    async def call(self, method: str, path: str, *, token: str = TOKEN, **request: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} | request.pop("headers", {})
        async with self.session.request(method, self.url + path, headers=headers, **request) as response:
            return response.status, await response.json()

    async def get(self, path: str, **request: Any) -> Any:
        status, body = await self.call("GET", f"/api/v1{path}", **request)
        assert status == 200, body
        return body

    async def post(self, path: str, **request: Any) -> Any:
        status, body = await self.call("POST", f"/api/v1{path}", **request)
        assert status == 200, body
        return body

    async def health(self) -> str | None:
        return self.problem

    async def charged(self) -> str:
        """A finished session with its CDR; returns the session's id."""
        started = await self.world.start(meter=1000)
        await self.world.stop(started.transaction, 1200, 6000)
        self.world.clock.move(minutes=21)
        await self.world.closing.close_due()
        return (await self.world.session()).id


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    world = await World().furnish()
    secrets = KeyedSecrets("a-secret-key-of-the-tests")
    registration = Registration(
        world.store,
        world.partners,
        secrets,
        world.clock,
        world.ids,
        world.policy,
        "https://roaming.example.com",
        lambda _: None,
    )
    async with ClientSession() as session:
        operator = Operator(world, "", session)
        services = api.Services(
            Views(world.store, world.chargers, world.clock),
            Attention(world.store, world.clock, world.wake),
            registration,
            PartnerProfiles(world.store, presets(), world.clock, world.wake),
            Remote(world.chargers, world.policy),
            NetworkFiles(
                Network(world.store, secrets, world.clock, world.wake.deliveries), READERS, world.clock
            ),
            world.clock,
            api.About("1.2.3", b.NOON, "https://roaming.example.com", ("careful",)),
            operator.health,
            Operations(world.store, world.chargers, world.clock, world.ids, world.policy, secrets),
            Corrections(world.store, world.clock, world.ids, world.wake),
            Releasing(world.store, world.clock, world.ids, world.wake),
            MeterSignatures(),
            invoices=Invoices(world.store, world.clock, world.ids),
            keeping=Keeping(
                Verifier(world.store, secrets, world.clock, FakeFingerprints()),
                Reconciling(world.store, world.partners, world.clock, world.wake, world.policy),
            ),
            recent=RecentMessages(world.clock),
        )
        app = web.Application()
        api.add_routes(app, services, TOKEN)
        async with TestServer(app) as server:
            operator.url = str(server.make_url("")).rstrip("/")
            yield operator
