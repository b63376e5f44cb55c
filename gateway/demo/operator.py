"""The demo's operator: talks to the gateway's operator API as any script would."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp

from gateway.domain.errors import GatewayError
from gateway.sim.errors import NotSeenInTime

T = TypeVar("T")
_DEADLINE_S = 10.0
_POLL_S = 0.1


class OperatorRefused(GatewayError):
    """The operator API refused a request."""


class Operator:
    """A client of /api/v1. Every request has a deadline; raises OperatorRefused."""

    def __init__(self, session: aiohttp.ClientSession, url: str, admin_token: str) -> None:
        self._session = session
        self._base = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {admin_token}"}

    async def apply(self, name: str, text: str) -> tuple[int, int]:
        """Apply a network file; returns how many things changed and how many did not."""
        result = await self._ask("POST", f"/network?name={quote(name)}", data=text.encode())
        return len(result["changes"]), int(result["unchanged"])

    async def invite(self, name: str, party: str) -> tuple[str, str]:
        """Invite a partner; returns versions URL and token."""
        result = await self._ask("POST", "/partners/invite", json={"name": name, "parties": [party]})
        return str(result["versions_url"]), str(result["token"])

    async def partner_state(self, name: str) -> str | None:
        """State of a partner, or None if there is none of this name."""
        listed = await self._ask("GET", "/partners?limit=1000")
        return next((p["state"] for p in listed["items"] if p["name"] == name), None)

    async def remove_partner(self, name: str) -> None:
        """End a partnership."""
        await self._ask("DELETE", f"/partners/{quote(name)}")

    async def charger(self, charger_id: str) -> dict[str, Any]:
        """One charger."""
        return dict(await self._ask("GET", f"/chargers/{quote(charger_id)}"))

    async def delivery(self, partner: str, kind: str, key: str) -> dict[str, Any]:
        """One delivery."""
        return dict(await self._ask("GET", f"/deliveries/{quote(partner)}/{kind}/{quote(key)}"))

    async def unsettled(self) -> list[str]:
        """Sentences about deliveries that did not arrive."""
        return [
            f"{d['kind']} {d['key']} to {d['partner']}: {d['state']}, {d['attempts']} attempts, {d['reason']}"
            for d in await self._failed()
        ]

    async def try_again(self) -> None:
        """Try every failed delivery now instead of after its back-off."""
        for d in await self._failed():
            await self._ask("POST", f"/deliveries/{quote(d['partner'])}/{d['kind']}/{quote(d['key'])}")

    async def _failed(self) -> list[dict[str, Any]]:
        listed = await self._ask("GET", "/deliveries?limit=1000")
        return [d for d in listed["items"] if d["state"] in {"WAITING", "PARKED"} and d["attempts"]]

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, within: float = 10.0) -> T:
        """Ask until there is an answer. Raises NotSeenInTime naming `what`."""
        try:
            async with asyncio.timeout(within):
                while True:
                    seen = await look()
                    if seen is not None:
                        return seen
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as late:
            raise NotSeenInTime(f"{what}: not seen within {within:g} s") from late

    async def _ask(self, method: str, path: str, **body: Any) -> Any:
        try:
            async with (
                asyncio.timeout(_DEADLINE_S),
                self._session.request(method, self._base + path, headers=self._headers, **body) as response,
            ):
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as broken:
            raise OperatorRefused(f"{method} {path}: {broken!r}") from broken
        if response.status >= 300:  # noqa: PLR2004 - HTTP
            raise OperatorRefused(f"{method} {path}: HTTP {response.status}, {answer.get('message')}")
        return answer
