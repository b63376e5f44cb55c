"""Who a connecting charger says it is: addresses and certificates. The rest is tested over real sockets."""

import pytest

from ocpp_side.identity import Certificate, is_loopback, subject_of


@pytest.mark.parametrize(
    ("remote", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("203.0.113.5", False),
        ("localhost", False),
        ("", False),
        (None, False),
    ],
)
def test_which_addresses_are_this_machine(remote: str | None, loopback: bool) -> None:
    """ws:// is open on loopback alone; a name or a missing address is not loopback."""
    assert is_loopback(remote) is loopback


@pytest.mark.parametrize(
    ("certificate", "subject"),
    [
        (None, None),
        ({}, None),
        ({"subject": ()}, None),
        ({"subject": ((("organizationName", "Op"),), (("commonName", "CP-1"),))}, "CN=CP-1,O=Op"),
        ({"subject": ((("serialNumber", "7"), ("commonName", "X")),)}, "CN=X,serialNumber=7"),
    ],
)
def test_the_subject_of_a_certificate(certificate: Certificate | None, subject: str | None) -> None:
    """B06: the order of RFC 4514, the most specific part first."""
    assert subject_of(certificate) == subject
