"""Security profiles: one at a time, never falling silently; certificates of the right charger (B01, B06)."""

from dataclasses import replace

import pytest

from gateway.app.access import Access, Admitted, Attempt, TurnedAway
from gateway.domain.chargers import Charger
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World

SECRETS = KeyedSecrets("a-secret-key-of-the-tests")
PLAIN = Attempt(
    b.CHARGER, b.CHARGER, b"the-password-of-it", None, tls=False, loopback=False, remote="192.0.2.1"
)
TLS = replace(PLAIN, tls=True)
MUTUAL = replace(TLS, username=None, password=None, certificate_subject=f"CN={b.CHARGER},O=Operator")


async def door(**fields: object) -> tuple[Access, World]:
    world = await World().furnish()
    charger = replace(b.charger(), password_hashes=(SECRETS.fingerprint(b"the-password-of-it"),))
    charger = replace(charger, **fields)  # type: ignore[arg-type]
    await world.store.write(lambda tx: tx.chargers.save(charger))
    return Access(world.store, SECRETS, world.clock, allow_plain=True), world


async def test_a_profile_never_falls_silently() -> None:
    """B09, T7: once seen with TLS a charger is not served without; only the network file lowers it."""
    access, world = await door()
    assert isinstance(await access.admit(PLAIN), Admitted)
    assert isinstance(await access.admit(TLS), Admitted)
    refused = await access.admit(PLAIN)
    assert isinstance(refused, TurnedAway)
    assert refused.http_status == 403
    assert isinstance(await access.admit(replace(PLAIN, loopback=True)), TurnedAway)
    lowered = await world.store.read(lambda tx: tx.chargers.get(b.CHARGER))
    assert lowered is not None
    await world.store.write(lambda tx: tx.chargers.save(replace(lowered, security_profile=1)))
    assert isinstance(await access.admit(PLAIN), Admitted)


@pytest.mark.parametrize(
    ("profile", "attempt", "admitted"),
    [
        (1, PLAIN, True),
        (2, PLAIN, False),
        (2, TLS, True),
        (3, TLS, False),
        (3, MUTUAL, True),
        (3, replace(MUTUAL, certificate_subject="CN=ANOTHER,O=Operator"), False),
        (3, replace(MUTUAL, certificate_subject=f"O=x,OU=CN={b.CHARGER}x"), False),
    ],
)
async def test_one_profile_per_charger(profile: int, attempt: Attempt, admitted: bool) -> None:
    """B01, B02, B06, T5: a certificate names its charger."""
    access, _ = await door(security_profile=profile)
    assert isinstance(await access.admit(attempt), Admitted) is admitted


async def test_the_subject_of_the_network_file_counts() -> None:
    """B06: a configured subject is compared as a whole."""
    access, _ = await door(certificate_subject="CN=SN-1,O=Operator")
    assert isinstance(await access.admit(MUTUAL), TurnedAway)
    fits = replace(MUTUAL, certificate_subject="CN=SN-1,O=Operator")
    assert isinstance(await access.admit(fits), Admitted)


async def test_a_makers_certificate_beside_the_password() -> None:
    """B09: it is not the certificate of this charger, and must not lock it out from then on."""
    access, world = await door()
    beside = replace(TLS, certificate_subject="CN=SN-4711,O=Maker")
    for _ in range(2):
        assert isinstance(await access.admit(beside), Admitted)
    assert (await world.store.read(lambda tx: tx.care.get(b.CHARGER))).least_profile == 2
    assert isinstance(await access.admit(replace(TLS, certificate_subject=f"CN={b.CHARGER}")), Admitted)
    assert isinstance(await access.admit(beside), TurnedAway)


async def test_who_may_stay() -> None:
    """A04, B01: a charger that was removed, or got another key, would not be admitted again."""
    access, world = await door()
    admitted = await access.admit(TLS)
    assert isinstance(admitted, Admitted)
    charger: Charger = admitted.charger
    assert await access.still_admits(charger)
    await world.store.write(lambda tx: tx.chargers.save(replace(charger, plugs=())))
    assert await access.still_admits(charger)
    await world.store.write(lambda tx: tx.chargers.save(replace(charger, password_hashes=("other",))))
    assert not await access.still_admits(charger)
    await world.store.write(lambda tx: tx.chargers.remove(charger.id))
    assert not await access.still_admits(charger)
