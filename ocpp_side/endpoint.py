"""The WebSocket route chargers connect to: `/ocpp/{charger_id}`.

Spec: OCPP-J 1.6 sections 3 and 6; A01 to A06, B01 to B06, T1 to T5. Admission comes before the upgrade.
"""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import WSCloseCode, web

from gateway.app.access import Access, Admitted, TurnedAway
from gateway.app.authorize import Authorizing
from gateway.app.caring import Caring
from gateway.app.charging import Charging
from gateway.app.ports import Clock, Recorder
from gateway.domain.chargers import Charger
from gateway.domain.commands import Trigger
from gateway.domain.errors import GatewayError, StoreUnavailable
from gateway.domain.ids import ChargerId
from ocpp_side.admission import Admission, Place
from ocpp_side.connected import ConnectedChargers
from ocpp_side.identity import attempt_of, charger_id_of
from ocpp_side.limits import Bucket, Doorkeeper, Monotonic
from ocpp_side.plug_and_charge import VENDOR as PLUG_AND_CHARGE
from ocpp_side.plug_and_charge import answer as plug_and_charge
from ocpp_side.proxies import Origin, Proxies
from ocpp_side.repairs.presets import NO_PINGS, Habits, Preset, habits_of, shipped_presets
from ocpp_side.transport import Line
from ocpp_side.v16 import V16
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.vendors import Vendors, installed_vendors
from ocpp_side.version import Station, Version

log = logging.getLogger(__name__)

VERSIONS: dict[str, Version] = {version.subprotocol: version for version in (V16, V201, V21)}
"""Every OCPP version the gateway speaks, by subprotocol (A02)."""
_RETRY_AFTER_S = (5, 30)
"""Chargers that are asked to come back later are spread over this span."""


@dataclass(frozen=True, slots=True)
class ChargerSettings:
    """Limits and patience of the charger side.

    `ping_interval_s`: a charger silent for this long is pinged, and dropped if it stays silent for half as
    long again; 0 switches pings off (A06), and then `longest_silence_s` is how long it may say nothing.
    A charger's own `ping_interval_s` goes first (Q04). `boot_patience_s`: how long a charger may take to
    introduce itself before it is asked to. `failed_attempts` may be made at once, then
    `failed_attempts_per_minute`. `connects_at_once` are let in at a time; `connects_waiting` may wait for it,
    `connect_patience_s` each (F18). `presets`: what is known of makes and of single chargers.
    """

    ping_interval_s: float = 30.0
    longest_silence_s: float = 900.0
    max_frame_bytes: int = 1 << 20
    messages_per_second: float = 200.0
    message_burst: int = 2000
    boot_patience_s: float = 5.0
    trigger_patience_s: float = 30.0
    close_patience_s: float = 5.0
    failed_attempts: int = 8
    failed_attempts_per_minute: float = 10.0
    connects_at_once: int = 50
    connects_waiting: int = 1000
    connect_patience_s: float = 10.0
    trusted_proxies: Proxies = field(default_factory=Proxies)
    presets: tuple[Preset, ...] = field(default_factory=shipped_presets)


class ChargerEndpoint:
    """Admits chargers, serves them, and knows who is connected (`chargers`)."""

    def __init__(
        self,
        access: Access,
        charging: Charging,
        authorizing: Authorizing,
        caring: Caring,
        recorder: Recorder,
        clock: Clock,
        settings: ChargerSettings | None = None,
        *,
        chargers: ConnectedChargers | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._access = access
        self._charging = charging
        self._authorizing = authorizing
        self._caring = caring
        self._vendors = Vendors({PLUG_AND_CHARGE: plug_and_charge, **installed_vendors()})
        self._recorder = recorder
        self._clock = clock
        self._settings = settings or ChargerSettings()
        self._monotonic = monotonic
        self._doorkeeper = Doorkeeper(
            self._settings.failed_attempts, self._settings.failed_attempts_per_minute, monotonic
        )
        limits = self._settings
        self.admission = Admission(
            limits.connects_at_once, limits.connects_waiting, limits.connect_patience_s
        )
        self._closing = False
        self.chargers = chargers or ConnectedChargers()

    def add_routes(self, app: web.Application) -> None:
        """Register the route, with and without a trailing slash (A01)."""
        app.router.add_get("/ocpp/{charger_id}", self._connect)
        app.router.add_get("/ocpp/{charger_id}/", self._connect)

    async def close(self) -> None:
        """Send every charger away with 1012 (service restart) and refuse new ones; waits a few seconds."""
        self._closing = True
        self.admission.close()
        lines = [*self.chargers.lines()]
        for line in lines:
            line.retire(WSCloseCode.SERVICE_RESTART, "service restart")
        try:
            async with asyncio.timeout(self._settings.close_patience_s + 1):
                await self.admission.empty.wait()  # who was being let in is sent away by `_serve`
                lines += self.chargers.lines()
                await asyncio.gather(*(line.gone.wait() for line in lines))
        except TimeoutError:
            log.warning("some chargers did not close their connection in time")

    async def watch_network(self, changed: asyncio.Event) -> None:
        """Close connections of chargers that would not be admitted any more, until cancelled.

        `changed` is set whenever chargers may have been removed or got another key.
        """
        while True:
            await changed.wait()
            changed.clear()
            for line in self.chargers.lines():
                admitted = line.station.admitted
                try:
                    stays = admitted is None or await self._access.still_admits(admitted)
                except StoreUnavailable as error:
                    log.warning("could not look whether %s may stay: %s", line.station.id, error)
                    break
                if not stays:
                    log.warning("%s is removed or has another key; its connection is closed", line.station.id)
                    line.retire(WSCloseCode.POLICY_VIOLATION, "configuration changed")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        charger_id = charger_id_of(request)
        if charger_id is None:
            return web.Response(status=404, text="no such charger\n")
        if self._closing:
            return _busy()
        origin = self._settings.trusted_proxies.origin(request)
        remote = origin.address
        wait_s = self._doorkeeper.wait_s(remote, charger_id)
        if wait_s > 0:
            return web.Response(status=429, headers={"Retry-After": str(int(wait_s) + 1)})
        place = await self.admission.place()
        if place is None:
            return _busy()
        with place:
            return _busy() if _gone(request) else await self._admit(request, charger_id, origin, place)

    async def _admit(
        self, request: web.Request, charger_id: ChargerId, origin: Origin, place: Place
    ) -> web.StreamResponse:
        remote = origin.address
        try:
            verdict = await self._access.admit(attempt_of(request, charger_id, origin))
        except StoreUnavailable:
            return _busy()
        match verdict:
            case TurnedAway():
                self._doorkeeper.failed(remote, charger_id)
                log.warning("turned %r from %s away: %s", charger_id, remote, verdict.reason)
                return _turned_away(verdict)
            case Admitted(charger):
                self._doorkeeper.admitted(remote, charger_id)
                return await self._upgrade(request, charger, place)

    def _socket(self, request: web.Request, charger: Charger, habits: Habits) -> web.WebSocketResponse[bool]:
        """The WebSocket as the charger needs it; one that is not pinged has to let us hear of it (Q04)."""
        offered = [charger.protocol] if charger.protocol else list(VERSIONS)
        ping_s: float | None = charger.ping_interval_s
        if ping_s is None:
            ping_s = 0 if habits.switches.chosen(NO_PINGS) else self._settings.ping_interval_s
        return web.WebSocketResponse(
            protocols=[protocol for protocol in offered if protocol in VERSIONS],
            heartbeat=ping_s or None,
            receive_timeout=None if ping_s else self._settings.longest_silence_s,
            max_msg_size=self._settings.max_frame_bytes,
            timeout=self._settings.close_patience_s,
            compress=_may_compress(request),
            decode_text=False,
        )

    async def _upgrade(self, request: web.Request, charger: Charger, place: Place) -> web.StreamResponse:
        """Open the WebSocket in the version the charger prefers; without a common one close it (A03)."""
        try:
            make = await self._caring.make(charger.id)
        except StoreUnavailable:
            return _busy()
        habits = habits_of(self._settings.presets, *make, charger=charger.id)
        socket = self._socket(request, charger, habits)
        await socket.prepare(request)
        protocol = socket.ws_protocol or (None if _versions_offered(request) else charger.protocol)
        version = VERSIONS.get(protocol or "")
        if version is None:
            log.warning("%s speaks no OCPP version of ours", charger.id)
            place.leave()
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"no common OCPP version")
            return socket
        line = self._line(socket, version, charger)
        line.station.habits = habits
        await self._serve(line, version, place)
        return socket

    def _line(self, socket: web.WebSocketResponse[bool], version: Version, charger: Charger) -> Line:
        settings, now = self._settings, self._monotonic()
        station = Station(charger.id, self._charging, self._authorizing, self._clock, self._caring)
        station.admitted, station.vendors, station.boots = charger, self._vendors, self.admission.boots
        station.presets = settings.presets
        bucket = Bucket(settings.message_burst, settings.messages_per_second, now)
        others = tuple(VERSIONS.values())
        return Line(socket, version, station, self._recorder, bucket, self._monotonic, others)

    async def _serve(self, line: Line, version: Version, place: Place) -> None:
        """Serve a charger to its end; only the charger's current line reports its going (A05, Q03).

        Its place at the door is free as soon as its coming is stored.
        """
        station = line.station
        replaced = self.chargers.enter(line)
        if self._closing:
            line.retire(WSCloseCode.SERVICE_RESTART, "service restart")
        if replaced is not None:
            log.warning("%s connected again; its older connection is closed", station.id)
            replaced.retire(WSCloseCode.POLICY_VIOLATION, "replaced by a newer connection")
        nudging: asyncio.Task[None] | None = None
        try:
            station.accepted = await self._charging.connected(station.id, version.subprotocol)
            self._caring.connected()
            nudging = asyncio.create_task(self._nudge(line), name=f"nudging {station.id}")
            place.leave()
            await line.serve()
        except StoreUnavailable:
            place.leave()
            line.retire(WSCloseCode.TRY_AGAIN_LATER, "try again later")
            await line.serve()
        finally:
            if nudging is not None:
                nudging.cancel()
                await asyncio.gather(nudging, return_exceptions=True)
            if self.chargers.leave(line):
                await self._note_leaving(station)
            line.gone.set()

    async def _note_leaving(self, station: Station) -> None:
        try:
            await self._charging.disconnected(station.id)
            await station.report_repairs()
        except StoreUnavailable as error:
            log.warning("could not store that %s left: %s", station.id, error)

    async def _nudge(self, line: Line) -> None:
        """Ask for what a charger should have sent by itself: its introduction (Q12), its state (C02).

        One that does not introduce itself then either is served as if it had (Q12).
        """
        station, patience_s = line.station, self._settings.boot_patience_s
        await asyncio.sleep(patience_s)
        if not station.accepted and station.habits.nudge:
            await self._trigger(line, "BootNotification")
        await asyncio.sleep(patience_s)
        if not station.accepted:
            log.warning("%s does not introduce itself; it is served all the same", station.id)
            station.accepted = True
        elif station.booted_now and not station.reported_status and station.habits.nudge:
            await self._trigger(line, "StatusNotification")

    async def _trigger(self, line: Line, message: str) -> None:
        try:
            patience = timedelta(seconds=self._settings.trigger_patience_s)
            answer = await line.ask(Trigger(message), patience)
        except GatewayError as error:
            log.info("%s was asked for %s in vain: %s", line.station.id, message, error)
        else:
            log.info("%s was asked for %s: %s", line.station.id, message, answer.outcome)


def _versions_offered(request: web.Request) -> list[str]:
    """What a charger says that it speaks; where it is nothing we know, the network file may say it (Q01)."""
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    return [name for name in offered if name in VERSIONS]


def _may_compress(request: web.Request) -> bool:
    """Whether to accept compression that a charger offers: from 2.0.1 on it may count on it (A07)."""
    return next(iter(_versions_offered(request)), V16.subprotocol) != V16.subprotocol


def _gone(request: web.Request) -> bool:
    """Whether a charger hung up while it waited for its turn."""
    return request.transport is None or request.transport.is_closing()


def _busy() -> web.Response:
    later_s = random.randint(*_RETRY_AFTER_S)  # noqa: S311 - spreads load, guards nothing
    return web.Response(status=503, headers={"Retry-After": str(later_s)})


def _turned_away(verdict: TurnedAway) -> web.Response:
    """The refusal without its reason: that is for people, not for whoever knocks."""
    headers = {"WWW-Authenticate": 'Basic realm="OCPP"'} if verdict.http_status == 401 else {}  # noqa: PLR2004
    return web.Response(status=verdict.http_status, headers=headers)
