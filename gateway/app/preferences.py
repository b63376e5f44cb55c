"""What drivers wish of a running session, answered for real (SES-10, M64)."""

from dataclasses import replace
from datetime import datetime

from gateway.app import entitlement
from gateway.app.hubs import asking_through
from gateway.app.ports import Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain import usage
from gateway.domain.asked import Preferences, PreferencesAnswer
from gateway.domain.errors import NotCapable, UnknownObject
from gateway.domain.ids import Party, SessionId
from gateway.domain.partners import Partner
from gateway.domain.selection import REGULAR
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.tariffs import Tariff

CAPABLE = "CHARGING_PREFERENCES_CAPABLE"


class Wishes:
    """Switches a running session to the tariff of the profile its driver wishes."""

    def __init__(self, store: Store, clock: Clock, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def put(
        self, partner: Partner, session_id: SessionId, wish: Preferences, sender: Party | None = None
    ) -> PreferencesAnswer:
        """Take a wish. Raises UnknownObject, NotCapable or StoreUnavailable."""
        now, party = self._clock.now(), asking_through(partner, sender)

        def work(tx: Tx) -> PreferencesAnswer:
            _check_owner(tx, partner, session_id, party)
            return take_wish(tx, session_id, wish, now)

        answer = await self._store.write(work)
        self._wake.deliveries()
        return answer


def _check_owner(tx: Tx, partner: Partner, session_id: SessionId, party: Party | None) -> None:
    """Another partner's session looks like one that does not exist (T20). Raises UnknownObject."""
    session = tx.sessions.get(session_id)
    token = session.token if session is not None and session.partner_id == partner.id else None
    if token is None or party not in (None, token.party):
        raise UnknownObject(f"session {session_id} is not known here")


def take_wish(tx: Tx, session_id: SessionId, wish: Preferences, now: datetime) -> PreferencesAnswer:
    """What becomes of a wish: another tariff of the connector from now on, or the reason why not."""
    session = tx.sessions.get(session_id)
    if session is None:
        raise UnknownObject(f"session {session_id} is not known here")
    if CAPABLE not in _capabilities(tx, session):
        raise NotCapable("this EVSE does not take charging preferences")
    wanted = _tariff_for(tx, session, wish.profile_type, now)
    if wanted is None:
        return PreferencesAnswer.PROFILE_TYPE_NOT_SUPPORTED
    running = session.open and session.status is SessionStatus.ACTIVE
    if not running or wanted.currency != session.terms.currency:
        return PreferencesAnswer.NOT_POSSIBLE
    if wanted.id != _current(session):
        switched = _switched(session, wanted, now)
        tx.sessions.save(switched)
        entitlement.owe_session(tx, switched, now, now)
    return PreferencesAnswer.ACCEPTED


def _capabilities(tx: Tx, session: Session) -> tuple[str, ...]:
    location = tx.locations.by_evse(session.plug.evse_uid)
    evse = location.evse(session.plug.evse_uid) if location else None
    return evse.capabilities if evse else ()


def _tariff_for(tx: Tx, session: Session, profile_type: str, now: datetime) -> Tariff | None:
    """The tariff for a kind of profile: each supported one has its own. Spec: mod_tariffs "TariffType"."""
    if profile_type == REGULAR:
        return session.terms.tariff
    party = session.plug.location.party
    listed = [t for i in session.plug.tariff_ids if (t := tx.tariffs.get(party, i)) is not None]
    wanted = f"PROFILE_{profile_type}"
    return next((t for t in listed if t.type == wanted and t.valid_at(now)), None)


def _current(session: Session) -> str | None:
    return session.switches[-1][1] if session.switches else session.terms.tariff_id


def _switched(session: Session, wanted: Tariff, now: datetime) -> Session:
    """Under the other tariff from now on, which begins a charging period of its own."""
    known = {tariff.id for tariff in session.terms.tariffs}
    tariffs = session.terms.tariffs if wanted.id in known else (*session.terms.tariffs, wanted)
    terms = replace(session.terms, tariffs=tariffs)
    return replace(
        session,
        terms=terms,
        usage=usage.switch_tariff(session.usage, terms, now, wanted.id),
        switches=(*session.switches, (now, wanted.id)),
        last_updated=now,
    )
