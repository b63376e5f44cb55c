"""Chargers over TLS against the real gateway: versions, ciphers, client certificates signed by us."""

import asyncio
import datetime as dt
import ipaddress
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gateway.bootstrap import Gateway, running_gateway
from gateway.certificates.authority import Authority
from gateway.certificates.kept import kept_authority
from gateway.config import Settings
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from ocpp_side.proxies import Proxies
from tests.fakes_ocpp import PASSWORD, basic
from tests.ocpp_side.test_session_with_store import NETWORK
from tests.ports import free_port

NOW = dt.datetime.now(dt.UTC)
CP1 = ChargerId("CP-1")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def private(key: Key) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def server_files(folder: Path, name: str, key: Key) -> tuple[Path, Path]:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(private(key))
    return files


def request_of(key: Key, name: str = "CP-1") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def client(trusted: list[Path], chain: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in trusted:
        context.load_verify_locations(file)
    if chain is not None:
        context.load_cert_chain(chain, key)
    return context


def handshake(port: int, context: ssl.SSLContext) -> tuple[str, str, str]:
    """Version, cipher and the common name of the server's certificate."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        cipher, peer = secured.cipher(), secured.getpeercert(binary_form=True)
        assert cipher is not None
        assert peer is not None
        name = x509.load_der_x509_certificate(peer).subject.rfc4514_string()
        return str(secured.version()), cipher[0], name


class Site:
    """The gateway with an ECDSA and an RSA certificate."""

    def __init__(self, folder: Path, *, legacy: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        ecdsa = server_files(folder, "ecdsa", ec.generate_private_key(ec.SECP256R1()))
        rsa_ = server_files(folder, "rsa", rsa.generate_private_key(65537, 2048))
        self.trusted = [ecdsa[0], rsa_[0]]
        self.settings = Settings(
            database_url=f"sqlite+aiosqlite:///{folder}/gateway.db",
            port=0,
            tls_cert=f"{ecdsa[0]}, {rsa_[0]}",
            tls_key=f"{ecdsa[1]}, {rsa_[1]}",
            tls_host="127.0.0.1",
            tls_port=self.port,
            tls_legacy_chargers=legacy,
            configure_chargers=False,
        )

    async def apply(self, gateway: Gateway, **charger: object) -> None:
        network = json.loads(json.dumps(NETWORK))
        network["chargers"][0] |= charger
        await gateway.network.apply("network.json", json.dumps(network))


@pytest.mark.parametrize("legacy", [False, True])
async def test_versions_and_ciphers(tmp_path: Path, legacy: bool) -> None:
    """B05, B10, T8: TLS 1.2 and newer, both kinds of certificates, the RSA pair only where switched on."""
    site = Site(tmp_path, legacy=legacy)
    async with running_gateway(site.settings) as gateway:
        await site.apply(gateway)
        both = {"ECDHE-ECDSA-AES128-GCM-SHA256": "CN=ecdsa", "ECDHE-RSA-AES256-GCM-SHA384": "CN=rsa"}
        for ciphers, name in both.items():
            context = client(site.trusted)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
            assert await asyncio.to_thread(handshake, site.port, context) == ("TLSv1.2", ciphers, name)
        old = client(site.trusted)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.set_ciphers("AES128-GCM-SHA256")
        if legacy:
            assert (await asyncio.to_thread(handshake, site.port, old))[1] == "AES128-GCM-SHA256"
        else:
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(handshake, site.port, old)
        weak = client(site.trusted)
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("ECDHE-RSA-AES128-SHA:AES128-SHA@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(handshake, site.port, weak)


Line = aiohttp.ClientWebSocketResponse


async def heard(line: Line, *wanted: str) -> list[Any]:
    """Answers by their ids and requests by their actions, in whatever order they come.

    What else is asked is not supported.
    """
    found: dict[str, Any] = {}
    while not found.keys() >= set(wanted):
        frame = await line.receive_json(timeout=60)
        name = frame[2] if frame[0] == 2 else frame[1]
        found[name] = frame
        if frame[0] == 2 and name not in wanted:
            await line.send_json([4, frame[1], "NotSupported", "", {}])
    return [found[name] for name in wanted]


async def boot(line: Line) -> None:
    """Say who is there, and be accepted."""
    who = {"chargePointVendor": "V", "chargePointModel": "M"}
    await line.send_json([2, "boot", "BootNotification", who])
    (answer,) = await heard(line, "boot")
    assert answer[2]["status"] == "Accepted"


async def certificate_asked(line: Line, csr: str) -> str:
    """What a charger hears that asks for a certificate."""
    await line.send_json([2, "asked", "SignCertificate", {"csr": csr}])
    (answer,) = await heard(line, "asked")
    status: str = answer[2]["status"]
    return status


async def certified(line: Line, key: Key, folder: Path) -> tuple[Path, Path]:
    """Ask for a certificate and take it; the files with its chain and its key."""
    await line.send_json([2, "csr", "SignCertificate", {"csr": request_of(key)}])
    answer, signed = await heard(line, "csr", "CertificateSigned")
    assert answer[2] == {"status": "Accepted"}
    await line.send_json([3, signed[1], {"status": "Accepted"}])
    chain, keyfile = folder / "cp1.pem", folder / "cp1.key"
    chain.write_text(signed[3]["certificateChain"], encoding="utf-8")
    keyfile.write_bytes(private(key))
    return chain, keyfile


async def test_from_a_password_to_a_certificate(tmp_path: Path) -> None:
    """B06, B07, B09: a charger asks for a certificate, gets it and comes back with it; never without."""
    site = Site(tmp_path)
    key = ec.generate_private_key(ec.SECP256R1())
    url = f"wss://127.0.0.1:{site.port}/ocpp/CP-1"
    async with running_gateway(site.settings) as gateway, aiohttp.ClientSession() as http:
        await site.apply(gateway)
        async with http.ws_connect(
            url, protocols=("ocpp1.6",), headers=basic(), ssl=client(site.trusted)
        ) as line:
            await boot(line)
            assert await certificate_asked(line, request_of(key, "CP-9")) == "Rejected"
            chain, keyfile = await certified(line, key, tmp_path)
        await site.apply(gateway, security_profile=3)
        mutual = client(site.trusted, chain, keyfile)
        async with http.ws_connect(url, protocols=("ocpp1.6",), ssl=mutual) as line:
            await line.send_json([2, "1", "Heartbeat", {}])
            assert (await line.receive_json(timeout=30))[0] == 3
        for headers, context in (({}, client(site.trusted)), (basic(), client(site.trusted))):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(url, protocols=("ocpp1.6",), headers=headers, ssl=context)
            assert refused.value.status == 401


async def test_strangers_certificates_end_the_handshake(tmp_path: Path) -> None:
    """B06: a chain under another root is not talked to; the operator API is not on the TLS listener."""
    site = Site(tmp_path)
    key = ec.generate_private_key(ec.SECP256R1())
    signed = await Authority.make("Somebody else", NOW).sign(request_of(key), CP1, NOW)
    chain, keyfile = tmp_path / "x.pem", tmp_path / "x.key"
    chain.write_text(signed.chain, encoding="utf-8")
    keyfile.write_bytes(private(key))
    async with running_gateway(site.settings), aiohttp.ClientSession() as http:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await http.ws_connect(
                f"wss://127.0.0.1:{site.port}/ocpp/CP-1", ssl=client(site.trusted, chain, keyfile)
            )
        async with http.get(f"https://127.0.0.1:{site.port}/api/v1/status", ssl=client(site.trusted)) as no:
            assert no.status == 404


async def test_removing_or_rekeying_a_charger_closes_its_connection(tmp_path: Path) -> None:
    """A04, B01: at once, and it does not come back with the old key."""
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/gateway.db", port=0)
    async with running_gateway(settings) as gateway, aiohttp.ClientSession() as http:
        site = Site(tmp_path)
        await site.apply(gateway)
        url = f"{gateway.url}/ocpp/CP-1"
        async with http.ws_connect(url, protocols=("ocpp1.6",), headers=basic()) as line:
            await site.apply(gateway)
            await line.send_json(
                [2, "1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}]
            )
            assert (await line.receive_json(timeout=30))[0] == 3
            await site.apply(gateway, password="another-password-of-it")
            async with asyncio.timeout(30):
                while (await line.receive()).type is not aiohttp.WSMsgType.CLOSE:
                    pass
            assert line.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url, protocols=("ocpp1.6",), headers=basic())


@pytest.mark.parametrize(
    "text",
    [
        "no request",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
        "A" * 20_000,
        request_of(rsa.generate_private_key(65537, 1024)),
        request_of(ec.generate_private_key(ec.SECP256R1()), "CP-2"),
    ],
    ids=["text", "broken", "long", "weak", "another's"],
)
async def test_requests_that_are_not_signed(text: str) -> None:
    """B07: only for the charger that asks, only with a key that is worth it."""
    with pytest.raises(InvalidInput):
        await Authority.make("Operator", NOW).sign(text, CP1, NOW)


async def test_an_authority_is_kept(tmp_path: Path) -> None:
    """B07: the same root after a restart, in a file for its owner only; DER in Base64 is signed too."""
    file = tmp_path / "ca"
    made = kept_authority(file, "Operator", NOW)
    assert file.stat().st_mode & 0o077 == 0
    again = kept_authority(file, "Nobody", NOW)
    assert (again.root_pem(), again.operator) == (made.root_pem(), "Operator")
    key = ec.generate_private_key(ec.SECP256R1())
    bare = "".join(request_of(key).splitlines()[1:-1])
    signed = await again.sign(bare, CP1, NOW)
    leaf = x509.load_pem_x509_certificate(signed.chain.encode())
    assert leaf.subject.rfc4514_string() == "CN=CP-1,O=Operator"
    assert leaf.verify_directly_issued_by(again.certificate) is None
    file.write_text("nothing", encoding="utf-8")
    with pytest.raises(InvalidInput, match="ca"):
        kept_authority(file, "Operator", NOW)


async def test_only_configured_proxies_are_believed(tmp_path: Path) -> None:
    """B06, T2, T7: behind a trusted proxy the real address and TLS count; from elsewhere headers are air."""
    claimed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    for trusted, address, status in (("127.0.0.0/8", "203.0.113.9", 404), ("", "127.0.0.1", 404)):
        settings = Settings(
            database_url=f"sqlite+aiosqlite:///{tmp_path}/{status}{len(trusted)}.db",
            port=0,
            trusted_proxies=trusted,
        )
        async with running_gateway(settings) as gateway, aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{gateway.url}/ocpp/CP-1", headers={**basic(), **claimed})
            assert refused.value.status == status
            (knock,) = await gateway.store.read(lambda tx: tx.chargers.knocks())
            assert knock.remote == address
    with pytest.raises(InvalidInput):
        Proxies.of("somewhere")
    assert len(PASSWORD) == 40
