"""Certificates that chargers have installed: which there are, and one of them by its serial number (B08)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.app.asking import Ask
from gateway.domain.commands import Outcome
from gateway.domain.errors import ChargerRefused, InvalidInput
from gateway.domain.station_commands import (
    CertificateHash,
    CertificateUse,
    DeleteCertificate,
    GetInstalledCertificates,
)


@dataclass(frozen=True, slots=True)
class Installed:
    """One certificate as the charger names it, and what it is for."""

    use: CertificateUse
    certificate: CertificateHash


async def certificates(ask: Ask, use: CertificateUse | None = None) -> list[Installed]:
    """What a charger has of one use, or of all that its version knows.

    Raises what `ask` raises, and ChargerRefused if the charger does not say.
    """
    found = []
    for one in CertificateUse if use is None else (use,):
        try:
            answer = await ask(GetInstalledCertificates(one))
        except InvalidInput:
            if use is not None:
                raise
            continue
        if answer.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            raise ChargerRefused(f"the charger answered {answer.detail or answer.outcome}")
        found += [Installed(one, certificate) for certificate in answer.certificates]
    return found


def sentence(found: Sequence[Installed]) -> str:
    """For people: how many, then a line for each."""
    lines = [
        f"{it.use}: serial number {it.certificate.serial_number}, {it.certificate.algorithm} of the issuer's "
        f"name {it.certificate.issuer_name_hash} and key {it.certificate.issuer_key_hash}"
        for it in found
    ]
    return "\n".join((f"{len(found)} installed", *lines))


def named(found: Sequence[Installed], serial_number: str) -> DeleteCertificate:
    """The request to delete the one certificate with this serial number (hexadecimal).

    Raises InvalidInput if there is none, or several.
    """
    wanted = _bare(serial_number)
    matching = {it.certificate for it in found if _bare(it.certificate.serial_number) == wanted}
    if not matching:
        raise InvalidInput(f"no certificate with the serial number {serial_number} is installed")
    if len(matching) > 1:
        raise InvalidInput(f"{len(matching)} certificates have this serial number: say what it is for")
    return DeleteCertificate(matching.pop())


def _bare(serial_number: str) -> str:
    return serial_number.replace(":", "").strip().lstrip("0").casefold()
