"""What people and scripts may look at. Reads only; newest first, because that is what one looks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from gateway.app.ports import Chargers, Clock, Page, PageQuery, Store, Tx
from gateway.domain.authorization import Authorization
from gateway.domain.care import StationCare
from gateway.domain.cdrs import Cdr
from gateway.domain.chargers import Charger, ChargerState, Knock, SetAside
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import UnknownObject
from gateway.domain.ids import CdrId, ChargerId, PartnerId, SessionId
from gateway.domain.partners import KeyPurpose, Partner, PartnerState
from gateway.domain.readings import SignedReading
from gateway.domain.sessions import Session
from gateway.domain.variables import Variable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChargerView:
    """A charger: configured (`charger`), heard of (`state`), connected (`online`), turned away (`knocks`)."""

    id: ChargerId
    charger: Charger | None
    state: ChargerState | None
    online: bool
    knocks: tuple[Knock, ...] = ()
    open_sessions: tuple[SessionId, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A partner and how its deliveries stand. `invited_until`: when an unused invitation ends."""

    partner: Partner
    waiting: int
    parked: int
    invited_until: datetime | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session with the partner's name and its CDRs."""

    session: Session
    partner: str | None
    cdrs: tuple[CdrId, ...] = ()


@dataclass(frozen=True, slots=True)
class CdrView:
    """A CDR, the partner's name, and how its delivery stands."""

    cdr: Cdr
    partner: str | None
    delivery: Debt | None
    credited_by: CdrId | None = None


@dataclass(frozen=True, slots=True)
class SignedView:
    """Signed meter data behind a CDR, as the charger sent it; `transaction` is the charger's name for it."""

    readings: tuple[SignedReading, ...]
    transaction: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A debt with the name of the partner it is owed to."""

    debt: Debt
    partner: str


@dataclass(frozen=True, slots=True)
class AuthorizationView:
    """A decision about a card."""

    at: datetime
    charger_id: ChargerId
    presented: str
    authorization: Authorization


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of everything in numbers."""

    chargers: int
    chargers_online: int
    chargers_knocking: int
    locations: int
    tariffs: int
    open_sessions: int
    sessions: int
    cdrs: int
    partners: int
    partners_registered: int
    deliveries_waiting: int
    deliveries_parked: int
    set_aside: int
    books_disagreeing: int


class Views:
    """Reads for the operator API and the command line."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock

    async def overview(self) -> Overview:
        """Numbers about everything. Raises StoreUnavailable."""
        online = set(self._chargers.connected())
        return await self._store.read(lambda tx: _overview(tx, online))

    async def chargers(self, limit: int, offset: int) -> Page[ChargerView]:
        """Configured chargers, then those that only knocked, each by id."""

        def work(tx: Tx) -> Page[ChargerView]:
            knocks = _by_charger(tx.chargers.knocks())
            known = {charger.id: charger for charger in tx.chargers.all()}
            ids = [*sorted(known), *sorted(set(knocks) - set(known))]
            open_sessions = _open_sessions(tx)
            found = [
                self._charger(tx, id_, known.get(id_), knocks.get(id_, ()), open_sessions.get(id_, ()))
                for id_ in ids[offset : offset + limit]
            ]
            return Page(tuple(found), len(ids))

        return await self._store.read(work)

    async def charger(self, charger_id: ChargerId) -> ChargerView:
        """One charger, configured or only knocking. Raises UnknownObject."""

        def work(tx: Tx) -> ChargerView:
            knocks = _by_charger(tx.chargers.knocks()).get(charger_id, ())
            charger = tx.chargers.get(charger_id)
            if charger is None and not knocks:
                raise UnknownObject(f"there is no charger {charger_id}")
            open_ = tuple(session.id for session in tx.sessions.open_of(charger_id))
            return self._charger(tx, charger_id, charger, knocks, open_)

        return await self._store.read(work)

    def _charger(
        self,
        tx: Tx,
        id_: ChargerId,
        charger: Charger | None,
        knocks: tuple[Knock, ...],
        open_sessions: tuple[SessionId, ...],
    ) -> ChargerView:
        online = self._chargers.online(id_)
        return ChargerView(id_, charger, tx.chargers.state(id_), online, knocks, open_sessions)

    async def charger_ids(self) -> Sequence[ChargerId]:
        """Ids of all configured chargers."""
        return await self._store.read(lambda tx: [charger.id for charger in tx.chargers.all()])

    async def care(self, charger_id: ChargerId) -> StationCare:
        """What is remembered to look after a charger."""
        return await self._store.read(lambda tx: tx.care.get(charger_id))

    async def variables(self, charger_id: ChargerId, like: str) -> Sequence[Variable]:
        """The device model a charger reported, as far as names contain `like`. Raises UnknownObject."""

        def work(tx: Tx) -> Sequence[Variable]:
            if tx.chargers.get(charger_id) is None:
                raise UnknownObject(f"charger {charger_id} is not configured")
            return [v for v in tx.variables.of(charger_id) if like.casefold() in v.path.casefold()]

        return await self._store.read(work)

    async def partners(self) -> list[PartnerView]:
        """All partners by name; removed ones last."""

        def work(tx: Tx) -> list[PartnerView]:
            found = [self._partner(tx, partner) for partner in tx.partners.all()]
            return sorted(found, key=lambda v: (v.partner.state is PartnerState.REMOVED, v.partner.name))

        return await self._store.read(work)

    async def partner(self, name: str) -> PartnerView:
        """One partner. Raises UnknownObject."""
        return await self._store.read(lambda tx: self._partner(tx, _named(tx, name)))

    def _partner(self, tx: Tx, partner: Partner) -> PartnerView:
        now = self._clock.now()
        waiting = tx.debts.count(DebtState.WAITING, partner.id)
        parked = tx.debts.count(DebtState.PARKED, partner.id)
        keys = tx.partners.keys_of(partner.id)
        ends = [k.expires_at for k in keys if k.purpose is KeyPurpose.REGISTRATION and k.expires_at]
        until = max((end for end in ends if end > now), default=None)
        return PartnerView(partner, waiting, parked, until)

    async def sessions(self, limit: int, offset: int, partner: str | None = None) -> Page[SessionView]:
        """Sessions, newest first. Raises UnknownObject for an unknown partner."""

        def work(tx: Tx) -> Page[SessionView]:
            page = _newest(tx.sessions.page, limit, offset, _query(tx, partner))
            names = _names(tx)
            return Page(tuple(_session(s, names, ()) for s in page.items), page.total)

        return await self._store.read(work)

    async def open_sessions(self) -> list[SessionView]:
        """Sessions that are running, oldest first."""

        def work(tx: Tx) -> list[SessionView]:
            names = _names(tx)
            return [_session(session, names, ()) for session in tx.sessions.all_open()]

        return await self._store.read(work)

    async def session(self, session_id: SessionId) -> SessionView:
        """One session with its CDRs. Raises UnknownObject."""

        def work(tx: Tx) -> SessionView:
            session = tx.sessions.get(session_id)
            if session is None:
                raise UnknownObject(f"there is no session {session_id}")
            return _session(session, _names(tx), tuple(cdr.id for cdr in tx.cdrs.of_session(session_id)))

        return await self._store.read(work)

    async def cdrs(self, limit: int, offset: int, partner: str | None = None) -> Page[CdrView]:
        """CDRs, newest first. Raises UnknownObject for an unknown partner."""

        def work(tx: Tx) -> Page[CdrView]:
            page = _newest(tx.cdrs.page, limit, offset, _query(tx, partner))
            names = _names(tx)
            return Page(tuple(_cdr(tx, cdr, names) for cdr in page.items), page.total)

        return await self._store.read(work)

    async def cdr(self, cdr_id: CdrId) -> CdrView:
        """One CDR. Raises UnknownObject."""

        def work(tx: Tx) -> CdrView:
            cdr = tx.cdrs.get(cdr_id)
            if cdr is None:
                raise UnknownObject(f"there is no CDR {cdr_id}")
            return _cdr(tx, cdr, _names(tx))

        return await self._store.read(work)

    async def waiting_sessions(self) -> list[SessionView]:
        """Sessions that ended and wait for a person, oldest first."""

        def work(tx: Tx) -> list[SessionView]:
            names = _names(tx)
            return [_session(session, names, ()) for session in tx.sessions.waiting()]

        return await self._store.read(work)

    async def signed(self, cdr_id: CdrId) -> SignedView:
        """The signed meter data of a CDR's session. Raises UnknownObject for an unknown CDR."""

        def work(tx: Tx) -> SignedView:
            cdr = tx.cdrs.get(cdr_id)
            if cdr is None:
                raise UnknownObject(f"there is no CDR {cdr_id}")
            session = tx.sessions.get(cdr.session_id) if cdr.session_id is not None else None
            if session is None:
                return SignedView((), cdr.id)
            return SignedView(session.signed, session.transaction or session.id)

        return await self._store.read(work)

    async def deliveries(
        self, limit: int, partner: str | None = None, state: DebtState | None = None
    ) -> Page[DeliveryView]:
        """What is or was owed, of one partner or all. Raises UnknownObject for an unknown partner."""

        def work(tx: Tx) -> Page[DeliveryView]:
            partner_id = _named(tx, partner).id if partner is not None else None
            names = _names(tx)
            debts = tx.debts.list(partner_id=partner_id, state=state, limit=limit)
            views = (DeliveryView(debt, names.get(debt.partner_id, debt.partner_id)) for debt in debts)
            return Page(tuple(views), tx.debts.count(state, partner_id))

        return await self._store.read(work)

    async def delivery(self, partner: str, kind: Owed, key: str) -> DeliveryView:
        """One debt with its last request and answer. Raises UnknownObject."""

        def work(tx: Tx) -> DeliveryView:
            debt = tx.debts.get(_named(tx, partner).id, kind, key)
            if debt is None:
                raise UnknownObject(f"nothing named {kind} {key} was ever owed to {partner}")
            return DeliveryView(debt, partner)

        return await self._store.read(work)

    async def set_aside(self) -> Sequence[SetAside]:
        """What chargers said and nobody could attribute, unresolved."""
        return await self._store.read(lambda tx: tx.set_aside.open())

    async def authorizations(self, limit: int) -> Page[AuthorizationView]:
        """The last decisions about cards, newest first."""
        rows, total = await self._store.read(
            lambda tx: (tx.authorizations.log(limit), tx.authorizations.count())
        )
        found = [AuthorizationView(*row) for row in rows]
        return Page(tuple(sorted(found, key=lambda view: view.at, reverse=True)), total)


def _overview(tx: Tx, online: set[ChargerId]) -> Overview:
    chargers = {charger.id for charger in tx.chargers.all()}
    partners = [p for p in tx.partners.all() if p.state is not PartnerState.REMOVED]
    one = PageQuery(limit=1)
    return Overview(
        chargers=len(chargers),
        chargers_online=len(chargers & online),
        chargers_knocking=len({knock.charger_id for knock in tx.chargers.knocks()}),
        locations=tx.locations.page(one).total,
        tariffs=tx.tariffs.page(one).total,
        open_sessions=len(tx.sessions.all_open()),
        sessions=tx.sessions.page(one).total,
        cdrs=tx.cdrs.page(one).total,
        partners=len(partners),
        partners_registered=sum(partner.active for partner in partners),
        deliveries_waiting=tx.debts.count(DebtState.WAITING),
        deliveries_parked=tx.debts.count(DebtState.PARKED),
        set_aside=len(tx.set_aside.open()),
        books_disagreeing=sum(bool(r and r.open) for r in (tx.reconciliations.get(p.id) for p in partners)),
    )


def _newest(page: Callable[[PageQuery], Page[T]], limit: int, offset: int, query: PageQuery) -> Page[T]:
    """A page counted from the newest, although the store counts from the oldest."""
    total = page(replace(query, limit=1)).total
    end = max(total - offset, 0)
    start = max(end - limit, 0)
    if start == end:
        return Page((), total)
    found = page(replace(query, offset=start, limit=end - start))
    return Page(tuple(reversed(found.items)), total)


def _query(tx: Tx, partner: str | None) -> PageQuery:
    return PageQuery(partner_id=_named(tx, partner).id) if partner is not None else PageQuery()


def _named(tx: Tx, name: str) -> Partner:
    partner = tx.partners.by_name(name)
    if partner is None:
        raise UnknownObject(f"there is no partner named {name}")
    return partner


def _names(tx: Tx) -> dict[PartnerId, str]:
    return {partner.id: partner.name for partner in tx.partners.all()}


def _by_charger(knocks: Sequence[Knock]) -> dict[ChargerId, tuple[Knock, ...]]:
    found: dict[ChargerId, tuple[Knock, ...]] = {}
    for knock in knocks:
        found[knock.charger_id] = (*found.get(knock.charger_id, ()), knock)
    return found


def _open_sessions(tx: Tx) -> dict[ChargerId, tuple[SessionId, ...]]:
    found: dict[ChargerId, tuple[SessionId, ...]] = {}
    for session in tx.sessions.all_open():
        found[session.charger_id] = (*found.get(session.charger_id, ()), session.id)
    return found


def _session(session: Session, names: dict[PartnerId, str], cdrs: tuple[CdrId, ...]) -> SessionView:
    return SessionView(session, names.get(session.partner_id) if session.partner_id else None, cdrs)


def _cdr(tx: Tx, cdr: Cdr, names: dict[PartnerId, str]) -> CdrView:
    records = tx.cdrs.of_session(cdr.session_id) if cdr.session_id is not None else ()
    credit = next((other.id for other in records if other.credit_of == cdr.id), None)
    return CdrView(cdr, names.get(cdr.partner_id), tx.debts.get(cdr.partner_id, Owed.CDR, cdr.id), credit)
