"""Every action of OCPP 2.0.1 and 2.1, made from its schema, at the real gateway over a real socket."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.bootstrap import Gateway
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.version import Version
from tests.fakes_ocpp import basic
from tests.ocpp_side.schema_examples import example, fits
from tests.ocpp_side.test_session_with_store import gateway  # noqa: F401 - the fixture

PACKAGES = {V201.subprotocol: "ocpp.v201", V21.subprotocol: "ocpp.v21"}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


class Box:
    """A charger that sends what it is told and keeps its answers; the gateway's own requests it refuses."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sent = 0

    async def ask(self, action: str, payload: object, *, type_: int = 2) -> list[Any]:
        self._sent += 1
        number = f"m{self._sent}"
        await self._socket.send_json([type_, number, action, payload])
        return [] if type_ == 6 else await self._answer(number)

    async def _answer(self, number: str) -> list[Any]:
        while True:
            frame = await self._socket.receive_json(timeout=20)
            if frame[0] == 2:
                await self._socket.send_json([4, frame[1], "NotSupported", "", {}])
            elif frame[1] == number:
                return list(frame)


@pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.subprotocol)
async def test_every_action_is_answered_as_its_schema_says(
    tmp_path: Path,
    gateway: Gateway,  # noqa: F811
    version: Version,
) -> None:
    """D22, E03, E07 to E13: what chargers send gets its answer, what only we send is NotSupported (A12)."""
    package, wrong = PACKAGES[version.subprotocol], {}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{gateway.url}/ocpp/CP-1", protocols=(version.subprotocol,), headers=basic()) as ws,
    ):
        box = Box(ws)
        assert (await box.ask("BootNotification", BOOT))[2]["status"] == "Accepted"
        for action in sorted(version.schemas.actions):
            for everything in (False, True):
                payload = example(package, action, everything=everything)
                assert version.schemas.valid(action, payload), action
                answer = await box.ask(action, payload, type_=6 if action in version.sends else 2)
                if action in version.sends:
                    good = answer == []
                elif action in version.handlers:
                    good = answer[0] == 3 and fits(package, action, answer[2])
                else:
                    good = answer[0] == 4 and answer[2] == "NotSupported"
                if not good:
                    wrong[action, everything] = answer
        assert (await box.ask("NoSuchAction", {}))[2] == "NotImplemented"
        assert (await box.ask("Heartbeat", {}))[0] == 3
    assert wrong == {}
