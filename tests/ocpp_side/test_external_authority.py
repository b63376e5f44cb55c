"""Certificates from an authority of the operator's, through a program of the operator (B07)."""

import asyncio
import datetime as dt
import os
import sys
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.app.care_ports import SignedCertificate
from gateway.bootstrap import running_gateway
from gateway.certificates.authority import Authority
from gateway.certificates.external import ExternalAuthority
from gateway.charger_wiring import charger_authority
from gateway.config import Settings
from gateway.domain.errors import InvalidInput, NotSigned
from gateway.domain.ids import ChargerId
from gateway.domain.station_commands import CertificateSigned
from ocpp_side.translate import v2x_commands, v21_commands
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from tests.fakes_ocpp import basic
from tests.ocpp_side.test_tls_chargers import (
    CP1,
    NOW,
    Site,
    boot,
    certificate_asked,
    certified,
    client,
    request_of,
)

SIGNER = """
import asyncio, datetime, pathlib, sys
from gateway.certificates.authority import Authority
from gateway.domain.ids import ChargerId
authority = Authority.read(pathlib.Path(sys.argv[1]).read_bytes())
now = datetime.datetime.now(datetime.UTC)
signed = asyncio.run(authority.sign(sys.stdin.read(), ChargerId(sys.argv[-1]), now))
print(signed.chain)
"""


class Office:
    """An authority outside the gateway: its root, and the program that asks it."""

    def __init__(self, folder: Path) -> None:
        self.root = Authority.make("Office", NOW)
        self.key, self.roots = folder / "office.key", folder / "office.pem"
        self.key.write_bytes(self.root.pem())
        self.roots.write_text(self.root.root_pem(), encoding="utf-8")
        self._script = folder / "sign.py"
        self._script.write_text(SIGNER, encoding="utf-8")
        self.command = f"{sys.executable} {self._script} {self.key}"


async def test_a_certificate_of_another_authority(tmp_path: Path) -> None:
    """B07: signed by the program, handed over as a task, and good for profile 3; our own root is not."""
    office, site = Office(tmp_path), Site(tmp_path)
    settings = site.settings.model_copy(
        update={"charger_ca_command": office.command, "tls_client_roots": office.roots}
    )
    key, url = ec.generate_private_key(ec.SECP256R1()), f"wss://127.0.0.1:{site.port}/ocpp/CP-1"
    async with running_gateway(settings) as gateway, aiohttp.ClientSession() as http:
        await site.apply(gateway)
        context = client(site.trusted)
        async with http.ws_connect(url, protocols=("ocpp1.6",), headers=basic(), ssl=context) as line:
            await boot(line)
            chain, keyfile = await certified(line, key, tmp_path)
        await site.apply(gateway, security_profile=3)
        mutual = client(site.trusted, chain, keyfile)
        async with http.ws_connect(url, protocols=("ocpp1.6",), ssl=mutual) as line:
            await line.send_json([2, "1", "Heartbeat", {}])
            assert (await line.receive_json(timeout=15))[0] == 3
        care = await gateway.store.read(lambda tx: tx.care.get(CP1))
        assert care.certificate_ends_at is not None


def saying(folder: Path, text: str, code: int = 0) -> ExternalAuthority:
    """A program that prints this, whatever it is asked."""
    script = folder / f"says-{len(os.listdir(folder))}.py"  # noqa: PTH208 - a fresh name
    lines = "import sys", "sys.stdin.read()", f"print({text!r})", "print('because', file=sys.stderr)"
    script.write_text("\n".join((*lines, f"sys.exit({code})")), encoding="utf-8")
    return ExternalAuthority((sys.executable, str(script)), patience_s=30)


async def of_somebody(key: ec.EllipticCurvePrivateKey, name: str, now: dt.datetime) -> SignedCertificate:
    return await Authority.make("Somebody", now).sign(request_of(key, name), ChargerId(name), now)


async def test_what_a_program_does_wrong_is_said(tmp_path: Path) -> None:
    """B07: nothing is handed to a charger but a certificate for its own key, in its own name."""
    ours, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    request = request_of(ours)
    long_ago = NOW - dt.timedelta(days=5000)
    endless = ExternalAuthority((sys.executable, "-c", "import time; time.sleep(600)"), patience_s=0.2)
    cases = [
        (saying(tmp_path, "no", 3), "ended with 3: because"),
        (saying(tmp_path, "no certificate"), "no certificate"),
        (saying(tmp_path, (await of_somebody(other, "CP-1", NOW)).chain), "another key"),
        (saying(tmp_path, (await of_somebody(ours, "CP-2", NOW)).chain), "for CP-2, not for CP-1"),
        (saying(tmp_path, (await of_somebody(ours, "CP-1", long_ago)).chain), "ended already"),
        (ExternalAuthority((str(tmp_path / "nothing"),)), "cannot be run"),
        (endless, "longer than"),
    ]
    for authority, words in cases:
        with pytest.raises(NotSigned, match=words):
            await authority.sign(request, CP1, NOW)
    with pytest.raises(InvalidInput):
        await saying(tmp_path, "x").sign(request_of(ours, "CP-2"), CP1, NOW)


@pytest.mark.parametrize(
    ("command", "words"),
    [("", "no program"), ("/nowhere/sign --fast", "no program"), ("sign 'open", "quotation")],
)
def test_a_program_that_is_not_there(command: str, words: str) -> None:
    """B07: said at the start, not when the first charger asks."""
    with pytest.raises(InvalidInput, match=words):
        ExternalAuthority.of(command)


def test_another_authority_needs_its_root(tmp_path: Path) -> None:
    """B06, B07: without the root its certificates would be refused at the handshake."""
    settings = Settings(charger_ca_command=sys.executable, tls_cert="x", tls_key="y")
    with pytest.raises(InvalidInput, match="GATEWAY_TLS_CLIENT_ROOTS"):
        charger_authority(settings, NOW)
    complete = settings.model_copy(update={"tls_client_roots": tmp_path / "roots"})
    assert isinstance(charger_authority(complete, NOW), ExternalAuthority)


async def test_a_request_that_is_not_signed_waits_for_a_person(tmp_path: Path) -> None:
    """B07: the task says what the program said; a request that is not fit is kept with the reason."""
    site = Site(tmp_path)
    failing = saying(tmp_path, "no", 3)
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/gateway.db",
        port=0,
        charger_ca_command=" ".join(failing.command),
        configure_chargers=False,
    )
    key = ec.generate_private_key(ec.SECP256R1())
    async with running_gateway(settings) as gateway, aiohttp.ClientSession() as http:
        await site.apply(gateway)
        url = f"{gateway.url}/ocpp/CP-1"
        async with http.ws_connect(url, protocols=("ocpp1.6",), headers=basic()) as line:
            await boot(line)
            assert await certificate_asked(line, request_of(key, "CP-9")) == "Rejected"
            assert await certificate_asked(line, request_of(key)) == "Accepted"
            async with asyncio.timeout(60):
                while not (done := await gateway.store.read(lambda tx: tx.tasks.latest(1)))[0].finished:
                    await asyncio.sleep(0.05)
        assert "because" in done[0].steps[0].detail
        aside = await gateway.store.read(lambda tx: tx.set_aside.open())
        assert [item.reason for item in aside] == ["no certificate: csr: the request is for 'CP-9'"]


def test_e12_the_number_of_a_request_is_echoed() -> None:
    """B07, E12: a 2.1 charger knows by it which request was signed; 2.0.1 has no such field."""
    signed = CertificateSigned("a chain", 7)
    action, payload = v21_commands.call_of(signed)
    assert (action, payload["requestId"]) == ("CertificateSigned", 7)
    assert V21.schemas.valid(action, payload)
    assert V201.schemas.valid(*v2x_commands.call_of(signed))
    assert "requestId" not in v21_commands.call_of(CertificateSigned("a chain"))[1]
