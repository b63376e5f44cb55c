"""What every store keeps, row by row. The same tests for memory and SQLite."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.app.ports import PageQuery, Tx
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.chargers import ChargerState, Knock, PlugMapping, PlugState, SetAside
from gateway.domain.delivery import Backlog, Debt, DebtState, Owed
from gateway.domain.errors import AlreadyRecorded, ReadOnly
from gateway.domain.events import PlugStatus
from gateway.domain.hubs import ConnectionStatus, HubClient
from gateway.domain.ids import (
    CdrId,
    ChargerId,
    ConnectorId,
    ConnectorNumber,
    EvseUid,
    LocationId,
    PartnerId,
    Party,
    SessionId,
    TariffId,
    TokenUid,
    TransactionRef,
)
from gateway.domain.partners import AccessKey, KeyPurpose, PartnerRole, PartnerState, Role
from gateway.domain.readings import ChargingState
from gateway.domain.selection import TariffAssignment
from gateway.domain.sessions import FlagReason, SessionStatus
from gateway.domain.sites import EvseStatus
from gateway.domain.tokens import session_token
from gateway.store.rules import KNOCKS_KEPT
from tests.builders import (
    CHARGER,
    CPO,
    EMSP,
    NOON,
    OTHER_EMSP,
    PLUG,
    at,
    charger,
    evse,
    location,
    partner,
    register_sample,
    tariff,
    token,
)
from tests.store.stories import AnyStore, cdr, session

P1 = PartnerId("p1")
P2 = PartnerId("p2")


async def test_nothing_is_found_in_an_empty_store(store: AnyStore) -> None:
    def look(tx: Tx) -> list[object]:
        return [
            tx.chargers.get(CHARGER),
            tx.chargers.state(CHARGER),
            tx.locations.get(LocationId("LOC1")),
            tx.locations.by_evse(EvseUid("EVSE-1")),
            tx.tariffs.get(CPO, TariffId("standard")),
            tx.sessions.get(SessionId("S1")),
            tx.sessions.by_transaction(CHARGER, TransactionRef("1")),
            tx.sessions.by_start(CHARGER, "k"),
            tx.sessions.open_at(CHARGER, PLUG),
            tx.sessions.last_at(CHARGER, PLUG),
            tx.sessions.awaited_at(CHARGER, PLUG),
            tx.sessions.next_closing_at(),
            tx.cdrs.get(CdrId("C1")),
            tx.tokens.get(EMSP, TokenUid("x"), "RFID"),
            tx.partners.get(P1),
            tx.partners.by_name("x"),
            tx.partners.key("h"),
            tx.debts.get(P1, Owed.CDR, "C1"),
            tx.debts.next_due(P1),
            tx.authorizations.latest(CHARGER, "card", NOON),
            tx.set_aside.get("x"),
        ]

    assert set(await store.read(look)) == {None}
    assert set(await store.write(look)) == {None}


async def test_party_is_one_row_until_removed(store: AnyStore) -> None:
    role = PartnerRole(Role.CPO, CPO, "Gateway")
    await store.write(lambda tx: tx.parties.save(role))
    await store.write(lambda tx: tx.parties.save(replace(role, website="https://gateway.example")))
    assert await store.read(lambda tx: tx.parties.all()) == [replace(role, website="https://gateway.example")]
    await store.write(lambda tx: tx.parties.remove(CPO))
    assert await store.read(lambda tx: tx.parties.all()) == []


async def test_charger_is_found_by_the_evses_it_has_now(store: AnyStore) -> None:
    moved = charger("CP-1", PlugMapping(PLUG, EvseUid("EVSE-9"), ConnectorId("1")))
    await store.write(lambda tx: tx.chargers.save(charger()))
    await store.write(lambda tx: tx.chargers.save(charger("CP-0")))
    assert [c.id for c in await store.read(lambda tx: tx.chargers.by_evse(EvseUid("evse-1")))] == [
        "CP-0",
        "CP-1",
    ]
    await store.write(lambda tx: tx.chargers.save(moved))
    assert [c.id for c in await store.read(lambda tx: tx.chargers.by_evse(EvseUid("EVSE-1")))] == ["CP-0"]
    assert await store.read(lambda tx: tx.chargers.by_evse(EvseUid("EVSE-9"))) == [moved]
    assert [c.id for c in await store.read(lambda tx: tx.chargers.all())] == ["CP-0", "CP-1"]


async def test_removed_charger_takes_its_state_with_it(store: AnyStore) -> None:
    state = ChargerState(CHARGER, "V", "M", plugs=(PlugState(PLUG, PlugStatus.CHARGING, NOON),))
    await store.write(lambda tx: tx.chargers.save(charger()))
    await store.write(lambda tx: tx.chargers.save_state(state))
    assert await store.read(lambda tx: tx.chargers.state(CHARGER)) == state
    await store.write(lambda tx: tx.chargers.remove(CHARGER))
    assert await store.read(lambda tx: (tx.chargers.get(CHARGER), tx.chargers.state(CHARGER))) == (None, None)
    assert await store.read(lambda tx: tx.chargers.by_evse(EvseUid("EVSE-1"))) == []


async def test_knocks_count_by_charger_and_reason(store: AnyStore) -> None:
    def knock(id_: str, reason: str, seconds: float, remote: str = "10.0.0.1") -> Callable[[Tx], None]:
        return lambda tx: tx.chargers.note_knock(
            Knock(ChargerId(id_), reason, remote, at(seconds), at(seconds))
        )

    for args in [
        ("A", "unknown", 0),
        ("A", "unknown", 5, "10.0.0.2"),
        ("A", "password", 2),
        ("B", "unknown", 3),
    ]:
        await store.write(knock(*args))  # type: ignore[arg-type]
    assert await store.read(lambda tx: tx.chargers.knocks()) == [
        Knock(ChargerId("A"), "unknown", "10.0.0.2", NOON, at(5), 2),
        Knock(ChargerId("B"), "unknown", "10.0.0.1", at(3), at(3), 1),
        Knock(ChargerId("A"), "password", "10.0.0.1", at(2), at(2), 1),
    ]
    await store.write(lambda tx: tx.chargers.clear_knocks(ChargerId("A")))
    assert [k.charger_id for k in await store.read(lambda tx: tx.chargers.knocks())] == ["B"]


async def test_strangers_cannot_fill_the_store(store: AnyStore) -> None:
    def flood(tx: Tx) -> None:
        for n in range(KNOCKS_KEPT + 50):
            tx.chargers.note_knock(Knock(ChargerId(f"X{n}"), "unknown", "10.0.0.1", at(n), at(n)))

    await store.write(flood)
    kept = await store.read(lambda tx: tx.chargers.knocks())
    assert len(kept) == KNOCKS_KEPT
    assert kept[0].charger_id == f"X{KNOCKS_KEPT + 49}"


async def test_location_is_found_without_case_and_by_evse(store: AnyStore) -> None:
    """TR-32."""
    first = location(evse("EVSE-1"), evse("EVSE-2"))
    await store.write(lambda tx: tx.locations.save(first))
    assert await store.read(lambda tx: tx.locations.get(LocationId("loc1"))) == first
    assert await store.read(lambda tx: tx.locations.by_evse(EvseUid("evse-2"))) == first
    changed = first.with_evse_status(EvseUid("EVSE-2"), EvseStatus.CHARGING, at(9))
    await store.write(lambda tx: tx.locations.save(changed))
    assert await store.read(lambda tx: tx.locations.all()) == [changed]
    await store.write(lambda tx: tx.locations.save(location(evse("EVSE-1"), evse("EVSE-3"))))
    assert await store.read(lambda tx: tx.locations.by_evse(EvseUid("EVSE-2"))) is None
    assert await store.read(lambda tx: tx.locations.by_evse(EvseUid("EVSE-3"))) is not None


async def test_tariff_belongs_to_a_party(store: AnyStore) -> None:
    ours, theirs = tariff(), tariff(party=OTHER_EMSP)
    await store.write(lambda tx: (tx.tariffs.save(ours), tx.tariffs.save(theirs)))
    assert await store.read(lambda tx: tx.tariffs.get(OTHER_EMSP, TariffId("STANDARD"))) == theirs
    await store.write(lambda tx: tx.tariffs.remove(CPO, TariffId("Standard")))
    assert await store.read(lambda tx: tx.tariffs.all()) == [theirs]


LOCATIONS = [
    location(id_="A", last_updated=at(10)),
    location(id_="B", last_updated=at(20), party=OTHER_EMSP),
    location(id_="C", last_updated=at(30)),
    location(id_="D", last_updated=at(40)),
]


@pytest.mark.parametrize(
    ("query", "ids", "total"),
    [
        (PageQuery(), "ABCD", 4),
        (PageQuery(limit=2), "AB", 4),
        (PageQuery(offset=3, limit=2), "D", 4),
        (PageQuery(offset=9), "", 4),
        (PageQuery(limit=0), "", 4),
        (PageQuery(date_from=at(20)), "BCD", 3),
        (PageQuery(date_to=at(20)), "A", 1),
        (PageQuery(date_from=at(20), date_to=at(40)), "BC", 2),
        (PageQuery(date_from=at(20) + timedelta(microseconds=1)), "CD", 2),
        (PageQuery(party=CPO), "ACD", 3),
        (PageQuery(party=CPO, date_from=at(20), limit=1), "C", 2),
        (PageQuery(partner_id=P1), "ABCD", 4),
    ],
)
async def test_pages(store: AnyStore, query: PageQuery, ids: str, total: int) -> None:
    """PAG-01, PAG-03, PAG-05: from inclusive, to exclusive, oldest created first, the total of all pages."""

    def fill(tx: Tx) -> None:
        for one in LOCATIONS:
            tx.locations.save(replace(one, last_updated=NOON))
        for one in reversed(LOCATIONS):  # an update keeps the place in the list
            tx.locations.save(one)

    await store.write(fill)
    page = await store.read(lambda tx: tx.locations.page(query))
    assert ("".join(one.id for one in page.items), page.total) == (ids, total)


async def test_pages_of_a_partner(store: AnyStore) -> None:
    """SES-02, CDR-09: only what belongs to the partner."""

    def fill(tx: Tx) -> None:
        for n, who in enumerate([P1, P2, None, P1]):
            tx.sessions.save(session(f"S{n}", partner_id=who))
        for n, owner in enumerate([P1, P2, P1]):
            tx.cdrs.add(cdr(f"C{n}", partner_id=owner))
            tx.tokens.save(owner, token(f"T{n}"))
        tx.tariffs.save(tariff())

    await store.write(fill)
    mine = PageQuery(partner_id=P1, limit=10)
    assert [s.id for s in (await store.read(lambda tx: tx.sessions.page(mine))).items] == ["S0", "S3"]
    assert [c.id for c in (await store.read(lambda tx: tx.cdrs.page(mine))).items] == ["C0", "C2"]
    assert [t.uid for t in (await store.read(lambda tx: tx.tokens.page(mine))).items] == ["T0", "T2"]
    assert (await store.read(lambda tx: tx.sessions.page(PageQuery()))).total == 4
    assert (await store.read(lambda tx: tx.tariffs.page(mine))).total == 1


async def test_session_is_found_by_all_its_names(store: AnyStore) -> None:
    """C06, C07."""
    made = session("Sess-1", transaction=TransactionRef("17"))
    await store.write(lambda tx: tx.sessions.save(made, start_key="start-1"))
    updated = replace(made, last_updated=at(60)).flagged(FlagReason.ESTIMATED, "no end value")
    await store.write(lambda tx: tx.sessions.save(updated))
    finders: list[Callable[[Tx], object]] = [
        lambda tx: tx.sessions.get(SessionId("sESS-1")),
        lambda tx: tx.sessions.by_transaction(CHARGER, TransactionRef("17")),
        lambda tx: tx.sessions.by_start(CHARGER, "start-1"),
        lambda tx: tx.sessions.open_at(CHARGER, PLUG),
        lambda tx: tx.sessions.last_at(CHARGER, PLUG),
        lambda tx: tx.sessions.open_of(CHARGER)[0],
        lambda tx: tx.sessions.all_open()[0],
    ]
    for find in finders:
        assert await store.read(find) == updated
        assert await store.write(find) == updated
    elsewhere: list[Callable[[Tx], object]] = [
        lambda tx: tx.sessions.by_transaction(ChargerId("CP-2"), TransactionRef("17")),
        lambda tx: tx.sessions.by_start(ChargerId("CP-2"), "start-1"),
        lambda tx: tx.sessions.open_at(CHARGER, ConnectorNumber(1, 2)),
    ]
    for find in elsewhere:
        assert await store.read(find) is None


async def test_one_start_makes_one_session(store: AnyStore) -> None:
    """C07."""
    await store.write(lambda tx: tx.sessions.save(session("S1"), start_key="k"))
    with pytest.raises(AlreadyRecorded):
        await store.write(lambda tx: tx.sessions.save(session("S2"), start_key="k"))
    await store.write(lambda tx: tx.sessions.save(session("S3", charger_id=ChargerId("CP-2")), start_key="k"))
    assert [s.id for s in await store.read(lambda tx: tx.sessions.all_open())] == ["S1", "S3"]


async def test_a_session_that_is_awaited(store: AnyStore) -> None:
    """M27, SES-04: found beside one that runs, until it is given up; it did not start there."""
    waiting = session("waiting", transaction=None, closes_at=at(60))

    def fill(tx: Tx) -> None:
        tx.sessions.save(session("over", transaction=None, ended_at=at(5), status=SessionStatus.INVALID))
        tx.sessions.save(waiting)
        tx.sessions.save(session("runs"))
        tx.sessions.save(session("elsewhere", number=ConnectorNumber(2), transaction=None, closes_at=at(60)))

    def look(tx: Tx) -> list[str | None]:
        found = (tx.sessions.awaited_at(CHARGER, PLUG), tx.sessions.last_at(CHARGER, PLUG))
        return [None if each is None else each.id for each in found]

    await store.write(fill)
    assert await store.read(look) == ["waiting", "runs"]
    given_up = replace(waiting, status=SessionStatus.INVALID, ended_at=at(60), closes_at=None)
    await store.write(lambda tx: tx.sessions.save(given_up))
    assert await store.read(look) == [None, "runs"]


async def test_the_newest_session_wins(store: AnyStore) -> None:
    def fill(tx: Tx) -> None:
        tx.sessions.save(session("old", ended_at=at(5), status=SessionStatus.COMPLETED))
        tx.sessions.save(session("new"))
        tx.sessions.save(session("other", number=ConnectorNumber(2)))
        tx.sessions.save(session("old", ended_at=at(5), status=SessionStatus.COMPLETED, last_updated=at(99)))

    await store.write(fill)

    def look(tx: Tx) -> list[object]:
        found = [
            tx.sessions.by_transaction(CHARGER, TransactionRef("1")),
            tx.sessions.open_at(CHARGER, PLUG),
            tx.sessions.last_at(CHARGER, PLUG),
        ]
        return [s.id for s in found if s]

    assert await store.read(look) == ["other", "new", "new"]


async def test_what_is_searched_follows_every_save(store: AnyStore) -> None:
    """A session may learn its transaction or partner late (Q25), end, and be closed."""
    made = session(transaction=None, partner_id=None)
    await store.write(lambda tx: tx.sessions.save(made, start_key="k"))
    known = replace(made, transaction=TransactionRef("t"), partner_id=P1)
    await store.write(lambda tx: tx.sessions.save(known))
    assert await store.read(lambda tx: tx.sessions.by_transaction(CHARGER, TransactionRef("t"))) == known
    assert await store.read(lambda tx: tx.sessions.by_start(CHARGER, "k")) == known
    assert (await store.read(lambda tx: tx.sessions.page(PageQuery(partner_id=P1)))).total == 1
    ended = replace(known, ended_at=at(100), closes_at=at(130))
    await store.write(lambda tx: tx.sessions.save(ended))
    assert await store.read(lambda tx: tx.sessions.open_of(CHARGER)) == []
    assert await store.read(lambda tx: tx.sessions.next_closing_at()) == at(130)


async def test_sessions_close_when_their_grace_is_over(store: AnyStore) -> None:
    """Ended ones, and running ones that were given up as lost."""

    def fill(tx: Tx) -> None:
        tx.sessions.save(session("late", ended_at=at(10), closes_at=at(60)))
        tx.sessions.save(session("soon", ended_at=at(20), closes_at=at(50)))
        tx.sessions.save(session("lost", closes_at=at(55)))
        tx.sessions.save(session("running"))
        tx.sessions.save(session("final", ended_at=at(1), closes_at=at(2), status=SessionStatus.COMPLETED))

    await store.write(fill)

    async def closing(seconds: float, limit: int = 10) -> Sequence[str]:
        return [s.id for s in await store.read(lambda tx: tx.sessions.closing(at(seconds), limit))]

    assert await store.read(lambda tx: tx.sessions.next_closing_at()) == at(50)
    assert [await closing(49), await closing(50), await closing(60), await closing(60, 1)] == [
        [],
        ["soon"],
        ["soon", "lost", "late"],
        ["soon"],
    ]


async def test_assignments_are_replaced_as_a_whole(store: AnyStore) -> None:
    """In the order of the network file, which decides among equals."""
    first = TariffAssignment(TariffId("a"), partner_id=P1)
    second = TariffAssignment(TariffId("b"), party=EMSP, location_id=LocationId("LOC1"))
    for wanted in ([second, first], [first], []):
        await store.write(lambda tx, wanted=wanted: tx.assignments.replace(wanted))  # type: ignore[misc]
        assert await store.read(lambda tx: tx.assignments.all()) == wanted


async def test_sessions_that_wait_for_a_person_are_found(store: AnyStore) -> None:
    """Ended, not final, and nothing will close them: the ones to look at, until one is looked at."""

    def fill(tx: Tx) -> None:
        tx.sessions.save(session("closing", ended_at=at(10), closes_at=at(60)))
        tx.sessions.save(session("running"))
        tx.sessions.save(session("final", ended_at=at(1), status=SessionStatus.COMPLETED))
        tx.sessions.save(session("waits"))
        tx.sessions.save(session("waits", ended_at=at(2)))

    await store.write(fill)
    assert [s.id for s in await store.read(lambda tx: tx.sessions.waiting())] == ["waits"]
    await store.write(lambda tx: tx.sessions.save(session("waits", ended_at=at(2), closes_at=at(3))))
    assert await store.read(lambda tx: tx.sessions.waiting()) == []


async def test_transaction_numbers_never_come_back(store: AnyStore) -> None:
    """C06."""
    numbers = [await store.write(lambda tx: tx.sessions.next_transaction_number()) for _ in range(3)]
    numbers += await store.write(lambda tx: [tx.sessions.next_transaction_number() for _ in range(3)])
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0


async def test_samples_and_states_are_kept_in_order_of_time(store: AnyStore) -> None:
    """C18: late values arrive late."""
    late, early = register_sample(60, 1234.5), register_sample(30, 0.1)

    def record(tx: Tx) -> Sequence[object]:
        tx.sessions.add_samples(SessionId("S1"), [late])
        tx.sessions.add_samples(SessionId("s1"), [early])
        tx.sessions.add_samples(SessionId("S2"), [])
        tx.sessions.add_state(SessionId("S1"), at(9), ChargingState.SUSPENDED_EV)
        tx.sessions.add_state(SessionId("S1"), at(3), ChargingState.CHARGING)
        return tx.sessions.samples(SessionId("S1"))

    assert await store.write(record) == [early, late]
    assert await store.read(lambda tx: tx.sessions.samples(SessionId("S1"))) == [early, late]
    assert await store.read(lambda tx: tx.sessions.samples(SessionId("S2"))) == []
    assert await store.read(lambda tx: tx.sessions.states(SessionId("S1"))) == [
        (at(3), ChargingState.CHARGING),
        (at(9), ChargingState.SUSPENDED_EV),
    ]


async def test_the_ledger_only_grows(store: AnyStore) -> None:
    """CDR-02, CDR-03."""
    first = cdr()
    credit = cdr("C1-credit", credit_of=CdrId("C1"))
    await store.write(lambda tx: (tx.cdrs.add(first), tx.cdrs.add(credit)))
    with pytest.raises(AlreadyRecorded):
        await store.write(lambda tx: tx.cdrs.add(cdr("c1", currency="USD")))
    assert await store.read(lambda tx: tx.cdrs.get(CdrId("c1"))) == first
    assert await store.read(lambda tx: tx.cdrs.of_session(SessionId("s1"))) == [first, credit]


async def test_tokens_compare_without_case(store: AnyStore) -> None:
    """M10: key is (party, uid, type)."""
    rfid, app = token("AbC"), token("AbC", type="APP_USER")
    foreign = token("aBc", party=OTHER_EMSP)

    def fill(tx: Tx) -> None:
        tx.tokens.save(P1, rfid)
        tx.tokens.save(P1, app)
        tx.tokens.save(P2, foreign)
        tx.tokens.save(P1, replace(rfid, valid=False))

    await store.write(fill)
    found = await store.read(lambda tx: tx.tokens.by_uid(TokenUid("ABC")))
    assert [(one.partner_id, one.token) for one in found] == [
        (P1, replace(rfid, valid=False)),
        (P1, app),
        (P2, foreign),
    ]
    one = await store.read(lambda tx: tx.tokens.get(Party("nl", "ems"), TokenUid("abc"), "app_user"))
    assert one is not None
    assert (one.partner_id, one.token) == (P1, app)


async def test_partners_and_the_keys_they_present(store: AnyStore) -> None:
    made = partner()
    key = AccessKey("hash-1", made.id, KeyPurpose.REGISTRATION, NOON, expires_at=at(60))
    newer = AccessKey("hash-2", made.id, KeyPurpose.CREDENTIALS, NOON)
    await store.write(
        lambda tx: (tx.partners.save(made), tx.partners.save_key(key), tx.partners.save_key(newer))
    )
    await store.write(lambda tx: tx.partners.save_key(replace(key, first_used_at=at(1))))
    paused = replace(made, state=PartnerState.PAUSED)
    await store.write(lambda tx: tx.partners.save(paused))
    assert await store.read(lambda tx: tx.partners.get(made.id)) == paused
    assert await store.read(lambda tx: tx.partners.by_name("GREAT emsp")) == paused
    assert await store.read(lambda tx: tx.partners.all()) == [paused]
    assert await store.read(lambda tx: tx.partners.keys_of(made.id)) == [
        replace(key, first_used_at=at(1)),
        newer,
    ]
    await store.write(lambda tx: tx.partners.remove_key("hash-1"))
    assert await store.read(lambda tx: (tx.partners.key("hash-1"), tx.partners.key("hash-2"))) == (
        None,
        newer,
    )


CASES: list[tuple[str, Debt | None, Debt]] = [
    ("new", None, Debt(P1, Owed.SESSION, "S", 1, at(100), at(130))),
    (
        "waiting keeps the earlier time",
        Debt(P1, Owed.SESSION, "S", 4, NOON, at(120)),
        Debt(P1, Owed.SESSION, "S", 5, NOON, at(120)),
    ),
    (
        "waiting is hurried",
        Debt(P1, Owed.SESSION, "S", 4, NOON, at(999), settled=3),
        Debt(P1, Owed.SESSION, "S", 5, NOON, at(130), settled=3),
    ),
    (
        "failed keeps its back-off",
        Debt(P1, Owed.SESSION, "S", 4, NOON, at(999), attempts=2, reason="HTTP 500", last_attempt_at=at(1)),
        Debt(P1, Owed.SESSION, "S", 5, NOON, at(999), attempts=2, reason="HTTP 500", last_attempt_at=at(1)),
    ),
    (
        "settled waits again",
        Debt(P1, Owed.SESSION, "S", 4, NOON, NOON, DebtState.SETTLED, 4, 1, partner_url="https://x"),
        Debt(P1, Owed.SESSION, "S", 5, at(100), at(130), settled=4, partner_url="https://x"),
    ),
    (
        "parked waits again",
        Debt(P1, Owed.SESSION, "S", 4, NOON, at(999), DebtState.PARKED, 0, 3, True, "2001", "req", "ans"),
        Debt(P1, Owed.SESSION, "S", 5, at(100), at(130), ambiguous=True, request="req", answer="ans"),
    ),
]


@pytest.mark.parametrize(("known", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_owing(store: AnyStore, known: Debt | None, expected: Debt) -> None:
    def owe(tx: Tx) -> None:
        if known is not None:
            tx.debts.save(known)
        tx.debts.owe(P1, Owed.SESSION, "S", at(100), at(130))

    await store.write(owe)
    assert await store.read(lambda tx: tx.debts.get(P1, Owed.SESSION, "S")) == expected
    assert await store.read(lambda tx: tx.debts.unsettled(P1, Owed.SESSION, "S"))


async def test_debts_come_parents_first_then_oldest(store: AnyStore) -> None:
    def debt(kind: Owed, key: str, created: float, due: float, state: DebtState = DebtState.WAITING) -> Debt:
        return Debt(P1, kind, key, 1, at(created), at(due), state)

    def fill(tx: Tx) -> None:
        tx.debts.save(debt(Owed.CDR, "c", 0, 10))
        tx.debts.save(debt(Owed.SESSION, "s2", 2, 10))
        tx.debts.save(debt(Owed.SESSION, "s1", 1, 12))
        tx.debts.save(debt(Owed.LOCATION, "l", 9, 11))
        tx.debts.save(debt(Owed.TARIFF, "later", 0, 500))
        tx.debts.save(debt(Owed.TARIFF, "done", 0, 1, DebtState.SETTLED))
        tx.debts.save(debt(Owed.TARIFF, "parked", 0, 1, DebtState.PARKED))
        tx.debts.save(replace(debt(Owed.CDR, "theirs", 0, 1), partner_id=P2))

    await store.write(fill)

    async def due(seconds: float, limit: int = 10) -> Sequence[str]:
        return [d.key for d in await store.read(lambda tx: tx.debts.due(P1, at(seconds), limit))]

    assert [await due(9), await due(12), await due(12, 2)] == [[], ["l", "s1", "s2", "c"], ["l", "s1"]]
    in_their_turn = await store.read(lambda tx: tx.debts.due(P1, at(12), 10, records_first=True))
    assert [d.key for d in in_their_turn] == ["c", "l", "s1", "s2"]
    assert await store.read(lambda tx: tx.debts.next_due(P1)) == at(10)
    assert await store.read(lambda tx: tx.debts.next_due(PartnerId("nobody"))) is None
    assert not await store.read(lambda tx: tx.debts.unsettled(P1, Owed.TARIFF, "done"))
    assert not await store.read(lambda tx: tx.debts.unsettled(P1, Owed.TARIFF, "no such"))


@pytest.mark.parametrize(
    ("partner_id", "state", "limit", "keys"),
    [
        (None, None, 1000, ["a", "b", "c", "d"]),
        (None, None, 2, ["a", "b"]),
        (P1, None, 1000, ["a", "c"]),
        (None, DebtState.WAITING, 1000, ["b", "c"]),
        (P1, DebtState.PARKED, 1000, ["a"]),
        (P2, DebtState.PARKED, 1000, []),
    ],
)
async def test_listing_debts(
    store: AnyStore, partner_id: PartnerId | None, state: DebtState | None, limit: int, keys: list[str]
) -> None:
    def fill(tx: Tx) -> None:
        tx.debts.save(Debt(P1, Owed.CDR, "a", 1, at(1), NOON, DebtState.PARKED))
        tx.debts.save(Debt(P2, Owed.CDR, "b", 1, at(2), NOON))
        tx.debts.save(Debt(P1, Owed.CDR, "c", 1, at(3), NOON))
        tx.debts.save(Debt(P2, Owed.CDR, "d", 1, at(4), NOON, DebtState.SETTLED))

    await store.write(fill)
    listed = await store.read(lambda tx: tx.debts.list(partner_id=partner_id, state=state, limit=limit))
    assert [d.key for d in listed] == keys
    every = await store.read(lambda tx: tx.debts.list(partner_id=partner_id, state=state))
    assert await store.read(lambda tx: tx.debts.count(state, partner_id)) == len(every)


async def test_the_latest_decision_about_a_card(store: AnyStore) -> None:
    def decision(verdict: Verdict) -> Authorization:
        return Authorization(verdict, "because", token=session_token(token()), partner_id=P1)

    def fill(tx: Tx) -> None:
        tx.authorizations.add(CHARGER, "CARD", at(1), decision(Verdict.ALLOWED))
        tx.authorizations.add(CHARGER, "card", at(5), decision(Verdict.BLOCKED))
        tx.authorizations.add(ChargerId("CP-2"), "card", at(9), decision(Verdict.EXPIRED))

    await store.write(fill)

    async def latest(since: datetime) -> Verdict | None:
        found = await store.read(lambda tx: tx.authorizations.latest(CHARGER, "Card", since))
        return found.verdict if found else None

    assert [await latest(NOON), await latest(at(5)), await latest(at(6))] == [
        Verdict.BLOCKED,
        Verdict.BLOCKED,
        None,
    ]
    assert await store.read(lambda tx: tx.authorizations.count()) == 3
    log = await store.read(lambda tx: tx.authorizations.log(2))
    assert [(when, who, card) for when, who, card, _ in log] == [
        (at(9), "CP-2", "card"),
        (at(5), CHARGER, "card"),
    ]


async def test_set_aside_until_resolved(store: AnyStore) -> None:
    """C10, C18."""
    second = SetAside("x2", CHARGER, at(2), "StopTransaction", "unknown transaction", '{"transactionId":-1}')
    first = replace(second, id="x1", at=at(1), payload="\u0000 ünïcode 🔌")
    await store.write(lambda tx: (tx.set_aside.add(second), tx.set_aside.add(first)))
    assert await store.read(lambda tx: tx.set_aside.open()) == [first, second]
    done = replace(first, resolved_at=at(9), note="was a test")
    await store.write(lambda tx: tx.set_aside.save(done))
    assert await store.read(lambda tx: tx.set_aside.open()) == [second]
    assert await store.read(lambda tx: tx.set_aside.get("x1")) == done


async def test_a_party_behind_a_hub_has_a_row_for_each_role(store: AnyStore) -> None:
    """HCI-05: the same party may be eMSP and CPO; the hub it is behind counts, too."""
    behind = HubClient(P1, EMSP, Role.EMSP, ConnectionStatus.CONNECTED, NOON)
    as_cpo = replace(behind, role=Role.CPO, status=ConnectionStatus.PLANNED)
    elsewhere = replace(behind, hub_id=P2)

    def work(tx: Tx) -> None:
        for client in (behind, as_cpo, elsewhere, replace(behind, status=ConnectionStatus.OFFLINE)):
            tx.hub_clients.save(client)

    await store.write(work)
    found = await store.read(lambda tx: tx.hub_clients.of(P1))
    assert list(found) == [as_cpo, replace(behind, status=ConnectionStatus.OFFLINE)]
    assert await store.read(lambda tx: list(tx.hub_clients.of(P2))) == [elsewhere]


async def test_reading_cannot_write(store: AnyStore) -> None:
    changes: list[Callable[[Tx], object]] = [
        lambda tx: tx.sessions.save(session()),
        lambda tx: tx.sessions.next_transaction_number(),
        lambda tx: tx.sessions.add_samples(SessionId("S1"), [register_sample(1, 1)]),
        lambda tx: tx.debts.owe(P1, Owed.CDR, "C1", NOON, NOON),
    ]
    for change in changes:
        with pytest.raises(ReadOnly):
            await store.read(change)
    assert await store.read(lambda tx: tx.sessions.all_open()) == []


async def test_an_exception_undoes_its_own_work_only(store: AnyStore) -> None:
    class Refused(Exception):
        pass

    def half_done(tx: Tx) -> None:
        tx.sessions.save(session("S1", last_updated=at(50)))
        tx.sessions.save(session("half"))
        tx.sessions.add_samples(SessionId("S1"), [register_sample(1, 1)])
        tx.debts.owe(P1, Owed.SESSION, "S1", NOON, NOON)
        tx.chargers.remove(CHARGER)
        tx.sessions.next_transaction_number()
        raise Refused

    await store.write(lambda tx: (tx.sessions.save(session("S1")), tx.chargers.save(charger())))
    with pytest.raises(Refused):
        await store.write(half_done)

    def look(tx: Tx) -> list[object]:
        return [
            [s.id for s in tx.sessions.all_open()],
            tx.sessions.get(SessionId("S1")),
            tx.sessions.samples(SessionId("S1")),
            tx.debts.list(),
            tx.chargers.get(CHARGER),
        ]

    assert await store.read(look) == [["S1"], session("S1"), [], [], charger()]
    assert await store.write(look) == [["S1"], session("S1"), [], [], charger()]


async def test_the_backlog_counts_what_waits_and_what_is_parked(store: AnyStore) -> None:
    def fill(tx: Tx) -> None:
        for key, created, state in (
            ("a", 30, DebtState.WAITING),
            ("b", 10, DebtState.WAITING),
            ("c", 5, DebtState.PARKED),
            ("d", 1, DebtState.SETTLED),
            ("e", 1, DebtState.DROPPED),
        ):
            tx.debts.save(Debt(P1, Owed.CDR, key, 1, at(created), at(99), state))
        tx.debts.save(Debt(P1, Owed.SESSION, "s", 1, at(7), at(99)))

    await store.write(fill)
    assert list(await store.read(lambda tx: tx.debts.backlog())) == [
        Backlog(P1, Owed.CDR, DebtState.PARKED, 1, at(5)),
        Backlog(P1, Owed.CDR, DebtState.WAITING, 2, at(10)),
        Backlog(P1, Owed.SESSION, DebtState.WAITING, 1, at(7)),
    ]
