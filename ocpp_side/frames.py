"""OCPP-J frames: bytes to a typed message and back. Pure.

Spec: OCPP-J 1.6 section 4 "RPC framework"; A13 to A18.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

import orjson

from ocpp_side.translate.lenient import Payload

DEEPEST = 32
"""How deeply a frame may be nested (T23)."""
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class MessageType(IntEnum):
    """Spec: OCPP-J 1.6 section 4.1.3; the last two: OCPP-J 2.1 section 4.1.3 (A14)."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


_KNOWN_TYPES = (MessageType.CALL, MessageType.CALLRESULT, MessageType.CALLERROR)


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `action` None: there, but not a text; `payload` None: there, but not an object.

    `id` is echoed as it came: some chargers send numbers.
    """

    id: str | int
    action: str | None
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class CallResult:
    """An answer to one of our requests. `payload` None: there, but not an object."""

    id: str
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class CallError:
    """A refusal of one of our requests."""

    id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class ResultRefused:
    """A charger could not read one of our answers (CALLRESULTERROR)."""

    id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Send:
    """A message that gets no answer of any kind (SEND)."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not a message (A13). `typed`: it has the shape of one, of a type nobody knows (A14)."""

    reason: str
    typed: bool = False


Frame = Call | CallResult | CallError | ResultRefused | Send | Unreadable


def read_frame(raw: bytes) -> Frame:
    """Read one frame. Never raises. Invalid UTF-8 and lone surrogates inside texts are replaced (A18)."""
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and _depth(raw) > DEEPEST:
        return Unreadable("nested too deeply")
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        message = _repaired(raw)
    if not isinstance(message, list) or not message:
        return Unreadable("not a JSON array of a message")
    match message:
        case [MessageType.CALL, str() | int() as id_, action, *rest] if not isinstance(id_, bool):
            return _call(id_, action, rest)
        case [MessageType.CALLRESULT, str() as id_, *rest]:
            return CallResult(id_, _object(rest))
        case [MessageType.CALLERROR | MessageType.CALLRESULTERROR as type_, str() as id_, *rest]:
            return _refusal(type_, id_, rest)
        case [MessageType.SEND, str() as id_, str() as action, dict() as payload, *_]:
            return Send(id_, action, payload)
        case _:
            known = message[0] in _KNOWN_TYPES
            reason = "a message without id or action" if known else "unknown message type"
            return Unreadable(reason, typed=not known and isinstance(message[0], int))


def _refusal(type_: int, id_: str, rest: list[object]) -> CallError | ResultRefused:
    code, description = (part if isinstance(part, str) else "" for part in (*rest, "", "")[:2])
    made = CallError if type_ == MessageType.CALLERROR else ResultRefused
    return made(id_, code or "GenericError", description[:255])


def _call(id_: str | int, action: object, rest: list[object]) -> Call:
    return Call(id_, action if isinstance(action, str) else None, _object(rest))


def _object(rest: list[object]) -> Payload | None:
    """A payload. A missing or null one and an empty array stand for the empty object (A16)."""
    payload = rest[0] if rest else None
    if payload is None or payload == []:
        return {}
    return payload if isinstance(payload, dict) else None


def _repaired(raw: bytes) -> object:
    """Read a frame whose text is broken but whose structure is not; None if it is not JSON at all."""
    text = _without_lone_surrogates(raw.removeprefix(b"\xef\xbb\xbf").decode(errors="replace"))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _without_lone_surrogates(text: str) -> str:
    return _LONE_SURROGATE.sub(r"\\ufffd", text) if "\\u" in text else text


def _depth(raw: bytes) -> int:
    """How deeply brackets are nested, those inside strings not counted."""
    deepest = depth = 0
    for match in _BRACKET.finditer(raw):
        token = match.group()
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest


def write_call(id_: str, action: str, payload: Payload) -> bytes:
    """A request, compact."""
    return orjson.dumps([MessageType.CALL.value, id_, action, payload])


def write_result(id_: str | int, payload: Payload) -> bytes:
    """An answer, compact, properties in the order of the payload."""
    return orjson.dumps([MessageType.CALLRESULT.value, id_, payload])


def write_error(id_: str | int, code: str, description: str) -> bytes:
    """A refusal; the details stay empty, nothing of the request is echoed (section 1.3 item 6)."""
    return orjson.dumps([MessageType.CALLERROR.value, id_, code, description[:255], {}])


def write_answer_refused(id_: str, code: str, description: str) -> bytes:
    """The word, new in 2.1, that a charger's answer cannot be read (CALLRESULTERROR, E03)."""
    return orjson.dumps([MessageType.CALLRESULTERROR.value, id_, code, description[:255], {}])
