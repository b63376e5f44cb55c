"""Recording stand-ins for the use cases behind the charger side, and a server to put them in."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from aiohttp import web

from gateway.app.access import Access, Admitted, Attempt, TurnedAway
from gateway.app.authorize import Authorizing
from gateway.app.caring import Caring, Repaired
from gateway.app.charging import Charging, Started
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.care import ProgressReported
from gateway.domain.chargers import Charger
from gateway.domain.errors import StoreUnavailable
from gateway.domain.events import (
    Booted,
    IdToken,
    Metered,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from gateway.domain.ids import ChargerId, ConnectorNumber, PartnerId, TransactionRef
from gateway.domain.keys import key_forms
from gateway.domain.variables import CustomerTold, VariablesReported
from ocpp_side.endpoint import ChargerEndpoint, ChargerSettings

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
PASSWORD = "0123456789abcdef0123456789abcdef01234567"
ACCEPTED = Authorization(Verdict.ALLOWED, "in the test")
REFUSED = Authorization(Verdict.BLOCKED, "in the test")


class FixedClock:
    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class Frames:
    """A Recorder that keeps everything."""

    def __init__(self) -> None:
        self.seen: list[tuple[ChargerId, str, str]] = []

    def frame(self, charger_id: ChargerId, direction: str, text: str) -> None:
        self.seen.append((charger_id, direction, text))

    def exchange(self, partner_id: PartnerId | None, direction: str, summary: str, text: str) -> None:
        raise AssertionError("the charger side has no exchanges with partners")


class OpenDoor:
    """Admits the listed chargers with the one password in any of its forms (B03)."""

    def __init__(self, *ids: str, protocol: str | None = None) -> None:
        self.chargers = {id_: Charger(ChargerId(id_), (), protocol=protocol) for id_ in ids}
        self.attempts: list[Attempt] = []
        self.store_is_down = False

    async def admit(self, attempt: Attempt) -> Admitted | TurnedAway:
        self.attempts.append(attempt)
        if self.store_is_down:
            raise StoreUnavailable
        charger = self.chargers.get(attempt.charger_id)
        if charger is None:
            return TurnedAway(404, "unknown charger")
        if attempt.username != attempt.charger_id or attempt.password not in key_forms(PASSWORD):
            return TurnedAway(401, "wrong credentials")
        return Admitted(charger)


@dataclass
class RecordingCharging:
    """Keeps what it is told. Starts with an equal key get the same number (C07)."""

    booted_before: bool = False
    store_is_down: bool = False
    breaks_on: type | None = None
    log: list[object] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    answer: Authorization = ACCEPTED

    def of(self, kind: type) -> list[object]:
        return [event for event in self.log if isinstance(event, kind)]

    def aside(self) -> list[tuple[str, str]]:
        return [(e[1], e[2]) for e in self.log if isinstance(e, tuple) and e[0] == "aside"]

    def _note(self, event: object) -> None:
        if self.store_is_down:
            raise StoreUnavailable
        if self.breaks_on is not None and isinstance(event, self.breaks_on):
            raise RuntimeError("a defect, on purpose")
        self.log.append(event)

    def now(self) -> datetime:
        return NOW

    async def connected(self, charger_id: ChargerId, protocol: str) -> bool:
        self._note(("connected", charger_id, protocol))
        return self.booted_before

    async def disconnected(self, charger_id: ChargerId) -> None:
        self._note(("disconnected", charger_id))

    async def booted(self, event: Booted) -> timedelta:
        self._note(event)
        return timedelta(minutes=5)

    async def status_changed(self, event: StatusChanged) -> None:
        self._note(event)

    async def started(self, event: TransactionStarted) -> Started:
        self._note(event)
        number = self.numbers.setdefault(event.key, len(self.numbers) + 1)
        return Started(TransactionRef(str(number)), self.answer)

    async def metered(self, event: Metered) -> None:
        self._note(event)

    async def ended(self, event: TransactionEnded) -> Authorization | None:
        self._note(event)
        return self.answer if event.id_token else None

    async def put_aside(self, charger_id: ChargerId, action: str, payload: str, reason: str) -> None:
        self._note(("aside", action, reason, payload))


@dataclass
class Cards:
    answer: Authorization = ACCEPTED
    asked: list[str] = field(default_factory=list)

    async def by_card(
        self, charger_id: ChargerId, id_token: IdToken, number: ConnectorNumber | None
    ) -> Authorization:
        self.asked.append(id_token.value)
        return self.answer


@dataclass
class RecordingCaring:
    """Keeps what chargers report of themselves. `signs`: what is answered to certificate requests."""

    log: list[object] = field(default_factory=list)
    said: tuple[str, str, str] = ("", "", "")
    signs: bool = False

    def connected(self) -> None:
        """Nothing waits for chargers here."""

    async def make(self, charger_id: ChargerId) -> tuple[str, str, str]:
        return self.said

    async def booted(self, charger_id: ChargerId, *, device_model: bool = False) -> None:
        self.log.append(("booted with a device model" if device_model else "booted", charger_id))

    async def variables_reported(self, event: VariablesReported) -> None:
        self.log.append(event)

    async def customer_told(self, event: CustomerTold) -> None:
        self.log.append(event)

    async def progressed(self, event: ProgressReported) -> None:
        self.log.append(event)

    async def repaired(self, charger_id: ChargerId, repairs: Mapping[str, Repaired]) -> None:
        self.log.extend((quirk, it.times) for quirk, it in repairs.items())

    async def security_event(self, charger_id: ChargerId, kind: str, payload: str) -> None:
        self.log.append(("security", kind))

    async def certificate_asked(
        self, charger_id: ChargerId, request: str, request_id: int | None = None
    ) -> bool:
        self.log.append(("certificate", request))
        return self.signs


@dataclass
class ChargerSide:
    """A running endpoint and the fakes behind it."""

    endpoint: ChargerEndpoint
    charging: RecordingCharging
    cards: Cards
    frames: Frames
    door: OpenDoor
    port: int
    caring: RecordingCaring

    def url(self, charger_id: str = "CP-1", suffix: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/ocpp/{charger_id}{suffix}"


@asynccontextmanager
async def charger_side(
    settings: ChargerSettings | None = None,
    charging: RecordingCharging | None = None,
    door: OpenDoor | None = None,
    caring: RecordingCaring | None = None,
) -> AsyncIterator[ChargerSide]:
    charging, door = charging or RecordingCharging(), door or OpenDoor("CP-1", "CP-2")
    cards, frames, caring = Cards(), Frames(), caring or RecordingCaring()
    endpoint = ChargerEndpoint(
        cast("Access", door),
        cast("Charging", charging),
        cast("Authorizing", cards),
        cast("Caring", caring),
        frames,
        FixedClock(),
        settings or ChargerSettings(boot_patience_s=60),
    )
    app = web.Application()
    endpoint.add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = int(runner.addresses[0][1])
    try:
        yield ChargerSide(endpoint, charging, cards, frames, door, port, caring)
    finally:
        await endpoint.close()
        await runner.cleanup()


def basic(user: str = "CP-1", password: bytes = PASSWORD.encode()) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + password).decode()}
