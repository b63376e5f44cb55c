"""Registration step by step, with the process dying at every one of them (T15, F2, F33)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import pytest

from gateway.app.callers import Callers
from gateway.app.policy import Policy
from gateway.app.ports import Agreement, Credentials, Tx
from gateway.app.register import Registration
from gateway.domain.delivery import Debt, Owed
from gateway.domain.errors import (
    GatewayError,
    MissingEndpoints,
    NotRegistered,
    PartnerRefused,
    PartnerUnreachable,
)
from gateway.domain.ids import PartnerId
from gateway.domain.partners import (
    Endpoint,
    InterfaceRole,
    KeyPurpose,
    Partner,
    PartnerRole,
    PartnerState,
    Role,
)
from gateway.store.memory import MemoryStore
from gateway.store.secrets import KeyedSecrets
from tests.builders import CPO, EMSP
from tests.fakes import FakeClock, FakeIds, FakePartners

T = TypeVar("T")
THEIRS = "https://ems.example/ocpi/versions"


class Crash(BaseException):
    """The process dies."""


class MortalStore(MemoryStore):
    """A store that dies before or after its n-th write, counted from when `deadly` is set."""

    deadly: int = 0
    after: bool = False

    async def write(self, work: Callable[[Tx], T]) -> T:
        self.deadly -= 1
        if self.deadly == 0 and not self.after:
            raise Crash
        result = await super().write(work)
        if self.deadly == 0:
            raise Crash
        return result


@dataclass
class Platform(FakePartners):
    """A partner as the handshake sees it: which tokens it accepts, and which one it was given."""

    accepts: set[str] = field(default_factory=lambda: {"token-a"})
    given: str | None = None
    modules: tuple[str, ...] = ("credentials", "tokens", "cdrs")
    fate: str = "answers"
    posts: int = 0

    async def discover(self, versions_url: str, token: str, version: str | None = None) -> Agreement:
        if token not in self.accepts:
            raise PartnerUnreachable("the token is not accepted")
        endpoints = tuple(
            Endpoint(
                m, InterfaceRole.RECEIVER if m == "cdrs" else InterfaceRole.SENDER, f"{versions_url}/{m}"
            )
            for m in self.modules
        )
        return Agreement(version or "2.2.1", endpoints, token_base64=True)

    async def post_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        return self._exchange(token, ours)

    async def put_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        return self._exchange(token, ours)

    async def delete_credentials(self, partner: Partner) -> None:
        self.accepts, self.given = set(), None

    def _exchange(self, token: str, ours: Credentials) -> Credentials:
        self.posts += 1
        assert token in self.accepts
        if self.fate == "refuses":
            raise PartnerRefused
        self.accepts, self.given = {f"token-{self.posts}"}, ours.token
        if self.fate == "is lost":
            raise PartnerUnreachable
        return theirs(f"token-{self.posts}")


def theirs(token: str) -> Credentials:
    return Credentials(token, THEIRS, (PartnerRole(Role.EMSP, EMSP, "EMS"),))


class Desk:
    """A gateway's registration; `restart` is a new process on the same database."""

    def __init__(self) -> None:
        self.store = MortalStore()
        self.platform = Platform()
        self.clock = FakeClock()
        self.secrets = KeyedSecrets("a-secret-key-of-the-tests")
        self.ids = FakeIds()
        self.registered: list[PartnerId] = []
        self.answered: Credentials | None = None
        """The answer that left, which the platform has even if we die right after."""
        self.restart()

    def restart(self) -> None:
        self.store.deadly = 0
        self.callers = Callers(self.store, self.secrets, self.clock)
        self.registration = Registration(
            self.store,
            self.platform,
            self.secrets,
            self.clock,
            self.ids,
            Policy(),
            "https://gateway.example/",
            self.registered.append,
        )

    async def furnish(self) -> "Desk":
        await self.store.write(lambda tx: tx.parties.save(PartnerRole(Role.CPO, CPO, "Our CPO")))
        return self

    async def opens(self, token: str | None) -> KeyPurpose | None:
        """What a token opens here."""
        caller = await self.callers.recognise([token]) if token else None
        return caller.key.purpose if caller else None

    async def partner(self) -> Partner:
        found = await self.store.read(lambda tx: tx.partners.by_name("ems"))
        assert found is not None
        return found

    async def accept(self, token_a: str) -> Credentials:
        caller = await self.callers.recognise([token_a])
        assert caller is not None
        self.platform.accepts.add("token-b")
        answer = await self.registration.accept(caller.key, "2.2.1", theirs("token-b"), token_a)
        self.callers.spend(caller.key)
        self.answered = answer
        await self.callers.forget(caller.key)
        return answer


@pytest.fixture
async def desk() -> Desk:
    return await Desk().furnish()


STEPS = [(n, after) for n in range(1, 8) for after in (False, True)]


@pytest.mark.parametrize(("step", "after"), STEPS)
async def test_dying_while_a_platform_registers(desk: Desk, step: int, after: bool) -> None:
    """T15: whatever was stored, token A or its successor opens the door, and a retry registers."""
    invitation = await desk.registration.invite("ems")
    assert invitation.versions_url == "https://gateway.example/ocpi/versions"
    desk.store.deadly, desk.store.after = step, after
    with suppress(Crash):
        await desk.accept(invitation.token)
    desk.restart()
    answer = desk.answered or await desk.accept(invitation.token)
    assert await desk.opens(answer.token) is KeyPurpose.CREDENTIALS
    assert await desk.opens(invitation.token) is None, "its successor was used"
    assert (await desk.partner()).state is PartnerState.REGISTERED
    assert desk.secrets.open((await desk.partner()).outbound_token or "") == "token-b"


@pytest.mark.parametrize(("step", "after"), STEPS)
async def test_dying_while_we_register(desk: Desk, step: int, after: bool) -> None:
    """T15: either the partner has no key of ours, or it has one that opens at least the way to register."""
    desk.store.deadly, desk.store.after = step, after
    with suppress(Crash):
        await desk.registration.connect("ems", THEIRS, "token-a")
    desk.restart()
    if desk.platform.posts == 0:
        await desk.registration.connect("ems", THEIRS, "token-a")
    assert await desk.opens(desk.platform.given) is not None
    if (await desk.partner()).state is not PartnerState.REGISTERED:
        # The partner registered us and we forgot: it can register with the token that it got.
        answer = await desk.accept(desk.platform.given or "")
        assert await desk.opens(answer.token) is KeyPurpose.CREDENTIALS
    assert (await desk.partner()).state is PartnerState.REGISTERED


@pytest.mark.parametrize(("step", "after"), STEPS)
async def test_dying_while_tokens_rotate(desk: Desk, step: int, after: bool) -> None:
    """T15: the partner can call us with what it holds, at once and days later."""
    await desk.registration.connect("ems", THEIRS, "token-a")
    desk.store.deadly, desk.store.after = step, after
    with suppress(Crash):
        await desk.registration.rotate("ems")
    desk.restart()
    assert await desk.opens(desk.platform.given) is KeyPurpose.CREDENTIALS
    desk.clock.move(days=3)
    assert await desk.opens(desk.platform.given) is KeyPurpose.CREDENTIALS


@pytest.mark.parametrize("fate", ["refuses", "is lost"])
async def test_a_post_without_success_is_made_once(desk: Desk, fate: str) -> None:
    desk.platform.fate = fate
    with pytest.raises((PartnerRefused, PartnerUnreachable)):
        await desk.registration.connect("ems", THEIRS, "token-a")
    assert desk.platform.posts == 1
    stored = await desk.partner()
    assert stored.state is PartnerState.INVITED
    assert stored.problem
    assert desk.secrets.open(stored.outbound_token or "") == "token-a"
    # After a refusal nobody holds our token B; after silence the partner may.
    keys = await desk.store.read(lambda tx: tx.partners.keys_of(stored.id))
    assert len(keys) == (0 if fate == "refuses" else 1)


async def test_a_partner_with_nothing_to_offer_is_not_posted_to(desk: Desk) -> None:
    """CRED-03: missing endpoints are found before the POST."""
    desk.platform.modules = ("credentials", "commands")
    with pytest.raises(MissingEndpoints):
        await desk.registration.connect("ems", THEIRS, "token-a")
    assert desk.platform.posts == 0


async def test_without_parties_nothing_is_promised() -> None:
    """CRED-11: roles are 1 or more."""
    desk = Desk()
    with pytest.raises(GatewayError, match="network file"):
        await desk.registration.connect("ems", THEIRS, "token-a")
    assert desk.platform.posts == 0


async def test_renewing_keeps_a_pause(desk: Desk) -> None:
    """An operator's pause is not ended by the partner's PUT; a failed authorization is."""
    await desk.registration.connect("ems", THEIRS, "token-a")
    desk.platform.accepts.add("token-new")
    for state, expected in (
        (PartnerState.PAUSED, PartnerState.PAUSED),
        (PartnerState.AUTH_FAILED, PartnerState.REGISTERED),
    ):
        stored = await desk.partner()
        await desk.store.write(lambda tx, s=stored, to=state: tx.partners.save(replace(s, state=to)))
        caller = await desk.callers.recognise([desk.platform.given or ""])
        assert caller is not None
        answer = await desk.registration.renew(caller.key, "2.2.1", theirs("token-new"), caller.token)
        desk.platform.given = answer.token
        assert (await desk.partner()).state is expected


@pytest.mark.parametrize("name", ["rotate", "remove"])
async def test_nobody_is_not_registered(desk: Desk, name: str) -> None:
    with pytest.raises(NotRegistered, match="nobody"):
        await getattr(desk.registration, name)("nobody")


async def test_a_registration_that_fails_is_shown_to_our_people(desk: Desk) -> None:
    """CRED-03: the partner gets a status code, the operator the reason and what to do."""
    invitation = await desk.registration.invite("ems")
    desk.platform.modules = ("credentials", "commands")
    with pytest.raises(MissingEndpoints):
        await desk.accept(invitation.token)
    assert "tried to register" in ((await desk.partner()).problem or "")
    desk.platform.modules = Platform.modules
    await desk.accept(invitation.token)
    assert (await desk.partner()).problem is None


async def test_what_waited_is_tried_at_once_after_a_renewal(desk: Desk) -> None:
    """A new address or token ends the back-off that the old one caused."""
    invitation = await desk.registration.invite("ems")
    credentials = await desk.accept(invitation.token)
    partner = await desk.partner()
    late = desk.clock.now() + timedelta(hours=6)
    waiting = Debt(partner.id, Owed.CDR, "CDR-1", 1, desk.clock.now(), late, attempts=9)
    await desk.store.write(lambda tx: tx.debts.save(waiting))
    caller = await desk.callers.recognise([credentials.token])
    assert caller is not None
    await desk.registration.renew(caller.key, "2.2.1", theirs("token-b"), credentials.token)
    found = await desk.store.read(lambda tx: tx.debts.get(partner.id, Owed.CDR, "CDR-1"))
    assert found is not None
    assert (found.attempts, found.next_attempt_at) == (0, desk.clock.now())
