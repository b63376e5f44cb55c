# ruff: noqa: E501 - a table is read along its lines
"""Commands to OCPP 1.6 calls and answers to outcomes; every call keeps the official schema."""

from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest

from gateway.domain.commands import (
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    ClearChargingProfile,
    Command,
    CommandAnswer,
    ConfigurationKey,
    GetCompositeSchedule,
    GetConfiguration,
    Outcome,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    Reset,
    SetChargingProfile,
    Trigger,
    UnlockConnector,
)
from gateway.domain.errors import InvalidInput
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorNumber, TransactionRef
from gateway.domain.profiles import ActiveProfile, ChargingProfile, ProfilePeriod, RateUnit
from ocpp_side.translate.v16_commands import answer_of, call_of
from ocpp_side.v16 import V16

ONE = ConnectorNumber(1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERIODS = (ProfilePeriod(0, Decimal("16.1")), ProfilePeriod(60, Decimal(0)))
ABSOLUTE = ChargingProfile(RateUnit.AMPERE, PERIODS, NOON, 3600, Decimal("6.0"))


@pytest.mark.parametrize(
    ("command", "action", "payload"),
    [
        (RemoteStart(IdToken("A"), ONE), "RemoteStartTransaction", '{"connectorId":1,"idTag":"A"}'),
        (RemoteStart(IdToken("A" * 20)), "RemoteStartTransaction", '{"idTag":"AAAAAAAAAAAAAAAAAAAA"}'),
        (RemoteStop(TransactionRef("7")), "RemoteStopTransaction", '{"transactionId":7}'),
        (Reset(), "Reset", '{"type":"Soft"}'),
        (Reset(hard=True), "Reset", '{"type":"Hard"}'),
        (UnlockConnector(ONE), "UnlockConnector", '{"connectorId":1}'),
        (Trigger("Heartbeat"), "TriggerMessage", '{"requestedMessage":"Heartbeat"}'),
        (Trigger("MeterValues", ONE), "TriggerMessage", '{"requestedMessage":"MeterValues","connectorId":1}'),
        (ChangeAvailability(operative=True), "ChangeAvailability", '{"connectorId":0,"type":"Operative"}'),
        (ChangeAvailability(operative=False, number=ONE), "ChangeAvailability", '{"connectorId":1,"type":"Inoperative"}'),
        (GetConfiguration(), "GetConfiguration", "{}"),
        (GetConfiguration(("A", "B")), "GetConfiguration", '{"key":["A","B"]}'),
        (ChangeConfiguration("K", "V"), "ChangeConfiguration", '{"key":"K","value":"V"}'),
        (ClearCache(), "ClearCache", "{}"),
        (ReserveNow(9, ONE, IdToken("A"), NOON), "ReserveNow", '{"connectorId":1,"expiryDate":"2026-11-22T12:00:00.000Z","idTag":"A","reservationId":9}'),
        (CancelReservation(9), "CancelReservation", '{"reservationId":9}'),
        (ClearChargingProfile(4), "ClearChargingProfile", '{"id":4}'),
        (GetCompositeSchedule(ONE, 600), "GetCompositeSchedule", '{"connectorId":1,"duration":600}'),
        (GetCompositeSchedule(ONE, 600, RateUnit.WATT), "GetCompositeSchedule", '{"connectorId":1,"duration":600,"chargingRateUnit":"W"}'),
    ],
)  # fmt: skip
def test_calls(command: Command, action: str, payload: str) -> None:
    """Compact, in the order of the schema, and valid by it."""
    called, body = call_of(command)
    assert (called, orjson.dumps(body).decode()) == (action, payload)
    assert V16.schemas.valid(action, body)


def test_profiles() -> None:
    """M60, C24: a TxProfile of the transaction; absolute where a start is named, else relative."""
    action, body = call_of(SetChargingProfile(4, ONE, TransactionRef("7"), ABSOLUTE))
    assert action == "SetChargingProfile"
    assert V16.schemas.valid(action, body)
    assert body["csChargingProfiles"] == {
        "chargingProfileId": 4,
        "transactionId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "duration": 3600,
            "startSchedule": "2026-11-22T12:00:00.000Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}, {"startPeriod": 60, "limit": 0}],
            "minChargingRate": 6,
        },
    }
    _, body = call_of(
        SetChargingProfile(4, ONE, TransactionRef("7"), ChargingProfile(RateUnit.WATT, PERIODS))
    )
    assert V16.schemas.valid(action, body)
    assert '"chargingProfileKind":"Relative"' in orjson.dumps(body).decode()


@pytest.mark.parametrize(
    ("answer", "schedule"),
    [
        ({"status": "Accepted", "scheduleStart": "2026-11-22T12:00:00Z", "chargingSchedule": {"chargingRateUnit": "A", "duration": 3600, "minChargingRate": 6.0, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}, {"startPeriod": 60, "limit": "0"}]}},
         ActiveProfile(NOON, ChargingProfile(RateUnit.AMPERE, PERIODS, None, 3600, Decimal("6.0")))),
        ({"status": "Accepted"}, None),
        ({"status": "Accepted", "scheduleStart": "2026-11-22T12:00:00Z", "chargingSchedule": {"chargingRateUnit": "X"}}, None),
        ({"status": "Rejected"}, None),
    ],
)  # fmt: skip
def test_composite_schedules(answer: dict[str, object], schedule: ActiveProfile | None) -> None:
    """M62: what is in force, or nothing where the charger does not say it readably."""
    assert answer_of(GetCompositeSchedule(ONE, 3600), answer).schedule == schedule


@pytest.mark.parametrize(
    "command", [RemoteStart(IdToken("A" * 21)), RemoteStart(IdToken("")), RemoteStop(TransactionRef("abc"))]
)
def test_what_1_6_cannot_say(command: Command) -> None:
    """M21: an idTag has at most 20 characters; transactions are numbers."""
    with pytest.raises(InvalidInput):
        call_of(command)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Accepted", Outcome.ACCEPTED), ("accepted", Outcome.ACCEPTED), ("Rejected", Outcome.REJECTED),
        ("Scheduled", Outcome.SCHEDULED), ("RebootRequired", Outcome.REBOOT_REQUIRED),
        ("NotSupported", Outcome.NOT_SUPPORTED), ("NotImplemented", Outcome.NOT_SUPPORTED),
        ("Unlocked", Outcome.ACCEPTED), ("UnlockFailed", Outcome.FAILED), ("Occupied", Outcome.OCCUPIED), ("Faulted", Outcome.FAULTED),
        ("Unavailable", Outcome.UNAVAILABLE), ("Unknown", Outcome.UNKNOWN), ("Whatever", Outcome.FAILED), (None, Outcome.FAILED),
    ],
)  # fmt: skip
def test_answers(word: str | None, outcome: Outcome) -> None:
    """Q42, Q43: Scheduled is a success of its own; unknown words fail, and are shown."""
    assert answer_of(ClearCache(), {"status": word}) == CommandAnswer(outcome, word or "")


def test_configuration() -> None:
    """Q41: values that are no text are shown as text; a key may have no value."""
    payload = {
        "configurationKey": [
            {"key": "A", "readonly": True, "value": 5},
            {"key": "B", "readonly": False},
            "rubbish",
        ],
        "unknownKey": ["C"],
    }
    answer = answer_of(GetConfiguration(), payload)
    assert answer.configuration == (ConfigurationKey("A", "5", True), ConfigurationKey("B", None, False))
    assert answer.unknown_keys == ("C",)
    assert answer_of(GetConfiguration(), {"unknownKey": 5}) == CommandAnswer(Outcome.ACCEPTED)
