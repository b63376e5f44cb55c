"""A certificate at a charger, found by its serial number (B08)."""

import pytest

from gateway.app.installed import Installed, named
from gateway.domain.errors import InvalidInput
from gateway.domain.station_commands import CertificateHash, CertificateUse, DeleteCertificate

ONE = CertificateHash("SHA256", "aa", "bb", "00ab01")
SAME_NUMBER = CertificateHash("SHA384", "cc", "dd", "AB01")
ROOT, V2G = CertificateUse.CENTRAL_SYSTEM_ROOT, CertificateUse.V2G_ROOT


def test_the_charger_gets_its_own_hashes_back() -> None:
    """B08: one certificate for two uses is one; zeros, colons and case do not count."""
    found = [Installed(ROOT, ONE), Installed(V2G, ONE)]
    assert named(found, "AB:01") == DeleteCertificate(ONE)


def test_two_of_one_number_are_not_guessed() -> None:
    """B08: serial numbers are an issuer's own."""
    with pytest.raises(InvalidInput, match="2 certificates"):
        named([Installed(ROOT, ONE), Installed(V2G, SAME_NUMBER)], "ab01")
    assert named([Installed(V2G, SAME_NUMBER)], "ab01") == DeleteCertificate(SAME_NUMBER)
