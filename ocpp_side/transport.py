"""One charger's connection: frames in, one at a time, answers out, and our own calls between them.

Spec: OCPP-J 1.6 section 4; A08 to A18. Nothing a charger sends ends the loop but the end of its socket.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aiohttp import ClientError, WSCloseCode, WSMsgType, web

from gateway.app.crashpoints import crash_point
from gateway.app.ports import Recorder
from gateway.domain.commands import Command, CommandAnswer, Outcome, ReserveNow, joined
from gateway.domain.errors import (
    ChargerOffline,
    ChargerRefused,
    ChargerSilent,
    GatewayError,
    InvalidInput,
    StoreUnavailable,
)
from ocpp_side.frames import (
    Call,
    CallError,
    CallResult,
    Frame,
    ResultRefused,
    Send,
    Unreadable,
    read_frame,
    write_answer_refused,
    write_call,
    write_error,
    write_result,
)
from ocpp_side.limits import Bucket, Monotonic
from ocpp_side.masking import shown
from ocpp_side.repairs.mending import mend
from ocpp_side.repairs.mistaken_version import spoken
from ocpp_side.repairs.presets import OTHER_VERSION, STRAY_COMMA
from ocpp_side.repairs.text import without_stray_commas
from ocpp_side.translate.lenient import Payload
from ocpp_side.version import Request, Station, Version

log = logging.getLogger(__name__)

_LONGEST_QUEUE = 16
"""Calls that may wait for one charger."""
_MOST_OVERDUE = 10
_MUTE_AFTER = 3
"""Unanswered calls in a row after which a charger is sent to reconnect (Q05)."""
_BROKEN = (ConnectionError, ClientError)
_LOST = (*_BROKEN, TimeoutError)


@dataclass(slots=True)
class Counters:
    """What a connection has seen; for people and tests."""

    received: int = 0
    ignored: int = 0
    unmatched: int = 0
    throttled: int = 0


class Line:
    """A charger on the line. Handlers run one after another; calls to the charger run in other tasks."""

    def __init__(
        self,
        socket: web.WebSocketResponse[bool],
        version: Version,
        station: Station,
        recorder: Recorder,
        bucket: Bucket,
        monotonic: Monotonic,
        others: Sequence[Version] = (),
    ) -> None:
        self._socket = socket
        self._version = version
        self._others = others
        self._recorder = recorder
        self._bucket = bucket
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._mute = 0
        self._pending: tuple[str, asyncio.Future[Payload]] | None = None
        self._overdue: dict[str, ReserveNow] = {}
        self._retiring: asyncio.Task[bool] | None = None
        self.station = station
        self.gone = asyncio.Event()
        self.counters = Counters()

    async def serve(self) -> None:
        """Answer the charger until its socket ends."""
        try:
            while True:
                message = await self._socket.receive()
                if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                    return
                await self._take(message.data)
        except _LOST as error:
            log.info("lost %s: %s", self.station.id, error or "nothing was heard of it for too long")
        finally:
            self._hang_up()
            if self._retiring is not None:
                await asyncio.gather(self._retiring, return_exceptions=True)

    def retire(self, code: int, reason: str) -> None:
        """Close the socket without waiting for the charger; `serve` returns."""
        if self._retiring is None:
            closing = self._socket.close(code=code, message=reason.encode())
            self._retiring = asyncio.create_task(closing, name=f"closing {self.station.id}")
            self._hang_up()

    async def ask(self, command: Command, within: timedelta) -> CommandAnswer:
        """Send a command and read its answer.

        Raises InvalidInput, ChargerOffline, ChargerSilent or ChargerRefused.
        """
        answers = [await self._ask(part, within) for part in self._version.parts_of(command)]
        return answers[0] if len(answers) == 1 else joined(answers)

    async def _ask(self, command: Command, within: timedelta) -> CommandAnswer:
        version = self._version
        action, payload = version.call_of(command)
        return version.answer_of(command, await self.call(action, payload, within, command))

    async def call(
        self, action: str, payload: Payload, within: timedelta, command: Command | None = None
    ) -> Payload:
        """Send one request when it is its turn (A08); the deadline covers the waiting too.

        Raises ChargerOffline, ChargerSilent or ChargerRefused.
        """
        if self._waiting >= _LONGEST_QUEUE:
            raise ChargerSilent(f"{self._waiting} requests already wait for this charger")
        self._waiting += 1
        try:
            async with asyncio.timeout(within.total_seconds()), self._turn:
                return await self._exchange(action, payload, command)
        except TimeoutError:
            raise ChargerSilent(f"no answer to {action} within {within.total_seconds():g} s") from None
        finally:
            self._waiting -= 1

    async def _exchange(self, action: str, payload: Payload, command: Command | None) -> Payload:
        if self._retiring is not None or self._socket.closed:
            raise ChargerOffline
        id_ = str(uuid.uuid4())
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._pending = (id_, answer)
        self._mute += 1
        try:
            await self._send(write_call(id_, action, payload))
            crash_point("command", action, "sent")
            read = await answer
            crash_point("command", action, "answered")
        except _BROKEN as error:
            raise ChargerOffline(f"the connection broke: {error}") from error
        except asyncio.CancelledError:
            if isinstance(command, ReserveNow):
                self._overdue = {**dict([*self._overdue.items()][-_MOST_OVERDUE:]), id_: command}
            if self._mute >= _MUTE_AFTER:
                self.retire(WSCloseCode.GOING_AWAY, "no answers")
            raise
        finally:
            self._pending = None
        self._mute = 0
        return read

    async def _take(self, raw: bytes) -> None:
        """Handle one frame; whatever goes wrong with it stays with it.

        What comes after we began to close is not answered: the charger sends it again on its next line.
        """
        if self._retiring is not None:
            return
        self.counters.received += 1
        self._recorder.frame(self.station.id, "in", shown(raw))
        wait_s = self._bucket.take(self._monotonic())
        if wait_s > 0:
            self.counters.throttled += 1
            await asyncio.sleep(wait_s)
        match self._read(raw):
            case Call() as call:
                action = call.action or ""
                crash_point("charger", action, "received")
                answer = await self._answer(call, raw)
                crash_point("charger", action, "handled")
                if answer is not None:
                    await self._send(answer)
                    crash_point("charger", action, "answered")
            case CallResult(id_, payload):
                await self._take_result(id_, payload)
            case CallError(id_, code, description):
                self._settle(id_, ChargerRefused(description or code, code=code))
            case Send() | ResultRefused() | Unreadable() as other:
                await self._take_other(other, raw)

    def _read(self, raw: bytes) -> Frame:
        """Read a frame; broken text is repaired only for makes that are known to send it (Q32)."""
        frame = read_frame(raw)
        if not isinstance(frame, Unreadable) or not self.station.habits.switches.chosen(STRAY_COMMA):
            return frame
        mended = without_stray_commas(raw)
        if mended is None:
            return frame
        self.station.note_repair(STRAY_COMMA, "a stray comma")
        return read_frame(mended)

    async def _take_result(self, id_: str, payload: Payload | None) -> None:
        """An answer; one that is no object is as good as none, and from 2.1 on the charger is told (E03)."""
        if payload is not None:
            self._settle(id_, payload)
            await self._take_late(id_, payload)
            return
        reason, code = "the answer is not an object", self._version.formation_violation
        asked = self._pending is not None and self._pending[0] == id_
        self._settle(id_, ChargerRefused(reason, code=code))
        if asked and self._version.refuses_answers:
            await self._send(write_answer_refused(id_, code, reason))

    def _settle(self, id_: str, outcome: Payload | ChargerRefused) -> None:
        """Match an answer by id alone; late and unknown ones are counted and dropped (A10)."""
        if self._pending is None or self._pending[0] != id_ or self._pending[1].done():
            self.counters.unmatched += 1
            return
        self._mute = 0
        if isinstance(outcome, ChargerRefused):
            self._pending[1].set_exception(outcome)
        else:
            self._pending[1].set_result(outcome)

    async def _take_late(self, id_: str, payload: Payload) -> None:
        """A reservation made after its deadline is nobody's (M27)."""
        command = self._overdue.pop(id_, None)
        if command is not None and self._version.answer_of(command, payload).outcome is Outcome.ACCEPTED:
            try:
                await self.station.charging.reserved_late(self.station.id, command.number)
            except StoreUnavailable as error:
                log.warning("reservation %d of %s stays: %s", command.number, self.station.id, error)

    async def _take_other(self, frame: Send | ResultRefused | Unreadable, raw: bytes) -> None:
        match frame:
            case Send():
                await self._take_sent(frame, raw)
            case ResultRefused(id_, code, description):
                await self._ignore(f"answer {id_} was not understood: {code} {description}", typed=True)
            case Unreadable(reason, typed):
                await self._ignore(reason, typed=typed)

    async def _ignore(self, reason: str, *, typed: bool) -> None:
        """Count what is no message; from 2.0.1 on the charger is told, unless its type is new to us (A13)."""
        self.counters.ignored += 1
        log.warning("ignored a frame of %s: %s", self.station.id, reason)
        if self._version.unreadable_frame is not None and not typed:
            await self._send(write_error("-1", self._version.unreadable_frame, reason))

    async def _take_sent(self, sent: Send, raw: bytes) -> None:
        """Handle a message that is never answered, whatever comes of it (A14, E03)."""
        handler = self._version.sends.get(sent.action)
        if handler is None or not self.station.accepted:
            self.counters.ignored += 1
            return
        try:
            await handler(self.station, Request(sent.id, sent.action, sent.payload, raw))
        except GatewayError as error:
            log.warning("%s of %s was lost: %s", sent.action, self.station.id, error)
        except Exception:
            log.exception("%s of %s failed", sent.action, self.station.id)

    def _hang_up(self) -> None:
        """Whoever waits for an answer learns that none will come."""
        if self._pending is not None and not self._pending[1].done():
            self._pending[1].set_exception(ChargerOffline("the charger disconnected before it answered"))

    async def _send(self, raw: bytes) -> None:
        self._recorder.frame(self.station.id, "out", shown(raw))
        await self._socket.send_frame(raw, WSMsgType.TEXT)

    async def _answer(self, call: Call, raw: bytes) -> bytes | None:
        """The answer to a request, or None to let the charger ask again."""
        await self._hear_version(call)
        call, violation = self._repair(call)
        action = call.action
        if action in self._version.transactional:
            return await self._answer_transaction(call, action, raw)
        refusal = self._refusal(call) or violation
        if refusal is not None:
            return write_error(call.id, *refusal)
        request = Request(str(call.id), action or "", call.payload or {}, raw)
        try:
            return write_result(call.id, await self._handled(request))
        except InvalidInput as error:
            return write_error(call.id, self._version.schemas.codes.property, str(error))
        except StoreUnavailable as error:
            log.warning("could not store %s of %s: %s", action, self.station.id, error)
        except Exception:
            log.exception("%s of %s failed", action, self.station.id)
        return write_error(call.id, self._version.internal_error, "")

    async def _handled(self, request: Request) -> Payload:
        """The handler's answer; chargers that boot take turns (F18)."""
        handler = self._version.handlers[request.action]
        if request.action != self._version.boot:
            return await handler(self.station, request)
        async with self.station.boots:
            return await handler(self.station, request)

    async def _hear_version(self, call: Call) -> None:
        """Go on in the version a charger really speaks, if that is not the negotiated one (Q09)."""
        station, action = self.station, call.action
        if action is None or call.payload is None or OTHER_VERSION in station.habits.switches.off:
            return
        telling = spoken(self._version.telling, [v.telling for v in self._others], action, call.payload)
        if telling is None:
            return
        self._version = next(version for version in self._others if version.telling is telling)
        station.note_repair(OTHER_VERSION, f"{action} of {self._version.subprotocol}")
        try:
            await station.charging.connected(station.id, self._version.subprotocol)
        except StoreUnavailable as error:
            log.warning("which version %s speaks is not stored: %s", station.id, error)

    def _repair(self, call: Call) -> tuple[Call, tuple[str, str] | None]:
        """The request as it should have been, and the CALLERROR for what cannot be repaired."""
        version, action, payload = self._version, call.action, call.payload
        known = action in version.handlers
        if action is None or payload is None or not known or version.schemas.valid(action, payload):
            return call, None
        mended = mend(version.schemas, version.repairs, self.station.habits.switches, action, payload)
        for quirk, example in mended.used.items():
            self.station.note_repair(quirk, example)
        wrong = mended.violation
        return replace(call, payload=mended.payload), (wrong.code, wrong.description) if wrong else None

    def _refusal(self, call: Call) -> tuple[str, str] | None:
        """Code and description of the CALLERROR a request earns, or None (A12, A15)."""
        version, action = self._version, call.action
        if action is None:
            return version.formation_violation, "the action is not a text"
        if action not in version.schemas.actions:
            return version.not_known, "unknown action"
        if action not in version.handlers:
            return version.not_supported, "not an action of a charger"
        if not self.station.accepted and action != version.boot:
            return version.not_accepted, f"{version.boot} comes first"
        if call.payload is None:
            return version.formation_violation, "the payload is not an object"
        return None

    async def _answer_transaction(self, call: Call, action: str, raw: bytes) -> bytes | None:
        """Answer a message that carries money: never with an error (C06, C10).

        What cannot be read is put aside and answered; what cannot be stored is not answered, so that the
        charger keeps it and repeats it.
        """
        station = self.station
        try:
            return await self._transaction_answer(call, action, raw)
        except StoreUnavailable as error:
            log.warning("%s of %s is not answered: %s", action, station.id, error)
            return None

    async def _transaction_answer(self, call: Call, action: str, raw: bytes) -> bytes:
        if call.payload is None:
            return await self._put_aside(call.id, action, raw, "the payload is not an object")
        request = Request(str(call.id), action, call.payload, raw)
        try:
            return write_result(call.id, await self._version.handlers[action](self.station, request))
        except InvalidInput as error:
            return await self._put_aside(call.id, action, raw, str(error))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("%s of %s failed", action, self.station.id)
            return await self._put_aside(call.id, action, raw, "the gateway failed on it")

    async def _put_aside(self, id_: str | int, action: str, raw: bytes, reason: str) -> bytes:
        station = self.station
        await station.charging.put_aside(station.id, action, raw.decode(errors="replace"), reason)
        return write_result(id_, self._version.unreadable_answer(station.id, action, raw))
