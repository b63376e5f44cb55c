"""Puts the demo together: gateway, eMSP and charger, each on its own loopback socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import aiohttp

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings, load_settings
from gateway.demo import network
from gateway.demo.narrator import Narrator
from gateway.demo.operator import Operator
from gateway.demo.state import DEFAULT_DIRECTORY, DemoState, load_state
from gateway.demo.story import Story
from gateway.domain.errors import GatewayError
from gateway.logs import configure_logging
from gateway.sim.charger import SimulatedCharger
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity

_PAUSE_S = 5.0
_HOST = "127.0.0.1"


def run_demo(*, once: bool = False, directory: Path = DEFAULT_DIRECTORY) -> int:
    """Tell the story; returns the process's exit code, 0 only if every step really happened.

    Without `once`, new sessions follow until Ctrl-C. Everything is kept in `directory`, so that a second run
    continues instead of repeating.
    """
    narrator = Narrator()
    try:
        state = load_state(directory)
        with state.log.open("a", encoding="utf-8") as log:
            configure_logging("INFO", "json", stream=log)
            asyncio.run(_tell(narrator, state, once=once))
    except (GatewayError, OSError) as failure:
        narrator.failed(str(failure))
        narrator.say(f"    the gateway's log: {directory / 'gateway.log'}")
        return 1
    except KeyboardInterrupt:
        narrator.say("stopped")
    return 0


async def _tell(narrator: Narrator, state: DemoState, *, once: bool) -> None:
    async with _cast(narrator, state) as (gateway, story):
        try:
            await _opening(story, state)
            await _scene(story, state)
            if not once:
                await _go_on(story, state, gateway)
        except GatewayError:
            with contextlib.suppress(GatewayError):
                for sentence in await story.operator.unsettled():
                    narrator.say(f"    {sentence}")
            raise
        finally:
            _remember(story, state)


@asynccontextmanager
async def _cast(narrator: Narrator, state: DemoState) -> AsyncIterator[tuple[Gateway, Story]]:
    partner = SimulatedPartner(host=_HOST, port=state.partner_port)
    identity = Identity(network.CHARGER_ID, state.charger_password, serial_number="DEMO-0001")
    # The partner is there first and goes last: a gateway that finds nobody home waits before it tries again.
    async with (
        partner,
        running_gateway(_settings(state)) as gateway,
        aiohttp.ClientSession(trust_env=False) as session,
    ):
        if state.partner is not None:
            partner.recall(state.partner)
        charger = SimulatedCharger(
            f"{gateway.url.replace('http', 'ws', 1)}/ocpp", identity, register_wh=Decimal(state.register_wh)
        )
        operator = Operator(session, gateway.url, gateway.admin_token)
        story = Story(narrator, operator, partner, charger, f"{gateway.settings.base_url}/ocpi/versions")
        narrator.say(f"gateway {gateway.url}   eMSP {partner.url}   charger {network.CHARGER_ID}")
        partner.ledger.on_change = lambda: _remember(story, state)
        try:
            yield gateway, story
        finally:
            await charger.close()


def _settings(state: DemoState) -> Settings:
    return load_settings(
        host=_HOST,
        port=state.gateway_port,
        public_url=f"http://{_HOST}:{state.gateway_port}",
        database_url=f"sqlite+aiosqlite:///{state.database.resolve()}",
        allow_private_partners=True,
        cdr_grace_seconds=1,
        session_update_seconds=1,
    )


async def _opening(story: Story, state: DemoState) -> None:
    """Steps 1 to 4: what has to be there before anyone can charge."""
    changed, unchanged = await story.operator.apply(
        network.FILE_NAME, network.network_file(state.charger_password)
    )
    story.narrator.say(f"network file applied: {changed} changes, {unchanged} unchanged")
    await story.handshake()
    _remember(story, state)
    await story.location()
    await story.token()
    await story.boot()


async def _scene(story: Story, state: DemoState) -> None:
    """Steps 5 to 8: one driver charges."""
    reference = await story.authorize()
    session, charged = await story.session(reference)
    await story.cdr(session, charged)
    state.register_wh = charged.stop_wh
    _remember(story, state)
    story.narrator.done(await story.compare())


async def _go_on(story: Story, state: DemoState, gateway: Gateway) -> None:
    token_file = f"{state.database}.admin-token"
    story.narrator.say(f"API {gateway.url}/api/v1, its bearer token in {token_file}; Ctrl-C ends the demo")
    while True:
        await asyncio.sleep(_PAUSE_S)
        story.narrator.again()
        await _scene(story, state)


def _remember(story: Story, state: DemoState) -> None:
    state.partner = story.partner.remember()
    state.save()
