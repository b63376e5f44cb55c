"""A partner's charging profile on arrival (CP-01 to CP-05, M60 to M62). Within units of work."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from gateway.app.command_intake import (
    Arrival,
    Requester,
    TurnedDown,
    check_address,
    check_load,
    check_reachable,
    own_session,
)
from gateway.app.ports import Tx
from gateway.domain.asked import ActiveProfileAsked, ProfileAsked, ProfileRemovalAsked, ProfileRequest
from gateway.domain.profiles import for_charger, most
from gateway.domain.remote_runs import Reception, Run, RunKind
from gateway.domain.sessions import Session

_NO_LIMIT = Decimal(1_000_000)
"""Written where a plug's maximum is not known: no charger reaches it."""


def accept_profile(tx: Tx, who: Requester, asked: ProfileRequest, at: Arrival, interval: timedelta) -> Run:
    """Store what is asked. Raises TurnedDown.

    Spec: mod_charging_profiles "Receiver Interface"; profiles of one session come no faster than `interval`.
    """
    check_address(who.partner, asked.response_url)
    check_load(tx, who.partner)
    session = own_session(tx, who, asked.session_id)
    if not session.open:
        raise TurnedDown(Reception.UNKNOWN_SESSION, "this session is not charging")
    match asked:
        case ProfileAsked():
            run = _set(tx, who, asked, session, at, interval)
        case ActiveProfileAsked():
            run = replace(_run(tx, who, RunKind.GET_PROFILE, session, at, asked), duration_s=asked.duration_s)
        case ProfileRemovalAsked():
            run = _run(tx, who, RunKind.CLEAR_PROFILE, session, at, asked)
            if session.profile_number is not None:
                run = replace(run, number=session.profile_number)
    check_reachable(tx, run, at)
    tx.runs.save(run)
    return run


def _set(
    tx: Tx, who: Requester, asked: ProfileAsked, session: Session, at: Arrival, interval: timedelta
) -> Run:
    under_way = any(
        run.session_id == session.id and run.kind is RunKind.SET_PROFILE for run in tx.runs.unfinished()
    )
    recent = session.profile_set_at is not None and at.now - session.profile_set_at < interval
    if under_way or recent:
        raise TurnedDown(Reception.TOO_OFTEN, "a profile was set only just now")
    unlimited = most(asked.profile.unit, session.plug) or _NO_LIMIT
    run = _run(tx, who, RunKind.SET_PROFILE, session, at, asked)
    run = replace(run, profile=for_charger(asked.profile, unlimited))
    return run if session.profile_number is None else replace(run, number=session.profile_number)


def _run(tx: Tx, who: Requester, kind: RunKind, session: Session, at: Arrival, asked: ProfileRequest) -> Run:
    return Run(
        id=at.run_id,
        kind=kind,
        partner_id=who.partner.id,
        party=session.party,
        response_url=asked.response_url,
        charger_id=session.charger_id,
        plug=session.number,
        number=tx.runs.next_number(),
        accepted_at=at.now,
        deadline=at.now + at.timeout,
        sender=who.sender,
        session_id=session.id,
        transaction=session.transaction,
    )
