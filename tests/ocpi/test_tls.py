"""F11: a partner whose certificate is wrong is not talked to, and the message says what is wrong."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.app.parcels import LocationParcel
from gateway.domain.delivery import Answer, Judgement, judge
from gateway.domain.errors import InvalidInput
from gateway.domain.partners import Endpoint, InterfaceRole
from gateway.store.secrets import KeyedSecrets
from gateway.tls import client_contexts
from ocpi.client import PartnerClient
from tests.builders import location, partner
from tests.ocpi.world import DIALECTS, RandomIds

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@dataclass
class Certificate:
    """A self-signed certificate; a client that trusts its file trusts it."""

    host: str = "127.0.0.1"
    ends: dt.datetime = NOW + DAY

    def write(self, folder: Path) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a partner")])
        address = x509.IPAddress(ipaddress.ip_address(self.host))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(self.ends)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = folder / "certificate.pem"
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        return file


async def deliver(
    url: str, tls: ssl.SSLContext | None, by_host: Mapping[str, ssl.SSLContext] | None = None
) -> Answer:
    secrets = KeyedSecrets("a-secret-key-of-the-tests")
    client = PartnerClient(
        DIALECTS, secrets, RandomIds(), allow_private=True, tls=tls, tls_by_host=by_host, deadline_s=30
    )
    target = partner(
        versions_url=f"{url}/versions",
        endpoints=(Endpoint("locations", InterfaceRole.RECEIVER, f"{url}/locations"),),
        outbound_token=secrets.seal("token"),
    )
    try:
        return await client.deliver(target, LocationParcel(location()))
    finally:
        await client.close()


CASES = [
    ("trusted", Certificate(), True, None),
    ("unknown authority", Certificate(), False, "self-signed certificate"),
    ("expired", Certificate(ends=NOW - DAY), True, "expired"),
    ("another host", Certificate(host="127.0.0.2"), True, "mismatch"),
]


@pytest.mark.parametrize(
    ("certificate", "trusted", "message"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
async def test_certificates(
    tmp_path: Path, certificate: Certificate, trusted: bool, message: str | None
) -> None:
    """TR-09: partners are called over TLS, without a certificate of ours; a wrong one of theirs ends it."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"status_code": 1000})

    file = certificate.write(tmp_path)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(file)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    try:
        tls = ssl.create_default_context(cafile=str(file)) if trusted else None
        result = await deliver(f"https://127.0.0.1:{runner.addresses[0][1]}", tls)
    finally:
        await runner.cleanup()
    if message is None:
        assert judge(result) is Judgement.DELIVERED
    else:
        assert judge(result) is Judgement.RETRY
        assert (result.error or "").startswith("TLS: the certificate of 127.0.0.1 is not valid")
        assert message in (result.error or "")
        assert not result.sent
        assert asked == []


async def test_a_partner_that_speaks_no_tls(tmp_path: Path) -> None:
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        result = await deliver(f"https://127.0.0.1:{runner.addresses[0][1]}", None)
    finally:
        await runner.cleanup()
    assert (result.error or "").startswith("TLS: no secure connection to 127.0.0.1")
    assert not result.sent


async def test_a_host_that_does_not_exist() -> None:
    """F12."""
    result = await deliver("https://no-such-host.invalid/ocpi", None)
    assert result.error == "DNS: no-such-host.invalid was not found"
    assert not result.sent


async def test_a_partner_that_demands_a_certificate_gets_ours(tmp_path: Path) -> None:
    """T8, T17: by the host of its URLs; without one, and at other hosts, none is shown."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    file, own = Certificate().write(theirs), Certificate().write(ours)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(file)
    server_tls.load_verify_locations(own)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    shown: list[object] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown.append(request.transport.get_extra_info("peercert"))
        return web.json_response({"status_code": 1000})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    contexts = client_contexts(f" 127.0.0.1 = {own} ")
    contexts["127.0.0.1"].load_verify_locations(file)
    elsewhere = {"partner.example": contexts["127.0.0.1"]}
    try:
        without = await deliver(url, ssl.create_default_context(cafile=str(file)), elsewhere)
        assert shown == []
        assert judge(without) is Judgement.RETRY
        assert judge(await deliver(url, None, contexts)) is Judgement.DELIVERED
    finally:
        await runner.cleanup()
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hub.example", "expected HOST=FILE"),
        ("=x.pem", "expected HOST=FILE"),
        ("https://hub.example/=x.pem", "expected HOST=FILE"),
        ("hub.example=/nowhere.pem", "/nowhere.pem holds no certificate with its key"),
    ],
)
def test_a_wrong_entry_of_a_client_certificate_is_named(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        client_contexts(text)
    assert refused.value.field == "GATEWAY_PARTNER_CERTIFICATES"


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    file = Certificate().write(tmp_path)
    certificate = file.read_bytes().partition(b"-----BEGIN PRIVATE KEY")[0]
    file.write_bytes(certificate + key.private_bytes(serialization.Encoding.PEM, form, locked))
    with pytest.raises(InvalidInput, match="holds no certificate with its key"):
        client_contexts(f"hub.example={file}")
