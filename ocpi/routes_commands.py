"""What partners ask of chargers: commands, charging profiles, preferences. One set for all versions.

Spec: OCPI 2.2.1 mod_commands and mod_charging_profiles "Receiver Interface", mod_sessions (SES-10).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from aiohttp import web

from gateway.app.command_intake import Requester
from gateway.domain.asked import ActiveProfileAsked, ProfileRemovalAsked, ProfileRequest
from gateway.domain.errors import InvalidInput, UnknownLocation
from gateway.domain.ids import SessionId
from gateway.domain.partners import Role
from gateway.domain.remote_runs import Receipt, Reception
from ocpi.body import read_json
from ocpi.dialect import CommandWords, Json
from ocpi.envelope import write_envelope
from ocpi.errors import UNKNOWN_LOCATION, UnknownPath
from ocpi.middleware import answer
from ocpi.operations import Operation
from ocpi.services import CALLER, DIALECT, ROUTE, SERVICES, CommandServices

_RESPONSE_URL = re.compile(r"(?:^|&)response_url=(.*)\Z", re.DOTALL)
_DURATION = re.compile(r"(?:^|&)duration=(\d{1,9})(?=&|\Z)")
_LONGEST_PROFILE_S = 7 * 24 * 3600


def _answer(request: web.Request, data: Json, status: int = 1000, message: str | None = None) -> web.Response:
    services = request.app[SERVICES]
    return answer(services, write_envelope(services.clock.now(), status, data, message))


def _words(request: web.Request) -> CommandWords:
    words = request[DIALECT].COMMANDS
    if words is None:
        raise UnknownPath("this module is not part of this OCPI version here")
    return words


def _use_cases(request: web.Request) -> CommandServices:
    services = request.app[SERVICES].commands
    if services is None:
        raise UnknownPath("this module is not served here")
    return services


def _requester(request: web.Request) -> Requester:
    """Who asks. Without routing headers a platform with one party speaks for it (TR-39)."""
    partner, route = request[CALLER].partner, request.get(ROUTE)
    parties = partner.parties(Role.EMSP)
    only = parties[0] if len(parties) == 1 else None
    if route is None:
        return Requester(partner, only)
    return Requester(partner, route.sender or only, route.receiver if route.named else None)


async def command(request: web.Request, operation: Operation) -> web.StreamResponse:
    """POST a command (CMD-01, CMD-02). An unknown place is 2003 with REJECTED (CMD-08)."""
    services, words, who = request.app[SERVICES], _words(request), _requester(request)
    read = words.read.get(operation.path.rpartition("/")[2])
    if read is None:
        raise UnknownPath("this command is not part of this OCPI version")
    asked = read(await read_json(request, services.body_deadline_s), who.sender)
    try:
        receipt = await _use_cases(request).commands.ask(who, asked)
    except UnknownLocation as error:
        refusal = words.write_receipt(Receipt(Reception.REJECTED, message=str(error)))
        return _answer(request, refusal, UNKNOWN_LOCATION, str(error))
    return _answer(request, words.write_receipt(receipt))


async def profile_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT a charging profile (CP-01)."""
    body = await read_json(request, request.app[SERVICES].body_deadline_s)
    read = _words(request).read_profile
    if read is None:
        raise UnknownPath("charging profiles are not part of this OCPI version")
    return await _profile(request, read(body, _session_id(request)))


async def profile_get(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET the limits in force (CP-01)."""
    url, duration_s = read_profile_query(request.raw_path.partition("?")[2])
    if duration_s is None:
        raise InvalidInput("is required: seconds", field="duration")
    within = min(duration_s, _LONGEST_PROFILE_S)
    return await _profile(request, ActiveProfileAsked(url, _session_id(request), within))


async def profile_delete(request: web.Request, _: Operation) -> web.StreamResponse:
    """DELETE the profile that was set (CP-01)."""
    url, _duration = read_profile_query(request.raw_path.partition("?")[2])
    return await _profile(request, ProfileRemovalAsked(url, _session_id(request)))


async def _profile(request: web.Request, asked: ProfileRequest) -> web.Response:
    write = _words(request).write_profile_receipt
    if write is None:
        raise UnknownPath("charging profiles are not part of this OCPI version")
    return _answer(request, write(await _use_cases(request).commands.ask_profile(_requester(request), asked)))


async def preferences_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT what a driver wishes (SES-10)."""
    read = _words(request).read_preferences
    if read is None:
        raise UnknownPath("charging preferences are not part of this OCPI version")
    wish = read(await read_json(request, request.app[SERVICES].body_deadline_s))
    preferences, who = _use_cases(request).preferences, _requester(request)
    verdict = await preferences.put(who.partner, _session_id(request), wish, who.sender)
    return _answer(request, verdict.value)


def read_profile_query(query: str) -> tuple[str, int | None]:
    """`response_url` and `duration` of a query. Raises InvalidInput without a response_url.

    The specification's own example does not encode the URL, which has a query itself: an unencoded one is the
    rest of the query, but for a `duration` that closes it (CP-01).
    """
    found = _RESPONSE_URL.search(query)
    if found is None or not found[1]:
        raise InvalidInput("is required", field="response_url")
    before, rest = query[: found.start()], found[1]
    duration = _DURATION.search(before)
    if "://" not in rest.partition("&")[0]:
        url, _, after = rest.partition("&")
        duration = duration or _DURATION.search(after)
        return unquote(url), int(duration[1]) if duration else None
    if duration is None and (trailing := re.search(r"&duration=(\d{1,9})\Z", rest)):
        return rest[: trailing.start()], int(trailing[1])
    return rest, int(duration[1]) if duration else None


def _session_id(request: web.Request) -> SessionId:
    return SessionId(request.match_info["session_id"])


COMMAND_HANDLERS: Mapping[str, Callable[[web.Request, Operation], Awaitable[web.StreamResponse]]] = {
    "start_session": command,
    "stop_session": command,
    "reserve_now": command,
    "cancel_reservation": command,
    "unlock_connector": command,
    "profile_put": profile_put,
    "profile_get": profile_get,
    "profile_delete": profile_delete,
    "charging_preferences": preferences_put,
}
"""What answers the operations of these modules."""
