"""Sessions and CDRs as OCPI 2.2.1 sends them, and where each parcel goes (SES-, CDR-, TR-25)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.app.parcels import (
    CdrParcel,
    EvseParcel,
    LocationParcel,
    Parcel,
    SessionParcel,
    TariffParcel,
    TariffRemovalParcel,
)
from gateway.domain.cdrs import Cdr, SignedData, SignedValue
from gateway.domain.errors import NotRepresentable
from gateway.domain.ids import CdrId, ConnectorId, EvseUid, PartnerId, Party, SessionId, TariffId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import Bill
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.sites import EvseStatus, PlugSnapshot, plug_snapshot
from gateway.domain.tariffs import Price
from gateway.domain.terms import Terms
from gateway.domain.tokens import session_token
from gateway.domain.usage import begin, finish, observe
from ocpi import v221
from ocpi import wire as types
from ocpi.v221 import wire
from tests.builders import (
    CHARGER,
    CPO,
    EMSP,
    NOON,
    OTHER_EMSP,
    PLUG,
    at,
    evse,
    location,
    partner,
    register_sample,
    tariff,
    token,
)
from tests.ocpi.v221_material import assert_valid, sent

TERMS = Terms((tariff(),), TariffId("standard"), "EUR", "Europe/Amsterdam")


def plug(**changes: Any) -> PlugSnapshot:
    """The only plug of LOC1."""
    found = plug_snapshot(location(**changes), EvseUid("EVSE-1"), ConnectorId("1"))
    assert found is not None
    return found


def session(**changes: Any) -> Session:
    """Half an hour with 5.5 kWh so far."""
    usage = begin(TERMS, NOON, Decimal(1000))
    for sample in (register_sample(0, 1000), register_sample(900, 3000), register_sample(1800, 6500)):
        usage = observe(usage, TERMS, sample)
    fields: dict[str, Any] = {
        "id": SessionId("session-1"),
        "party": CPO,
        "charger_id": CHARGER,
        "number": PLUG,
        "plug": plug(),
        "terms": TERMS,
        "status": SessionStatus.ACTIVE,
        "started_at": NOON,
        "usage": usage,
        "last_updated": at(1800),
        "created_at": NOON,
        "token": session_token(token()),
        "partner_id": PartnerId("great-emsp"),
    }
    return Session(**{**fields, **changes})


def period(seconds: float, **volumes: str) -> ChargingPeriod:
    """A charging period so many seconds after noon."""
    return ChargingPeriod(
        at(seconds),
        tuple(Volume(PeriodDimension(name), Decimal(amount)) for name, amount in volumes.items()),
        TariffId("standard"),
    )


def cdr(**changes: Any) -> Cdr:
    """An hour of charging and half an hour of parking."""
    fields: dict[str, Any] = {
        "id": CdrId("cdr-1"),
        "party": CPO,
        "partner_id": PartnerId("great-emsp"),
        "started_at": NOON,
        "ended_at": at(5400),
        "token": session_token(token()),
        "auth_method": session().auth_method,
        "plug": plug(),
        "currency": "EUR",
        "periods": (period(0, ENERGY="10.5", TIME="1", POWER="11"), period(3600, PARKING_TIME="0.5")),
        "bill": Bill(
            "EUR",
            total=Price(Decimal("4.17504"), Decimal("5.05")),
            fixed=Price(Decimal("0.5"), Decimal("0.605")),
            energy=Price(Decimal("3.675"), Decimal("4.44675")),
            energy_kwh=Decimal("10.5"),
            time_h=Decimal(1),
            parking_h=Decimal("0.5"),
        ),
        "last_updated": at(5460),
        "session_id": SessionId("session-1"),
        "tariffs": (tariff(),),
    }
    return Cdr(**{**fields, **changes})


def test_a_running_session_in_full() -> None:
    running = session(authorization_reference="REF-1", meter_id="M-1")
    written = sent(v221.write_session(running, Price(Decimal("2.425"), Decimal("2.93425"))))
    periods = written.pop("charging_periods")
    assert written == {
        "country_code": "NL",
        "party_id": "GWY",
        "id": "session-1",
        "start_date_time": "2026-11-22T12:00:00Z",
        "kwh": Decimal("5.5"),
        "cdr_token": {
            "country_code": "NL",
            "party_id": "EMS",
            "uid": "04A1B2C3",
            "type": "RFID",
            "contract_id": "NLEMSC04A1B2C3",
        },
        "auth_method": "WHITELIST",
        "authorization_reference": "REF-1",
        "location_id": "LOC1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "meter_id": "M-1",
        "currency": "EUR",
        "total_cost": {"excl_vat": Decimal("2.425"), "incl_vat": Decimal("2.9343")},
        "status": "ACTIVE",
        "last_updated": "2026-11-22T12:30:00Z",
    }
    energy = [d["volume"] for p in periods for d in p["dimensions"] if d["type"] == "ENERGY"]
    assert sum(energy) == Decimal("5.5")
    assert_valid("Session", written | {"charging_periods": periods})


def test_a_finished_session_has_an_end() -> None:
    done = session(
        status=SessionStatus.COMPLETED,
        ended_at=at(1860),
        usage=finish(session().usage, TERMS, at(1860), Decimal(6500)),
    )
    written = sent(v221.write_session(done, None))
    assert (written["status"], written["end_date_time"]) == ("COMPLETED", "2026-11-22T12:31:00Z")
    assert_valid("Session", written)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (None, None),
        (Price(Decimal(0)), {"excl_vat": 0}),
        (Price(Decimal(0), Decimal(0)), {"excl_vat": 0, "incl_vat": 0}),
    ],
)
def test_ses_09_unknown_is_not_free(total: Price | None, expected: object) -> None:
    assert v221.write_session(session(), total).get("total_cost") == expected


def test_ses_06_a_session_of_nobody_is_not_sent() -> None:
    with pytest.raises(NotRepresentable, match="has no token"):
        v221.write_session(session(token=None), None)


def test_the_chargers_identity_stays_here() -> None:
    hidden = session(charger_id="SECRET-CP-77", stop_reason="SECRET-CP-77", presented="SECRET-CP-77")
    assert "SECRET-CP-77" not in repr(v221.write_session(hidden, None))


def test_a_cdr_in_full() -> None:
    written = sent(v221.write_cdr(cdr(remark="stopped: EVDisconnected", meter_id="M-1")))
    assert_valid("CDR", written)
    assert written.pop("tariffs") == [sent(v221.write_tariff(tariff()))]
    assert written == {
        "country_code": "NL",
        "party_id": "GWY",
        "id": "cdr-1",
        "start_date_time": "2026-11-22T12:00:00Z",
        "end_date_time": "2026-11-22T13:30:00Z",
        "session_id": "session-1",
        "cdr_token": v221.write_session(session(), None)["cdr_token"],
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "name": "Station Square",
            "address": "Stationsplein 1",
            "city": "Utrecht",
            "country": "NLD",
            "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
            "evse_uid": "EVSE-1",
            "evse_id": "NL*GWY*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "meter_id": "M-1",
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": "2026-11-22T12:00:00Z",
                "dimensions": [
                    {"type": "ENERGY", "volume": Decimal("10.5")},
                    {"type": "TIME", "volume": 1},
                ],
                "tariff_id": "standard",
            },
            {
                "start_date_time": "2026-11-22T13:00:00Z",
                "dimensions": [{"type": "PARKING_TIME", "volume": Decimal("0.5")}],
                "tariff_id": "standard",
            },
        ],
        "total_cost": {"excl_vat": Decimal("4.175"), "incl_vat": Decimal("5.05")},
        "total_fixed_cost": {"excl_vat": Decimal("0.5"), "incl_vat": Decimal("0.605")},
        "total_energy": Decimal("10.5"),
        "total_energy_cost": {"excl_vat": Decimal("3.675"), "incl_vat": Decimal("4.4468")},
        "total_time": Decimal("1.5"),
        "total_parking_time": Decimal("0.5"),
        "remark": "stopped: EVDisconnected",
        "last_updated": "2026-11-22T13:31:00Z",
    }


def test_a_written_cdr_and_session_read_back_as_wire_objects() -> None:
    for model, written in (
        (wire.CDR, v221.write_cdr(cdr())),
        (wire.Session, v221.write_session(session(), None)),
    ):
        assert sent(types.write(types.read(model, sent(written)))) == sent(written)


def test_ses_13_session_only_dimensions_are_not_in_cdrs() -> None:
    only_here = ["CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"]
    everything = period(0, **{dimension.value: "1" for dimension in PeriodDimension})
    written = v221.write_cdr(cdr(periods=(everything,)))
    shown = {d["type"] for d in written["charging_periods"][0]["dimensions"]}
    assert shown == {d.value for d in PeriodDimension} - set(only_here)


def test_cdr_06_periods_without_anything_to_show_are_left_out_and_one_must_remain() -> None:
    empty = period(0, STATE_OF_CHARGE="55")
    assert len(v221.write_cdr(cdr(periods=(empty, period(60, TIME="1"))))["charging_periods"]) == 1
    with pytest.raises(NotRepresentable, match="no charging period"):
        v221.write_cdr(cdr(periods=(empty,)))


def test_cdr_03_a_credit_cdr_negates_its_total_only() -> None:
    original = sent(v221.write_cdr(cdr()))
    credit = sent(v221.write_cdr(cdr(id=CdrId("cdr-1-C"), credit_of=CdrId("cdr-1"))))
    assert_valid("CDR", credit)
    assert credit.pop("credit") is True
    assert credit.pop("credit_reference_id") == "cdr-1"
    assert credit.pop("total_cost") == {"excl_vat": Decimal("-4.175"), "incl_vat": Decimal("-5.05")}
    original.pop("total_cost")
    assert credit == original | {"id": "cdr-1-C"}


def test_cdr_03_a_credit_of_an_unknown_vat_stays_unknown() -> None:
    bill = Bill("EUR", Price(Decimal(3)))
    written = v221.write_cdr(cdr(bill=bill, credit_of=CdrId("cdr-0")))
    assert written["total_cost"] == {"excl_vat": -3}


def test_cdr_13_long_addresses_are_cut_and_the_time_zone_is_gone() -> None:
    long = plug(address="A" * 255, state="S" * 45)
    written = v221.write_cdr(cdr(plug=long))["cdr_location"]
    assert (len(written["address"]), len(written["state"])) == (45, 20)
    assert "time_zone" not in written
    assert_valid("CdrLocation", written)


def test_tr_35_what_cannot_be_filled_is_na() -> None:
    bare = plug_snapshot(location(evse(evse_id=None)), EvseUid("EVSE-1"), ConnectorId("1"))
    assert v221.write_cdr(cdr(plug=bare))["cdr_location"]["evse_id"] == "#NA"


@pytest.mark.parametrize("change", [{"standard": "MCS"}, {"power_type": "AC_6_PHASE"}])
def test_a_plug_the_version_does_not_know_is_not_billed_under_another_name(change: dict[str, Any]) -> None:
    with pytest.raises(NotRepresentable, match="does not know"):
        v221.write_cdr(cdr(plug=replace(plug(), **change)))


def test_cdr_12_signed_data_is_byte_exact() -> None:
    dataset = 'OCMF|{"FV":"1.0"}|{"SD":"30\\n"}\r\n\tü'
    signed = SignedData("OCMF", (SignedValue("Start", dataset, dataset),), "-----BEGIN-----\nAB\n", 1)
    written = sent(v221.write_cdr(cdr(signed_data=signed)))
    assert written["signed_data"] == {
        "encoding_method": "OCMF",
        "encoding_method_version": 1,
        "public_key": "-----BEGIN-----\nAB\n",
        "signed_values": [{"nature": "Start", "plain_data": dataset, "signed_data": dataset}],
    }
    assert_valid("SignedData", written["signed_data"])
    assert types.read(wire.CDR, written).signed_data is not None


def test_cdr_12_signed_data_is_never_cut() -> None:
    too_long = SignedData("OCMF", (SignedValue("End", "x" * 5001, "y"),))
    with pytest.raises(NotRepresentable, match="5001 characters"):
        v221.write_cdr(cdr(signed_data=too_long))


def test_remarks_and_meter_ids_fit() -> None:
    written = v221.write_cdr(cdr(remark="x" * 300, meter_id="a\nb"))
    assert (len(written["remark"]), written["meter_id"]) == (255, "a b")


Body = Callable[[], Any]


@pytest.mark.parametrize(
    ("parcel", "method", "module", "path", "body"),
    [
        (
            LocationParcel(location()),
            "PUT",
            "locations",
            ("NL", "GWY", "LOC1"),
            lambda: v221.write_location(location()),
        ),
        (
            EvseParcel(location(), evse(status=EvseStatus.CHARGING)),
            "PATCH",
            "locations",
            ("NL", "GWY", "LOC1", "EVSE-1"),
            lambda: {"status": "CHARGING", "last_updated": "2026-11-22T12:00:00Z"},
        ),
        (
            TariffParcel(tariff(id_="a/b #1")),
            "PUT",
            "tariffs",
            ("NL", "GWY", "a/b #1"),
            lambda: v221.write_tariff(tariff(id_="a/b #1")),
        ),
        (
            TariffRemovalParcel(CPO, TariffId("old")),
            "DELETE",
            "tariffs",
            ("NL", "GWY", "old"),
            lambda: None,
        ),
        (
            SessionParcel(session(), None),
            "PUT",
            "sessions",
            ("NL", "GWY", "session-1"),
            lambda: v221.write_session(session(), None),
        ),
        (CdrParcel(cdr()), "POST", "cdrs", (), lambda: v221.write_cdr(cdr())),
    ],
)
def test_tr_25_every_parcel_has_its_request(
    parcel: Parcel, method: str, module: str, path: tuple[str, ...], body: Body
) -> None:
    request = v221.request_for(parcel, partner())
    assert (request.method, request.module, request.path, request.body) == (method, module, path, body())
    assert request.sender == CPO


def roles(*parties: Party, role: Role = Role.EMSP) -> tuple[PartnerRole, ...]:
    return tuple(PartnerRole(role, party, "someone") for party in parties)


@pytest.mark.parametrize(
    ("partner_roles", "receiver"),
    [
        (roles(EMSP), EMSP),
        (roles(EMSP, OTHER_EMSP), EMSP),
        (roles(OTHER_EMSP), OTHER_EMSP),
        (roles(OTHER_EMSP, Party("FR", "OTH")), None),
        (roles(Party("NL", "HUB"), role=Role.HUB), EMSP),
    ],
)
def test_tr_39_sessions_and_cdrs_go_to_the_drivers_party_and_places_to_the_only_one(
    partner_roles: tuple[PartnerRole, ...], receiver: Party | None
) -> None:
    parcels: tuple[Parcel, ...] = (SessionParcel(session(), None), CdrParcel(cdr()))
    for parcel in parcels:
        assert v221.request_for(parcel, partner(roles=partner_roles)).receiver == receiver
    to_all = v221.request_for(LocationParcel(location()), partner(roles=partner_roles)).receiver
    only = partner_roles[0].party if len(partner_roles) == 1 else None
    assert to_all == only


def test_half_a_second_does_not_appear() -> None:
    late = cdr(ended_at=at(5400) + timedelta(milliseconds=500))
    assert v221.write_cdr(late)["end_date_time"] == "2026-11-22T13:30:00Z"
