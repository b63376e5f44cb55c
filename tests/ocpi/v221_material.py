"""Material of the 2.2.1 tests: the schema and examples beside the repository, generated objects."""

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, TariffId, TokenUid
from gateway.domain.sites import (
    BusinessDetails,
    Connector,
    Coordinates,
    DisplayText,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    Evse,
    EvseStatus,
    ExceptionalPeriod,
    Image,
    Location,
    OpeningTimes,
    PublishToken,
    RegularHours,
    RelatedPlace,
    StatusSchedule,
)
from gateway.domain.tariffs import (
    DayOfWeek,
    Dimension,
    Price,
    PriceComponent,
    ReservationRule,
    Restrictions,
    Tariff,
    TariffElement,
)
from gateway.domain.tokens import EnergyContract, Token, Whitelist
from ocpi import json
from ocpi import wire as types
from ocpi.v221 import wire
from ocpi.v221.words import WORDS

SHARED = Path(__file__).parents[2] / ".." / "shared" / "ocpi"
EXAMPLES = SHARED / "examples" / "2.2.1"


def sent(value: Any) -> Any:
    """A value as a partner receives it: printed and parsed again."""
    return json.parse(json.render(value))


@cache
def _schema() -> dict[str, Any] | None:
    path = SHARED / "schemas" / "2.2.1.schema.json"
    return json.parse(path.read_bytes()) if path.exists() else None


def definition(name: str) -> dict[str, Any]:
    """One definition of the specification's schema; skips the test where it is absent."""
    schema = _schema()
    if schema is None:
        pytest.skip(f"no schema of the specification below {SHARED}")
    found: dict[str, Any] = schema["$defs"][name]
    return found


def assert_valid(name: str, value: Any) -> None:
    """What is sent is what our own model reads, and where the specification's schema is at hand, valid."""
    model: type[types.Wire] = getattr(wire, name)
    assert sent(types.write(types.read(model, value))) == value
    schema = _schema()
    if schema is not None:
        validator = Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []


def example(path: str) -> Any:
    """An example of the specification; skips the test where it is absent."""
    file = EXAMPLES / path
    if not file.exists():
        pytest.skip(f"no example of the specification at {file}")
    return json.parse(file.read_bytes())


def _text(length: int) -> st.SearchStrategy[str]:
    printable = st.characters(exclude_categories=["Cs", "Cc"])
    return st.text(printable, min_size=1, max_size=min(length, 12))


def _id(length: int = 36) -> st.SearchStrategy[str]:
    return st.text(string.ascii_letters + string.digits + "-*_/#~ ", min_size=1, max_size=length)


def _many(item: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, max_size=2).map(tuple)


def _maybe(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | item


def _of(words: frozenset[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(words))


def _number(low: str = "0", high: str = "9999") -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=4)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
parties = st.builds(
    Party,
    st.text(string.ascii_uppercase, min_size=2, max_size=2),
    st.text(string.ascii_uppercase + string.digits, min_size=3, max_size=3),
)
urls = _text(12).map("https://example.com/{}".format).filter(lambda url: url == url.strip())
texts = st.builds(DisplayText, st.sampled_from(["en", "nl", "de"]), _text(512))
_whole = st.integers(0, 99_999)
coordinates = st.builds(
    Coordinates,
    st.decimals(-89, 89, places=6).map("{:f}".format),
    st.decimals(-179, 179, places=6).map("{:f}".format),
)
images = st.builds(
    Image,
    urls,
    _of(WORDS.image_categories),
    st.sampled_from(["jpeg", "png", "svg"]),
    _maybe(urls),
    _maybe(_whole),
    _maybe(_whole),
)
businesses = st.builds(BusinessDetails, _text(100), _maybe(urls), _maybe(images))
energy_mixes = st.builds(
    EnergyMix,
    st.booleans(),
    _many(st.builds(EnergySource, st.sampled_from(["SOLAR", "WIND", "COAL"]), _number("0", "100"))),
    _many(st.builds(EnvironmentalImpact, _of(WORDS.environmental_impacts), _number())),
    _maybe(_text(64)),
    _maybe(_text(64)),
)
_minutes = st.integers(0, 23 * 60 + 58)
_clock: Callable[[int], str] = lambda m: f"{m // 60:02}:{m % 60:02}"  # noqa: E731
regular_hours = st.builds(
    lambda day, begin, span: RegularHours(day, _clock(begin), _clock(min(begin + span, 1439))),
    st.integers(1, 7),
    _minutes,
    st.integers(1, 600),
)
_exceptions = _many(st.builds(ExceptionalPeriod, moments, moments))
opening_times = st.builds(OpeningTimes, st.just(True), st.just(()), _exceptions, _exceptions) | st.builds(
    OpeningTimes, st.just(False), st.lists(regular_hours, min_size=1, max_size=3).map(tuple), _exceptions
)
connectors = st.builds(
    Connector,
    id=_id().map(ConnectorId),
    standard=_of(WORDS.connector_types),
    format=st.sampled_from(["SOCKET", "CABLE"]),
    power_type=_of(WORDS.power_types),
    max_voltage=_whole,
    max_amperage=_whole,
    last_updated=moments,
    max_electric_power=_maybe(_whole),
    tariff_ids=_many(_id().map(TariffId)),
    terms_and_conditions=_maybe(urls),
    capabilities=st.just(()),
)
evses = st.builds(
    Evse,
    uid=_id().map(EvseUid),
    status=st.sampled_from(EvseStatus),
    connectors=st.lists(connectors, min_size=1, max_size=2).map(tuple),
    last_updated=moments,
    evse_id=_maybe(_id(48)),
    status_schedule=_many(st.builds(StatusSchedule, moments, st.sampled_from(EvseStatus), _maybe(moments))),
    capabilities=_many(_of(WORDS.capabilities)),
    floor_level=_maybe(st.sampled_from(["-1", "0", "P3"])),
    coordinates=_maybe(coordinates),
    physical_reference=_maybe(_text(16)),
    directions=_many(texts),
    parking_restrictions=_many(_of(WORDS.parking_restrictions)),
    parking=st.just(()),
    images=_many(images),
    accepted_service_providers=st.just(()),
)
publish_tokens = st.builds(PublishToken, uid=_id(), type=st.sampled_from(["RFID", "APP_USER"])) | st.builds(
    PublishToken, visual_number=_text(64), issuer=_text(64), group_id=_maybe(_id())
)
related_places = st.builds(RelatedPlace, coordinates, _maybe(texts))


@st.composite
def locations(draw: st.DrawFn) -> Location:
    """Any location 2.2.1 can say."""
    publish = draw(st.booleans())
    return Location(
        party=draw(parties),
        id=LocationId(draw(_id())),
        publish=publish,
        address=draw(_text(255)),
        city=draw(_text(45)),
        country=draw(st.sampled_from(["NLD", "DEU", "BEL"])),
        coordinates=draw(coordinates),
        time_zone=draw(st.sampled_from(["Europe/Amsterdam", "UTC", "America/New_York"])),
        last_updated=draw(moments),
        publish_allowed_to=() if publish else draw(_many(publish_tokens)),
        name=draw(_maybe(_text(255))),
        postal_code=draw(_maybe(_text(10).map(lambda text: text[:10]))),
        state=draw(_maybe(_text(45))),
        related_locations=draw(_many(related_places)),
        parking_type=draw(_maybe(_of(WORDS.parking_types))),
        evses=draw(_many(evses)),
        directions=draw(_many(texts)),
        operator=draw(_maybe(businesses)),
        suboperator=draw(_maybe(businesses)),
        owner=draw(_maybe(businesses)),
        facilities=draw(_many(_of(WORDS.facilities))),
        opening_times=draw(_maybe(opening_times)),
        charging_when_closed=draw(_maybe(st.booleans())),
        images=draw(_many(images)),
        energy_mix=draw(_maybe(energy_mixes)),
    )


prices = st.builds(Price, _number(), _maybe(_number()))
components = st.builds(
    PriceComponent,
    st.sampled_from(Dimension),
    _number("-10", "99"),
    _whole,
    _maybe(_number("0", "100")),
)
_times = st.times().map(lambda t: time(t.hour, t.minute))
restrictions = st.builds(
    Restrictions,
    start_time=_maybe(_times),
    end_time=_maybe(_times),
    start_date=_maybe(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
    end_date=_maybe(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
    min_kwh=_maybe(_number()),
    max_kwh=_maybe(_number()),
    min_current_a=_maybe(_number()),
    max_current_a=_maybe(_number()),
    min_power_kw=_maybe(_number()),
    max_power_kw=_maybe(_number()),
    min_duration_s=_maybe(_whole),
    max_duration_s=_maybe(_whole),
    day_of_week=_many(st.sampled_from(DayOfWeek)),
    reservation=_maybe(st.sampled_from(ReservationRule)),
)
tariffs = st.builds(
    Tariff,
    party=parties,
    id=_id().map(TariffId),
    currency=st.sampled_from(["EUR", "SEK", "GBP"]),
    elements=st.lists(
        st.builds(
            TariffElement,
            st.lists(components, min_size=1, max_size=3).map(tuple),
            st.just(Restrictions()) | restrictions,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    last_updated=moments,
    type=_maybe(_of(WORDS.tariff_types)),
    alt_text=_many(texts),
    alt_url=_maybe(urls),
    min_price=_maybe(prices),
    max_price=_maybe(prices),
    tax_included=st.just("NO"),
    starts_at=_maybe(moments),
    ends_at=_maybe(moments),
    energy_mix=_maybe(energy_mixes),
)
tokens = st.builds(
    Token,
    party=parties,
    uid=_id().map(TokenUid),
    type=st.sampled_from(["RFID", "APP_USER", "AD_HOC_USER", "OTHER"]),
    contract_id=_id(),
    issuer=_text(64),
    valid=st.booleans(),
    whitelist=st.sampled_from(Whitelist),
    last_updated=moments,
    visual_number=_maybe(_text(64)),
    group_id=_maybe(_id()),
    language=_maybe(st.sampled_from(["en", "nl"])),
    default_profile_type=_maybe(st.sampled_from(["CHEAP", "FAST", "GREEN", "REGULAR"])),
    energy_contract=_maybe(st.builds(EnergyContract, _text(64), _maybe(_text(64)))),
)
