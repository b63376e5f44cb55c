"""Security profile 3 from the first certificate to its renewal, and who it keeps out (B01, B06 to B09)."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.bootstrap import Gateway, running_gateway
from gateway.certificates.kept import kept_authority
from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId
from tests.fakes_ocpp import basic
from tests.ocpp_side.test_tls_chargers import CP1, NOW, Site, client, private, request_of

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@dataclass
class Place:
    """A gateway with TLS whose charger CP-1 is on profile 3; its authority's file is known to the test."""

    site: Site
    gateway: Gateway
    http: aiohttp.ClientSession
    asked: list[Any] = field(default_factory=list)
    """What the charger was asked before it was accepted."""

    @property
    def url(self) -> str:
        return f"wss://127.0.0.1:{self.site.port}/ocpp/CP-1"

    async def pair(self, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[Path, Path]:
        """A certificate of the gateway's own authority for a charger of this name, and its key."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        authority = kept_authority(self.site.folder / "ca.pem", "Operator", NOW)
        signed = await authority.sign(request_of(key, name), ChargerId(name), NOW)
        chain, keyfile = self.site.folder / f"{name}.pem", self.site.folder / f"{name}.key"
        chain.write_text(signed.chain, encoding="utf-8")
        keyfile.write_bytes(private(key))
        return chain, keyfile

    @asynccontextmanager
    async def connected(self, pair: tuple[Path, Path]) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        context = client(self.site.trusted, *pair)
        async with self.http.ws_connect(self.url, protocols=("ocpp1.6",), ssl=context) as line:
            await line.send_json([2, "boot", "BootNotification", BOOT])
            while (frame := await line.receive_json(timeout=15))[0] == 2:
                self.asked.append(frame)
            assert frame[2]["status"] == "Accepted"
            yield line

    async def refused(self, url: str, pair: tuple[Path, Path] | None, **headers: str) -> int:
        """The HTTP status with which a connection is refused."""
        context = client(self.site.trusted, *pair) if pair else client(self.site.trusted)
        secured = context if url.startswith("wss") else False
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await self.http.ws_connect(url, protocols=("ocpp1.6",), headers=headers, ssl=secured)
        return refused.value.status


@asynccontextmanager
async def places(folder: Path) -> AsyncIterator[Place]:
    site = Site(folder)
    settings = site.settings.model_copy(update={"charger_ca_file": folder / "ca.pem"})
    async with running_gateway(settings) as gateway, aiohttp.ClientSession() as http:
        await site.apply(gateway, security_profile=3)
        yield Place(site, gateway, http)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with places(tmp_path) as made:
        yield made


async def test_b06_a_certificate_opens_one_door(place: Place) -> None:
    """B06, T5: one of our own authority, but of another charger, is refused, and a person sees why."""
    async with place.connected(await place.pair("CP-1")) as line:
        assert not line.closed
    assert await place.refused(place.url, await place.pair("CP-2")) == 401
    knocks = await place.gateway.store.read(lambda tx: tx.chargers.knocks())
    assert [knock.reason for knock in knocks] == ["the client certificate belongs to another charger"]


async def test_b09_nothing_less_than_its_certificate(place: Place) -> None:
    """B01, B09, T7: neither the password over TLS, nor over plain, nor another's certificate with it."""
    pair = await place.pair("CP-1")
    async with place.connected(pair):
        pass
    plain = f"{place.gateway.url.replace('http', 'ws', 1)}/ocpp/CP-1"
    assert await place.refused(place.url, None, **basic()) == 401
    assert await place.refused(plain, None, **basic()) == 403
    assert await place.refused(place.url, await place.pair("CP-2"), **basic()) == 401
    async with place.connected(pair) as line:
        assert not line.closed


async def test_b09_what_a_charger_came_with_once_is_the_least(place: Place) -> None:
    """B09, T7: without a word in the network file, too: from certificate to password is no way back."""
    async with place.connected(await place.pair("CP-1")):
        pass
    await place.site.apply(place.gateway, security_profile=None)
    assert await place.refused(place.url, None, **basic()) == 401


async def test_b07_a_certificate_is_renewed_in_time(tmp_path: Path) -> None:
    """B07: a charger whose certificate ends soon is asked for a request, and comes back with the new one."""
    soon, key = dt.datetime.now(dt.UTC) + dt.timedelta(days=3), ec.generate_private_key(ec.SECP256R1())
    async with places(tmp_path) as place:
        pair = await place.pair("CP-1")
        ending = StationCare(CP1, certificate_ends_at=soon)
        await place.gateway.store.write(lambda tx: tx.care.save(ending))
    async with places(tmp_path) as place:
        async with place.connected(pair) as line:
            request = place.asked[0] if place.asked else await line.receive_json(timeout=30)
            assert request[2:] == [
                "ExtendedTriggerMessage",
                {"requestedMessage": "SignChargePointCertificate"},
            ]
            await line.send_json([3, request[1], {"status": "Accepted"}])
            await line.send_json([2, "csr", "SignCertificate", {"csr": request_of(key)}])
            assert (await line.receive_json(timeout=15))[2] == {"status": "Accepted"}
            signed = await line.receive_json(timeout=15)
            await line.send_json([3, signed[1], {"status": "Accepted"}])
        chain, keyfile = tmp_path / "new.pem", tmp_path / "new.key"
        chain.write_text(signed[3]["certificateChain"], encoding="utf-8")
        keyfile.write_bytes(private(key))
        async with place.connected((chain, keyfile)) as line:
            assert not line.closed
        async with asyncio.timeout(15):
            while await _ends_at(place) <= soon:
                await asyncio.sleep(0.02)


async def _ends_at(place: Place) -> dt.datetime:
    ends_at = (await place.gateway.store.read(lambda tx: tx.care.get(CP1))).certificate_ends_at
    assert ends_at is not None
    return ends_at
