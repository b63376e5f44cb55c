"""A partner's command on arrival: refuse it at once, or store it as a run with its deadline (CMD-02).

Everything that can be told without the charger is told here: whose token, session, location and address it
is (CMD-07 to CMD-10, CMD-15, T18, T35), which plug is meant (M23), whether the charger can be reached (M24).
Called within units of work; refusals are exceptions that carry the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from gateway.app.awaiting import reserved_at
from gateway.app.commanded import start_under_way
from gateway.app.hubs import asking_through
from gateway.app.partner_views import visible_location
from gateway.app.plug_choice import Choice, choose
from gateway.app.ports import Tx
from gateway.domain.asked import CancelAsked, CommandAsked, ReserveAsked, StartAsked, StopAsked, UnlockAsked
from gateway.domain.errors import GatewayError, UnknownLocation
from gateway.domain.events import Habit
from gateway.domain.ids import ChargerId, ConnectorNumber, LocationId, Party, RunId, SessionId
from gateway.domain.partners import Partner
from gateway.domain.remote_runs import Reception, Run, RunKind, tag_for
from gateway.domain.sessions import Session
from gateway.domain.sites import Location
from gateway.domain.tokens import Token, session_token

MOST_UNFINISHED = 100
"""Commands of one partner under way at a time."""


class TurnedDown(GatewayError):
    """This command is refused at once."""

    def __init__(self, answer: Reception, message: str) -> None:
        super().__init__(message)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: the platform, its party (None: not known), and ours if the request named one."""

    partner: Partner
    sender: Party | None = None
    receiver: Party | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a command arrived, under which fresh id, and how long it may take."""

    run_id: RunId
    now: datetime
    timeout: timedelta
    online: Callable[[ChargerId], bool]


def reject(message: str) -> TurnedDown:
    """Refused as REJECTED."""
    return TurnedDown(Reception.REJECTED, message)


def accept(tx: Tx, who: Requester, asked: CommandAsked, at: Arrival) -> Run:
    """Store a command. Raises TurnedDown, UnknownLocation or InvalidInput."""
    check_address(who.partner, asked.response_url)
    check_load(tx, who.partner)
    match asked:
        case StartAsked():
            run = _start(tx, who, asked, at)
        case StopAsked():
            run = _stop(tx, who, asked, at)
        case ReserveAsked():
            run = _reserve(tx, who, asked, at)
        case CancelAsked():
            run = _cancel(tx, who, asked, at)
        case UnlockAsked():
            run = _unlock(tx, who, asked, at)
    check_reachable(tx, run, at)
    tx.runs.save(run)
    return run


def check_address(partner: Partner, response_url: str) -> None:
    """Our token for the partner goes with the result, so only to the partner's own host (CMD-15, T18)."""
    try:
        theirs, given = urlsplit(partner.versions_url or ""), urlsplit(response_url)
        same = bool(given.hostname) and given.hostname == theirs.hostname
    except ValueError:
        same = False
    if not same or "@" in given.netloc or given.scheme not in (theirs.scheme, "https"):
        raise reject("response_url is not an address of the platform you registered")


def check_load(tx: Tx, partner: Partner) -> None:
    """Nobody keeps all chargers busy."""
    if sum(run.partner_id == partner.id and not run.done for run in tx.runs.unfinished()) >= MOST_UNFINISHED:
        raise reject("too many commands are under way")


def check_reachable(tx: Tx, run: Run, at: Arrival) -> None:
    """A charger that is not there, or has said that it cannot, is not asked (M24)."""
    state = tx.chargers.state(run.charger_id)
    if state is not None and run.kind.value in state.unsupported:
        raise TurnedDown(Reception.NOT_SUPPORTED, "the charger does not support this")
    if not at.online(run.charger_id):
        raise reject("the charger is not connected")


def own_session(tx: Tx, who: Requester, session_id: SessionId) -> Session:
    """A session of the caller's driver (CMD-10, CP-05). Raises TurnedDown."""
    session = tx.sessions.get(session_id)
    if session is None or session.token is None:
        raise TurnedDown(Reception.UNKNOWN_SESSION, "there is no such session")
    party = asking_through(who.partner, who.sender)
    if session.partner_id != who.partner.id or party not in (None, session.token.party):
        raise reject("this session belongs to another party")
    return session


def _check_owner(who: Requester, token: Token) -> None:
    """Spec: mod_commands "StartSession Object": the owner of the token is the sender (CMD-07, T35)."""
    owns = who.partner.speaks_for(token.party) if who.sender is None else token.party == who.sender
    if not owns:
        raise reject(f"the token belongs to {token.party}")


def _location(tx: Tx, who: Requester, location_id: LocationId) -> Location:
    location = visible_location(tx, who.partner, location_id)
    if who.receiver is not None and location.party != who.receiver:
        raise UnknownLocation(f"location {location_id} is not one of {who.receiver}")
    return location


def _run(tx: Tx, who: Requester, kind: RunKind, asked: CommandAsked, choice: Choice, at: Arrival) -> Run:
    return Run(
        id=at.run_id,
        kind=kind,
        partner_id=who.partner.id,
        party=choice.party,
        response_url=asked.response_url,
        charger_id=choice.charger_id,
        plug=choice.plug,
        number=tx.runs.next_number(),
        accepted_at=at.now,
        deadline=at.now + at.timeout,
        sender=who.sender,
    )


def _with_token(tx: Tx, run: Run, asked: StartAsked | ReserveAsked) -> Run:
    token, state = session_token(asked.token), tx.chargers.state(run.charger_id)
    hexadecimal = state is not None and Habit.HEXADECIMAL_CARDS in state.habits
    tag = tag_for(token, run.partner_id, run.id, hexadecimal=hexadecimal)
    return replace(
        run,
        token=token,
        id_tag=tag,
        group_id=asked.token.group,
        authorization_reference=asked.authorization_reference,
    )


def _start(tx: Tx, who: Requester, asked: StartAsked, at: Arrival) -> Run:
    _check_owner(who, asked.token)
    location = _location(tx, who, asked.location_id)
    choice = choose(tx, location, asked.evse_uid, asked.connector_id, at.online)
    _check_no_other_start(tx, choice.charger_id, choice.plug)
    run = _with_token(tx, _run(tx, who, RunKind.START_SESSION, asked, choice, at), asked)
    held = reserved_at(tx, choice.charger_id, choice.plug)
    if held is None or held.token is None or held.partner_id != who.partner.id:
        return run
    if held.token != run.token:
        return run
    # The charger knows the driver of its reservation by the name it was reserved for.
    return replace(run, id_tag=held.presented, session_id=held.id)


def _check_no_other_start(tx: Tx, charger_id: ChargerId, plug: ConnectorNumber) -> None:
    """Two remote starts of one plug would be two drivers for one cable."""
    if start_under_way(tx, charger_id, plug) is not None:
        raise reject("a start at this connector is already under way")


def _choice_of(session: Session) -> Choice:
    return Choice(session.party, session.charger_id, session.number)


def _stop(tx: Tx, who: Requester, asked: StopAsked, at: Arrival) -> Run:
    session = own_session(tx, who, asked.session_id)
    if session.final or session.ended_at is not None:
        raise TurnedDown(Reception.UNKNOWN_SESSION, "this session has ended")
    if session.transaction is None:
        raise reject("this session has not started yet")
    run = _run(tx, who, RunKind.STOP_SESSION, asked, _choice_of(session), at)
    return replace(run, session_id=session.id, transaction=session.transaction)


def _reserve(tx: Tx, who: Requester, asked: ReserveAsked, at: Arrival) -> Run:
    _check_owner(who, asked.token)
    location = _location(tx, who, asked.location_id)
    if asked.expires_at <= at.now:
        raise reject("expiry_date has passed")
    name = _reservation_name(who, asked.reservation_id)
    known = _held(tx, who, name)
    replaced = known is not None and _is_at(tx, known[1], location)
    if known is not None and not replaced:
        raise reject("this reservation_id is in use at another location")
    choice = choose(tx, location, asked.evse_uid, None, at.online)
    if known is not None:
        _, session = known
        if asked.evse_uid is not None and choice.charger_id != session.charger_id:
            raise reject("this reservation is held by another charger: cancel it first")
        choice = _choice_of(session) if asked.evse_uid is None else choice
    elif reserved_at(tx, choice.charger_id, choice.plug) is not None:
        raise reject("this EVSE is reserved already")
    run = _with_token(tx, _run(tx, who, RunKind.RESERVE_NOW, asked, choice, at), asked)
    run = replace(run, reservation_id=name, expires_at=asked.expires_at)
    return run if known is None else replace(run, number=known[0].number, session_id=known[1].id)


def _reservation_name(who: Requester, reservation_id: str) -> str:
    """Parties behind one hub choose their ids independently of each other (CMD-11)."""
    party = asking_through(who.partner, who.sender)
    return reservation_id if party is None else f"{party}/{reservation_id}"


def _held(tx: Tx, who: Requester, reservation_id: str) -> tuple[Run, Session] | None:
    """The partner's reservation of this id, if it is held; its ids are its own affair (CMD-11)."""
    run = tx.runs.reservation(who.partner.id, reservation_id)
    session = tx.sessions.get(run.session_id) if run is not None and run.session_id else None
    return (run, session) if run is not None and session is not None and session.awaited else None


def _is_at(tx: Tx, session: Session, location: Location) -> bool:
    return session.plug.location.id.casefold() == location.id.casefold()


def _cancel(tx: Tx, who: Requester, asked: CancelAsked, at: Arrival) -> Run:
    known = tx.runs.reservation(who.partner.id, _reservation_name(who, asked.reservation_id))
    if known is None:
        raise reject("there is no such reservation")
    choice = Choice(known.party, known.charger_id, known.plug)
    run = _run(tx, who, RunKind.CANCEL_RESERVATION, asked, choice, at)
    return replace(run, number=known.number, session_id=known.session_id)


def _unlock(tx: Tx, who: Requester, asked: UnlockAsked, at: Arrival) -> Run:
    location = _location(tx, who, asked.location_id)
    choice = choose(tx, location, asked.evse_uid, asked.connector_id, at.online)
    return _run(tx, who, RunKind.UNLOCK_CONNECTOR, asked, choice, at)
