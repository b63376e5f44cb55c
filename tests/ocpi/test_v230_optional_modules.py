"""Payments and bookings are models and no more: they are read and written, and not offered (VER-04)."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.domain.errors import InvalidInput
from ocpi import v230
from ocpi import wire as types
from ocpi.v230.wire import bookings, payments
from tests.ocpi.versions_material import sent

STAMP = "2026-11-22T12:00:00Z"
PERIOD = {"start_date_time": STAMP, "end_date_time": "2026-11-22T13:00:00Z"}
TERMINAL = {
    "terminal_id": "T-1",
    "invoice_base_url": "https://invoices.example/",
    "invoice_creator": "PTP",
    "location_ids": ["LOC1"],
    "last_updated": STAMP,
}
ADVICE = {
    "id": "A-1",
    "authorization_reference": "R-1",
    "total_costs": {
        "before_taxes": 10,
        "taxes": [{"name": "VAT", "percentage": 21, "amount": Decimal("2.1")}],
    },
    "currency": "EUR",
    "eft_data": ["CARD ENDING 1234"],
    "capture_status_code": "SUCCESS",
    "last_updated": STAMP,
}
TERMS = {"supported_access_methods": ["TOKEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}
REQUEST = {
    "country_code": "NL",
    "party_id": "EMS",
    "request_id": "B-1",
    "location_id": "LOC1",
    "booking_location_id": "BL-1",
    "period": PERIOD,
    "authorization_reference": "R-1",
}
BOOKING = {
    "country_code": "NL",
    "party_id": "GWY",
    "id": "BK-1",
    "request_id": "B-1",
    "booking_option": {"evse_uid": "EVSE-1", "vehicle_types": ["VAN"], "max_vehicle_height": 210},
    "location_id": "LOC1",
    "period": {**PERIOD, "max_power": 11000},
    "reservation_status": "RESERVED",
    "authorization_reference": "R-1",
    "booking_terms": TERMS,
    "booking_requests": [
        {"request_status": "ACCEPTED", "booking_request": REQUEST, "request_received": STAMP}
    ],
    "last_updated": STAMP,
}
PLACE = {
    "country_code": "NL",
    "party_id": "GWY",
    "id": "BL-1",
    "location_id": "LOC1",
    "policy": {"reservation_required": True},
    "calendars": [
        {
            "id": "C-1",
            "begin_from": STAMP,
            "end_before": "2026-11-23T12:00:00Z",
            "available_timeslots": [PERIOD],
            "last_updated": STAMP,
        }
    ],
    "last_updated": STAMP,
}
OBJECTS: list[tuple[type[types.Wire], dict[str, Any]]] = [
    (payments.Terminal, TERMINAL),
    (payments.FinancialAdviceConfirmation, ADVICE),
    (bookings.Booking, BOOKING),
    (bookings.BookingLocation, PLACE),
]


@pytest.mark.parametrize(("model", "value"), OBJECTS, ids=[model.__name__ for model, _ in OBJECTS])
def test_objects_come_back_unchanged(model: type[types.Wire], value: dict[str, Any]) -> None:
    assert sent(types.write(types.read(model, value))) == value


@pytest.mark.parametrize(
    ("model", "value", "field"),
    [
        (payments.FinancialAdviceConfirmation, {**ADVICE, "eft_data": []}, "eft_data"),
        (bookings.Booking, {**BOOKING, "reservation_status": "MAYBE"}, "reservation_status"),
        (bookings.BookingLocation, {**PLACE, "calendars": [{}]}, r"calendars\[0\].id"),
    ],
)
def test_broken_objects_are_refused_by_field(model: type[types.Wire], value: Any, field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        types.read(model, value)


def test_ver_04_they_are_not_offered() -> None:
    assert not {"payments", "bookings"} & {module for module, _ in v230.MODULES}
