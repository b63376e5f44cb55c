"""CDR-02 to CDR-08, M50 to M54: the record of a session, its credit, and when it may be made at once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.domain.cdrs import Cdr, credit, make_cdr, settles_at_once
from gateway.domain.ids import CdrId, ConnectorId, EvseUid, PartnerId, SessionId
from gateway.domain.periods import PeriodDimension, Volume
from gateway.domain.pricing import Bill
from gateway.domain.readings import ReadingContext, SignedReading
from gateway.domain.sessions import FlagReason, Session, SessionStatus
from gateway.domain.sites import plug_snapshot
from gateway.domain.tariffs import Price
from gateway.domain.tokens import session_token
from gateway.domain.usage import charging_periods
from tests.builders import CHARGER, CPO, PLUG, location, token
from tests.domain.consumption import TEN, minute, reading, sample, terms, used

BILL = Bill("EUR", Price(Decimal("1.50"), Decimal("1.82")))
OF = terms()


def session(**changes: object) -> Session:
    plug = plug_snapshot(location(), EvseUid("EVSE-1"), ConnectorId("1"))
    assert plug is not None
    ended = Session(
        id=SessionId("S1"),
        party=CPO,
        charger_id=CHARGER,
        number=PLUG,
        plug=plug,
        terms=OF,
        status=SessionStatus.ACTIVE,
        started_at=TEN,
        usage=used(OF, [sample(30, 4000)]),
        last_updated=TEN,
        created_at=TEN,
        token=session_token(token()),
        partner_id=PartnerId("p1"),
        ended_at=minute(60),
        stop_reason="EVDisconnected",
    )
    return replace(ended, **changes)  # type: ignore[arg-type]


def record(of: Session) -> Cdr:
    return make_cdr(of, BILL, charging_periods(of.usage, of.terms), CdrId("S1"), minute(61))


def test_a_record_is_a_snapshot_with_its_reason() -> None:
    """M50, M51."""
    cdr = record(session(signed=(SignedReading("<x/>", ReadingContext.END),)))
    assert (cdr.id, cdr.session_id, cdr.bill, cdr.tariffs) == ("S1", "S1", BILL, OF.tariffs)
    assert cdr.remark == "stopped: EVDisconnected"
    assert cdr.signed_data is not None


def test_session_only_dimensions_stay_out() -> None:
    """SES-13: POWER, CURRENT, STATE_OF_CHARGE and the register readings are for sessions."""
    of = session()
    shown = charging_periods(of.usage, of.terms)
    extra = (Volume(PeriodDimension.STATE_OF_CHARGE, Decimal(80)), Volume(PeriodDimension.POWER, Decimal(11)))
    with_extra = tuple(replace(p, volumes=(*p.volumes, *extra)) for p in shown)
    assert make_cdr(of, BILL, with_extra, CdrId("S1"), TEN).periods == shown


def test_the_remark_tells_what_was_estimated_and_fits() -> None:
    """CDR remark: 255 characters; signed data that does not fit is mentioned."""
    of = session(stop_reason=None).flagged(FlagReason.CLOCK_SUSPECT, "the clock was wrong")
    assert record(of).remark == "the clock was wrong"
    assert record(session(stop_reason=None)).remark is None
    long = record(of.flagged(FlagReason.ESTIMATED, "x" * 300)).remark
    assert long is not None
    assert (len(long), long[-1]) == (255, "…")
    huge = record(session(signed=(SignedReading("x" * 6000, ReadingContext.END),)))
    assert huge.signed_data is None
    assert "kept with the session" in (huge.remark or "")


@pytest.mark.parametrize("missing", ["token", "partner_id", "ended_at"])
def test_nobody_to_bill_is_no_record(missing: str) -> None:
    """M54."""
    with pytest.raises(ValueError, match="S1"):
        record(session(**{missing: None}))


def test_a_credit_is_the_same_record_under_another_id() -> None:
    """CDR-03: everything copied, the reference kept; dialects negate the total."""
    cdr = record(session())
    credited = credit(cdr, CdrId("S1-C"), minute(90))
    assert (credited.id, credited.credit_of, credited.last_updated) == ("S1-C", "S1", minute(90))
    assert replace(credited, id=cdr.id, credit_of=None, last_updated=cdr.last_updated) == cdr


END = ReadingContext.END


@pytest.mark.parametrize(
    ("stop", "readings", "at_once"),
    [
        (5000, [reading(5000, context=END)], True),
        (5000, [reading("5000.4", context=END)], True),
        (5000, [reading(5002, context=END)], False),
        (5000, [reading(5000)], False),
        (5000, [reading(5000, context=END, phase="L1")], False),
        (5000, [], False),
        (None, [reading(5000, context=END)], False),
    ],
)
def test_no_grace_where_the_end_is_certain(stop: int | None, readings: list[object], at_once: bool) -> None:
    of = session(meter_stop_wh=None if stop is None else Decimal(stop))
    assert settles_at_once(of, [sample(60, *readings)]) is at_once  # type: ignore[arg-type]


def test_an_end_value_that_came_before_the_stop_counts() -> None:
    of = session(usage=used(OF, [sample(60, reading(5000, context=END))]), meter_stop_wh=Decimal(5000))
    assert settles_at_once(of, [])
