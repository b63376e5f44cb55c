"""Chargers' certificates signed by somebody else's authority, through a program of the operator (B07)."""

import asyncio
import contextlib
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from gateway.app.care_ports import SignedCertificate
from gateway.certificates.authority import LONGEST_CHAIN, fit_request
from gateway.domain.errors import InvalidInput, NotSigned
from gateway.domain.ids import ChargerId

_PATIENCE_S = 60.0
_LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class ExternalAuthority:
    """Runs `command` with the charger's id as its last argument and the request (PEM) as its input.

    The program prints the certificate and those above it (PEM, the charger's first) and exits with 0; what
    it says otherwise is the reason that people see.
    """

    command: tuple[str, ...]
    patience_s: float = _PATIENCE_S

    @classmethod
    def of(cls, line: str) -> "ExternalAuthority":
        """The authority behind a command line. Raises InvalidInput if there is no such program."""
        try:
            command = tuple(shlex.split(line))
        except ValueError as error:
            raise InvalidInput(f"GATEWAY_CHARGER_CA_COMMAND: {error}") from error
        if not command or shutil.which(command[0]) is None:
            raise InvalidInput(f"GATEWAY_CHARGER_CA_COMMAND: there is no program {line!r}")
        return cls(command)

    async def check(self, request: str, charger_id: ChargerId) -> None:
        """See `CertificateAuthority.check`."""
        await asyncio.to_thread(fit_request, request, charger_id)

    async def sign(self, request: str, charger_id: ChargerId, now: datetime) -> SignedCertificate:
        """See `CertificateAuthority.sign`. Raises NotSigned for what the program does wrong."""
        wanted = await asyncio.to_thread(fit_request, request, charger_id)
        printed = await self._run(wanted.public_bytes(serialization.Encoding.PEM), charger_id)
        chain = _certificates(printed)
        leaf = chain[0]
        if _public(leaf) != _public(wanted):
            raise NotSigned("the certificate is for another key than the charger's")
        names = [str(name.value) for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if charger_id not in names:
            raise NotSigned(f"the certificate is for {', '.join(names) or 'nobody'}, not for {charger_id}")
        if leaf.not_valid_after_utc <= now:
            raise NotSigned("the certificate has ended already")
        text = "".join(part.public_bytes(serialization.Encoding.PEM).decode() for part in chain)
        if len(text) > LONGEST_CHAIN:
            raise NotSigned("the chain is longer than OCPP allows")
        return SignedCertificate(text, leaf.not_valid_after_utc)

    async def _run(self, request: bytes, charger_id: ChargerId) -> bytes:
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command, charger_id, stdin=pipe, stdout=pipe, stderr=pipe
            )
        except OSError as error:
            raise NotSigned(f"{self.command[0]} cannot be run: {error}") from error
        try:
            async with asyncio.timeout(self.patience_s):
                printed, said = await process.communicate(request)
        except TimeoutError as error:
            raise NotSigned(f"{self.command[0]} took longer than {self.patience_s:g} s") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            words = " ".join(said.decode(errors="replace").split())[:_LONGEST_WORDS]
            raise NotSigned(f"{self.command[0]} ended with {process.returncode}: {words}")
        return printed


def _certificates(printed: bytes) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(printed)
    except ValueError as error:
        raise NotSigned(f"what was printed is no certificate: {error}") from error


def _public(signed: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return signed.public_key().public_bytes(serialization.Encoding.DER, form)
