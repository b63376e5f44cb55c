"""A partner whose name or certificate is wrong (F11, F12), against the real process."""

import asyncio
import contextlib
import socket
import ssl
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.faults.altered import AlteredLauncher
from tests.faults.evidence import measured
from tests.faults.full.conftest import MakeAltered
from tests.faults.proxy import FaultProxy
from tests.faults.site import Site, assert_books_agree, charge, until

NAME = "partner.test"


class TlsFront:
    """Terminates TLS in front of a partner, with a certificate that changes; counts what it is sent."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.target_port = 0
        self.received = 0
        self.handshakes = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def show(self, context: ssl.SSLContext) -> None:
        """Listen with this certificate from now on; connections there are end."""
        await self.close()
        self.received = 0
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port, ssl=context)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._server = None

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handshakes += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        pair = {writer, far_writer}
        self._writers |= pair
        ways = [
            asyncio.create_task(self._copy(reader, far_writer, counted=True)),
            asyncio.create_task(self._copy(far_reader, writer, counted=False)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._writers -= pair
        for end in pair:
            end.transport.abort()
        for way in ways:
            way.cancel()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65536):
                self.received += len(data) if counted else 0
                writer.write(data)
                await writer.drain()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def old_protocol(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = server_context(certificate)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def reasons(site: Site) -> set[str]:
    """Why deliveries failed, in lower case."""
    return {(debt.reason or "").lower() for debt in (await site.books()).debts}


@pytest.mark.timeout(120)
async def test_f11_tls_failures_send_nothing_and_say_what_is_wrong(
    tmp_path: Path, altered: MakeAltered
) -> None:
    """Expired, wrong host, unknown authority, old protocol: no byte is sent, then all is delivered."""
    ca, stranger, now = trustme.CA(), trustme.CA(), datetime.now(UTC)
    ca.cert_pem.write_to_path(str(tmp_path / "roots.pem"))
    good = ca.issue_cert("localhost")
    expired = ca.issue_cert(
        "localhost", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
    )
    wrong = {
        "expired": server_context(expired),
        "mismatch": server_context(ca.issue_cert("elsewhere.test")),
        "issuer": server_context(stranger.issue_cert("localhost")),
        "handshake": old_protocol(good),
    }
    front = TlsFront()
    launcher = AlteredLauncher(tmp_path, SSL_CERT_FILE=str(tmp_path / "roots.pem"))
    site = await altered(launcher, public_url=f"https://localhost:{front.port}")
    front.target_port = site.partner.port
    try:
        await front.show(server_context(good))
        await site.gateway.start(within=60)
        await site.befriend()
        await site.located()
        station = await site.station(0)
        for words, context in wrong.items():
            await front.show(context)
            await charge(station, 0.05, samples=1)
            await until(lambda: reasons(site), lambda r, words=words: any(words in one for one in r), words)
            assert front.received == 0, words
        await front.show(server_context(good))
        ledger = site.partner.ledger
        await ledger.until(lambda: len(ledger.cdrs) == len(wrong), "all CDRs", 30)
        books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
        assert_books_agree(site, books, len(wrong))
        assert ledger.duplicate_cdrs == 0
    finally:
        await front.close()
    measured(
        "F11", "expired, wrong host, unknown authority, TLS 1.1: no byte sent, named; all delivered after"
    )


@contextmanager
def black_hole(port: int) -> Iterator[str]:
    """An address at which connecting never ends, as behind a router that drops everything.

    A listener whose queue is full drops what else comes. IPv6 where this machine has it.
    """
    family, address = (socket.AF_INET6, "::1") if _has_ipv6() else (socket.AF_INET, "127.0.0.2")
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    waiting = []
    try:
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(8):
            waiting.append(socket.socket(family))
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex((address, port))
        yield address
    finally:
        for one in (*waiting, listener):
            one.close()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.timeout(120)
async def test_f12_a_name_that_is_not_found_and_an_address_that_swallows_everything(
    tmp_path: Path, altered: MakeAltered
) -> None:
    """DNS failure is named; delivery goes on when the name is back, past a dead address (happy eyeballs)."""
    launcher = AlteredLauncher(tmp_path)
    launcher.names(partner_test=["127.0.0.1"])
    async with FaultProxy(0) as proxy:
        site = await altered(launcher, public_url=f"http://{NAME}:{proxy.port}")
        proxy.target_port = site.partner.port
        await site.gateway.start(within=60)
        await site.befriend()
        await site.located()
        await site.gateway.stop()
        launcher.names()
        await site.gateway.start(within=60)
        station = await site.station(0)
        await charge(station, 0.05, samples=1)
        lost = f"DNS: {NAME} was not found"
        await site.until(lambda b: any(d.reason == lost for d in b.debts), lost)
        assert not site.partner.ledger.cdrs
        with black_hole(proxy.port) as dead:
            repaired = time.monotonic()
            launcher.names(partner_test=[dead, "127.0.0.1"])
            ledger = site.partner.ledger
            await ledger.until(lambda: bool(ledger.cdrs), "the CDR, past the dead address", 30)
            took = time.monotonic() - repaired
        books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
        assert_books_agree(site, books, 1)
    measured(
        "F12", f"name not found: said so; back beside a dead {dead}: delivered {took:.1f} s after repair"
    )


@pytest.mark.timeout(180)
async def test_f12_a_partner_that_moves_to_another_address(tmp_path: Path, altered: MakeAltered) -> None:
    """The name leads elsewhere: found again within a minute, although the old address was kept in mind."""
    launcher = AlteredLauncher(tmp_path)
    launcher.names(partner_test=["127.0.0.1"])
    async with FaultProxy(0) as old:
        site = await altered(launcher, public_url=f"http://{NAME}:{old.port}")
        old.target_port, port = site.partner.port, old.port
        await site.gateway.start(within=60)
        await site.befriend()
        await site.located()
        station = await site.station(0)
    await charge(station, 0.05, samples=1)
    await site.until(lambda b: any(d.attempts for d in b.debts), "an attempt in vain")
    moved = time.monotonic()
    async with FaultProxy(site.partner.port, host="127.0.0.3", port=port):
        launcher.names(partner_test=["127.0.0.3"])
        ledger = site.partner.ledger
        await ledger.until(lambda: bool(ledger.cdrs), "the CDR at the new address", 60)
        took = time.monotonic() - moved
    measured("F12", f"another address behind the name: delivered {took:.1f} s after the change")
