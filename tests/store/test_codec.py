"""Objects survive their text exactly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ids import Party
from gateway.domain.partners import Partner
from gateway.domain.readings import (
    ChargingState,
    Measurand,
    Reading,
    ReadingContext,
    ReadingPlace,
    Sample,
    SignedReading,
)
from gateway.domain.sessions import FlagReason, Session
from gateway.domain.sites import PlugSnapshot
from gateway.domain.tariffs import Price
from gateway.domain.terms import Terms
from gateway.domain.usage import charging_periods, finish, observe, observe_state
from gateway.store.codec import OVER, PARTS, Codec, micros, moment
from gateway.store.rows.sessions import _MOVING
from gateway.store.rows.sessions import SESSION as STORED_SESSION
from gateway.store.samples import SAMPLE
from tests.builders import at, partner, register_sample
from tests.store.stories import session

_OPEN = attrgetter("open")


def charged() -> Session:
    """A session with history: samples, a pause, a flag, an end."""
    made = session()
    usage = made.usage
    for n in range(20):
        usage = observe(usage, made.terms, register_sample(60 * n, 100.5 * n))
    usage = observe_state(usage, made.terms, at(1300), ChargingState.SUSPENDED_EV)
    usage = finish(usage, made.terms, at(1500), Decimal("2009.75"))
    return replace(made, usage=usage, ended_at=at(1500)).flagged(FlagReason.ESTIMATED, "an end value")


def test_a_session_with_history_continues_where_it_was() -> None:
    made = charged()
    read = Codec(Session).decode(Codec(Session).encode(made))
    assert read == made
    assert charging_periods(read.usage, read.terms) == charging_periods(made.usage, made.terms)
    more = register_sample(1600, 3000)
    assert observe(read.usage, read.terms, more) == observe(made.usage, made.terms, more)


def test_settled_parts_follow_the_object_that_has_them() -> None:
    parts: dict[str, Codec[Any]] = {"plug": Codec(PlugSnapshot), "terms": Codec(Terms)}
    codec = Codec(Session, settled=parts)
    first = charged()
    moved = replace(first, plug=replace(first.plug, location=replace(first.plug.location, name="Elsewhere")))
    repriced = replace(moved, terms=replace(moved.terms, currency="SEK"))
    for one in (first, moved, repriced, first, replace(first, meter_id="M")):
        assert codec.decode(codec.encode(one)) == one
        assert Codec(Session).decode(codec.encode(one)) == one


def test_a_stored_session_follows_every_field_that_changes() -> None:
    """What moves is written every time, the rest when it changed; both read as they were (M41, D10)."""
    first = charged()
    versions = [
        first,
        replace(first, last_updated=at(9000)),
        replace(first, last_updated=at(9000), heard=((0, 4), (6, 9))),
        replace(first, flags=(), meter_stop_wh=Decimal("1.50")),
        replace(first, usage=observe(session().usage, first.terms, register_sample(5, 7))),
        replace(first, terms=replace(first.terms, currency="SEK")),
        first,
    ]
    for one in versions:
        text = STORED_SESSION.encode(one)
        assert STORED_SESSION.decode(text) == one
        assert Codec(Session).decode(text) == one


def test_only_the_latest_version_of_a_session_is_remembered() -> None:
    """Older ones are read correctly all the same, as a reader beside the writer does (ADR 2)."""
    codec = Codec(Session, memory=10, leading=len('{"id":""') + 36)
    versions = [session("S" * 36, last_updated=at(n)) for n in range(5)]
    texts = [codec.encode(version) for version in versions]
    assert [codec.decode(text) for text in texts] == versions
    assert len(codec._known) == 1
    assert codec.decode(texts[4]) is versions[4]


READINGS = st.builds(
    Reading,
    st.sampled_from(Measurand),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(ReadingContext),
    st.none() | st.sampled_from(["L1", "L1-N", '"', "\\", "é"]),
    st.sampled_from(ReadingPlace),
)
SIGNED = st.builds(SignedReading, st.text(st.characters(codec="utf-8")), st.sampled_from(ReadingContext))


@given(
    st.builds(
        Sample,
        st.datetimes(timezones=st.just(UTC)),
        st.lists(READINGS, max_size=4).map(tuple),
        st.lists(SIGNED, max_size=1).map(tuple),
    )
)
def test_samples_written_by_hand_read_as_they_were(sample: Sample) -> None:
    """C12, C29: every value, its place, phase and context survive."""
    read = Codec(Sample).decode(SAMPLE.encode(sample))
    assert read == sample
    assert [str(r.value) for r in read.readings] == [str(r.value) for r in sample.readings]


@pytest.mark.parametrize("text", ["0", "0.10", "1E+3", "-0.0001", "12345678901234567890.123456789", "1e-20"])
def test_decimals_keep_every_digit(text: str) -> None:
    codec = Codec(Price)
    read = codec.decode(codec.encode(Price(Decimal(text))))
    assert str(read.before_taxes) == str(Decimal(text))


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-12, 12),
)
def test_moments_keep_their_microseconds_and_sort_as_numbers(when: datetime, hours: int) -> None:
    assert moment(micros(when)) == when
    shifted = when + timedelta(hours=hours)
    assert (micros(shifted) < micros(when)) == (shifted < when)
    sample = Sample(when)
    assert Codec(Sample).decode(Codec(Sample).encode(sample)) == sample


def test_the_memory_is_bounded_and_by_text() -> None:
    codec = Codec(Partner, memory=2)
    texts = [codec.encode(partner(f"P{n}")) for n in range(5)]
    assert len(codec._known) == 2
    assert codec.decode(texts[4]) is codec.decode(texts[4])
    assert [codec.decode(text).name for text in texts] == [f"P{n}" for n in range(5)]


def test_a_party_is_upper_case_after_reading() -> None:
    assert Codec(Party).decode('{"country_code":"nl","party_id":"ems"}') == Party("NL", "EMS")


def test_what_is_remembered_has_a_size_and_not_only_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """F18: versions of a location with a thousand EVSEs must not fill the memory."""
    monkeypatch.setattr("gateway.store.codec.CHARACTERS", 10_000)
    codec = Codec(Partner, memory=100)
    large = [replace(partner(), name=f"{n}" + "x" * 3000) for n in range(10)]
    texts = [codec.encode(one) for one in large]
    assert [codec.decode(texts[n]) is large[n] for n in (-2, -1)] == [True, True]
    assert sum(len(text) for text, _ in codec._known._rows.values()) <= 10_000
    # Small ones are limited by their number; the same text again costs nothing more.
    small = Codec(Partner, memory=3)
    for _ in range(50):
        for n in range(5):
            small.encode(replace(partner(), name=f"{n}"))
    assert len(small._known) == 3
    assert small._known.characters == sum(len(text) for text, _ in small._known._rows.values())


def test_one_object_beyond_the_limit_is_remembered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.codec.CHARACTERS", 10)
    codec = Codec(Partner, memory=100)
    text = codec.encode(partner())
    assert codec.decode(text) is codec.decode(text)


def test_f39_a_session_that_ended_is_not_kept_in_memory() -> None:
    """Each would cost some 40 KB for ever after; only the last few are remembered, for their next readers."""
    stored = Codec(
        Session, memory=8192, moving=_MOVING, leading=len('{"id":""') + 36, living=_OPEN, brief=True
    )
    for number in range(OVER + 50):
        running = session(f"{number:036d}")
        text = stored.encode(running)
        assert stored.decode(text) is running
        ended = replace(running, ended_at=at(100))
        stored.encode(ended)
        assert stored.decode(stored.encode(ended)) is ended
    assert (len(stored._known), len(stored._over), len(stored._steady)) == (0, OVER, 0)
    reopened = replace(ended, ended_at=None)
    assert stored.decode(stored.encode(reopened)) is reopened
    assert (len(stored._known), len(stored._over)) == (1, OVER - 1)


def test_f39_parts_of_objects_are_remembered_for_a_moment_only() -> None:
    codec = Codec(Sample)
    texts = [codec.encode_part(register_sample(n, n)) for n in range(PARTS + 50)]
    assert len(codec._parts) == PARTS
    assert codec.decode(texts[0]) == register_sample(0, 0)
