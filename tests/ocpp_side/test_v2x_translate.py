"""OCPP 2.x payloads to events and decisions to payloads, as tables (sections 2.D, 2.E and Q45 to Q48)."""

import base64
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gateway.app.reporting import Reported
from gateway.domain import commands as c
from gateway.domain import device_commands as d
from gateway.domain import network_profiles as n
from gateway.domain import station_commands as s
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.capabilities import with_said
from gateway.domain.errors import InvalidInput
from gateway.domain.events import IdToken, PlugStatus, ReservationEnded, TransactionPhase
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.limits import SessionLimit
from gateway.domain.profiles import ChargingProfile, ProfilePeriod, RateUnit
from gateway.domain.readings import ChargingState, Measurand, ReadingContext, ReadingPlace
from gateway.domain.tariffs import DayOfWeek, Dimension, Price, Restrictions, TariffElement
from ocpp_side.frames import write_call
from ocpp_side.translate import v2x, v2x_commands, v2x_events, v21_commands
from ocpp_side.translate.lenient import Payload
from ocpp_side.translate.v2x_readings import read_samples
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from tests import builders as b

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CP = ChargerId("CP-1")
WHEN = "2026-11-22T11:00:00Z"
PLUG = ConnectorNumber(1, 2)


def event(**more: object) -> Payload:
    info = {"transactionId": "tx-1", **more.pop("info", {})}  # type: ignore[dict-item]
    usual = {"eventType": "Updated", "timestamp": WHEN, "triggerReason": "Trigger", "seqNo": 3}
    return {**usual, "transactionInfo": info, **more}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (event(eventType="Started"), {"phase": TransactionPhase.STARTED, "sequence": 3, "number": None}),
        (event(evse={"id": 2}), {"number": ConnectorNumber(2, 0)}),
        (event(evse={"id": "2", "connectorId": 1.0}), {"number": ConnectorNumber(2, 1)}),
        (event(evse=[1]), {"number": None}),
        (event(seqNo=None), {"sequence": 0}),
        (event(seqNo=-4), {"sequence": 0}),
        (event(info={"chargingState": "EVConnected"}), {"state": ChargingState.IDLE}),
        (event(info={"chargingState": "suspendedEV"}), {"state": ChargingState.SUSPENDED_EV}),
        (event(info={"chargingState": "Something"}), {"state": None}),
        (event(info={"remoteStartId": 7, "stoppedReason": "Odd"}), {"remote_start_id": 7, "reason": "Odd"}),
        (event(triggerReason="TxResumed"), {"trigger": "TxResumed"}),
        (event(triggerReason=None), {"trigger": None}),
        (event(offline=True, reservationId=4), {"offline": True, "reservation_id": 4}),
        (event(idToken={"idToken": "", "type": "NoAuthorization"}), {"id_token": None}),
        (event(idToken={"idToken": "button", "type": "NoAuthorization"}), {"id_token": None}),
        (event(idToken={"idToken": "x" * 255, "type": "VIN"}), {"id_token": IdToken("x" * 255, "VIN")}),
        (event(timestamp="1970-01-01T00:00:00Z"), {"at": NOW, "clock_suspect": True}),
    ],
)
def test_transaction_events(payload: Payload, expected: dict[str, object]) -> None:
    """D08, D11, D12, E02, E06, Q20, Q45, Q46: as much as can be read is read."""
    read = v2x.transaction_reported(CP, payload, NOW)
    assert {name: getattr(read.event, name) for name in expected} == expected
    assert read.lost == ()


@pytest.mark.parametrize("payload", [{}, event(eventType="Paused"), event(info={"transactionId": ""})])
def test_events_that_cannot_be_attributed(payload: Payload) -> None:
    """D25: refused here, which puts them aside."""
    with pytest.raises(InvalidInput):
        v2x.transaction_reported(CP, payload, NOW)


@pytest.mark.parametrize(
    ("sampled", "measurand", "value"),
    [
        ({"value": 1500}, Measurand.IMPORT_REGISTER_WH, "1500"),
        ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, Measurand.IMPORT_REGISTER_WH, "1500.0"),
        ({"value": 15, "unitOfMeasure": {"multiplier": 2}}, Measurand.IMPORT_REGISTER_WH, "1500"),
        (
            {"value": 15, "unitOfMeasure": {"unit": "kWh", "multiplier": -1}},
            Measurand.IMPORT_REGISTER_WH,
            "1500",
        ),
        (
            {
                "value": 11,
                "measurand": "Power.Active.Import",
                "unitOfMeasure": {"unit": "W", "multiplier": 3},
            },
            Measurand.IMPORT_POWER_W,
            "11000",
        ),
        ({"value": 3, "measurand": "Energy.Active.Export.Register"}, Measurand.EXPORT_REGISTER_WH, "3"),
        ({"value": "55", "measurand": "SoC"}, Measurand.STATE_OF_CHARGE_PERCENT, "55"),
    ],
)
def test_units_and_multipliers(sampled: Payload, measurand: Measurand, value: str) -> None:
    """D14, E09: value x 10^multiplier in the unit, Wh where none is named; a number, or a text with one."""
    (sample,) = read_samples([{"timestamp": WHEN, "sampledValue": [sampled]}], NOW).samples
    (reading,) = sample.readings
    assert (reading.measurand, reading.value) == (measurand, Decimal(value))


@pytest.mark.parametrize(
    "sampled",
    [
        {"value": "many"},
        {"value": 1, "unitOfMeasure": {"unit": "Furlong"}},
        {"value": 1, "unitOfMeasure": {"multiplier": 40}},
        {"value": 1, "signedMeterValue": {}},
    ],
)
def test_lost_energy_is_named(sampled: Payload) -> None:
    """D14, D15: what might have been money is not dropped in silence."""
    assert len(read_samples([{"timestamp": WHEN, "sampledValue": [sampled]}], NOW).lost) == 1


def test_the_place_and_the_context() -> None:
    """D14, M45: upstream values are no values of the session."""
    row = {"value": 1, "location": "Upstream", "context": "Transaction.End", "phase": "L1"}
    (sample,) = read_samples([{"timestamp": WHEN, "sampledValue": [row]}], NOW).samples
    (reading,) = sample.readings
    assert (reading.place, reading.context, reading.phase) == (
        ReadingPlace.UPSTREAM, ReadingContext.END, "L1",
    )  # fmt: skip


OCMF = 'OCMF|{"FV":"1.0","RD":[]}|{"SD":"00"}'


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (base64.b64encode(OCMF.encode()).decode(), OCMF),
        (OCMF, OCMF),
        ("deadbeef" * 8, "deadbeef" * 8),
        (base64.b64encode(b"\xff\x00binary").decode(), base64.b64encode(b"\xff\x00binary").decode()),
        (base64.b64encode(OCMF.encode() * 200).decode(), OCMF * 200),
    ],
)
def test_signed_values_are_byte_exact(sent: str, kept: str) -> None:
    """D15, Q47, M53: Base64 is taken off only where that is exact; any length; an empty key is none."""
    signed = {"signedMeterData": sent, "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": ""}
    row = {"value": 1, "context": "Transaction.Begin", "signedMeterValue": signed}
    (sample,) = read_samples([{"timestamp": WHEN, "sampledValue": [row]}], NOW).samples
    (reading,) = sample.signed
    assert (reading.data, reading.public_key, reading.context) == (kept, None, ReadingContext.BEGIN)
    assert len(sample.readings) == 1


@pytest.mark.parametrize(
    ("payload", "number", "status"),
    [
        ({"evseId": 1, "connectorId": 2, "connectorStatus": "Occupied"}, PLUG, PlugStatus.OCCUPIED),
        (
            {"evseId": 0, "connectorId": 0, "connectorStatus": "Faulted"},
            ConnectorNumber(0),
            PlugStatus.FAULTED,
        ),
        ({"evseId": 1, "connectorStatus": "Charging"}, ConnectorNumber(1), PlugStatus.CHARGING),
    ],
)
def test_statuses(payload: Payload, number: ConnectorNumber, status: PlugStatus) -> None:
    """D05, Q09: also for the charger itself and with words of 1.6."""
    read = v2x.status_changed(CP, {"timestamp": WHEN, **payload}, NOW)
    assert (read.number, read.status) == (number, status)


@pytest.mark.parametrize(
    "payload", [{"evseId": 1, "connectorStatus": "Parked"}, {"connectorStatus": "Occupied"}]
)
def test_statuses_nobody_knows(payload: Payload) -> None:
    """Q14."""
    with pytest.raises(InvalidInput):
        v2x.status_changed(CP, payload, NOW)


def test_availability_by_event() -> None:
    """E01: every AvailabilityState among the events, the others are left out."""

    def row(name: str, value: str, evse: Payload | None) -> Payload:
        component = {"name": "Connector", **({"evse": evse} if evse else {})}
        return {"timestamp": WHEN, "actualValue": value, "component": component, "variable": {"name": name}}

    payload = {
        "eventData": [
            row("AvailabilityState", "Occupied", {"id": 1, "connectorId": 2}),
            row("AvailabilityState", "Unavailable", None),
            row("AvailabilityState", "Sleeping", {"id": 1}),
            row("Problem", "true", {"id": 1}),
        ]
    }
    found = v2x_events.availabilities(CP, payload, NOW)
    assert [(e.number, e.status) for e in found] == [
        (PLUG, PlugStatus.OCCUPIED), (ConnectorNumber(0), PlugStatus.UNAVAILABLE),
    ]  # fmt: skip


def test_a_part_of_the_device_model() -> None:
    """D02: one name for component and variable, wherever they are."""
    row = {
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "ConnectorType", "instance": "A"},
        "variableAttribute": [{"value": "sType2", "mutability": "ReadOnly"}, {"type": "Target"}],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }
    read = v2x_events.variables_reported(
        CP, {"requestId": 5, "seqNo": 2, "tbc": True, "reportData": [row]}, NOW
    )
    assert (read.request_id, read.part, read.last) == (5, 2, False)
    assert [(v.path, v.attribute, v.value) for v in read.variables] == [
        ("Connector@1.2/ConnectorType[A]", "Actual", "sType2"),
        ("Connector@1.2/ConnectorType[A]", "Target", None),
    ]


ALLOWED = Authorization(Verdict.ALLOWED, "in the test")
CARD = {"idToken": {"idToken": "X", "type": "ISO14443"}}


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (Verdict.ALLOWED, "Accepted"),
        (Verdict.BLOCKED, "Blocked"),
        (Verdict.EXPIRED, "Expired"),
        (Verdict.NO_CREDIT, "NoCredit"),
        (Verdict.NOT_ALLOWED, "NotAtThisLocation"),
        (Verdict.UNKNOWN, "Unknown"),
    ],
)
def test_verdicts(verdict: Verdict, word: str) -> None:
    """D06, 4.D.4."""
    assert v2x.card_answer(Authorization(verdict, "x"), {})["idTokenInfo"] == {"status": word}


def test_everything_a_decision_may_say() -> None:
    """D06, M11, M12: valid for both schemas."""
    told = replace(ALLOWED, expires_at=NOW, language="en", group_id="G" * 40, message="Hello", only_at=(1, 3))
    answer = v2x.card_answer(told, {"certificate": "PEM"})
    assert answer["certificateStatus"] == "NoCertificateAvailable"
    info = answer["idTokenInfo"]
    assert isinstance(info, dict)
    assert info["groupIdToken"] == v2x.group_token("g" * 40)
    assert len(str(v2x.group_token("g" * 40)["idToken"])) == 16
    assert info["evseId"] == [1, 3]
    assert info["personalMessage"] == {"format": "UTF8", "language": "en", "content": "Hello"}


@pytest.mark.parametrize(
    ("reported", "payload", "answer"),
    [
        (Reported(), {}, {}),
        (
            Reported(),
            {"idToken": {"idToken": "", "type": "NoAuthorization"}},
            {"idTokenInfo": {"status": "Accepted"}},
        ),
        (Reported(ALLOWED), CARD, {"idTokenInfo": {"status": "Accepted"}}),
        (Reported(None, Price(Decimal("1.2"), Decimal("1.4520"))), {}, {"totalCost": 1.452}),
        (Reported(None, Price(Decimal(3))), {}, {"totalCost": 3}),
    ],
)
def test_answers_to_events(reported: Reported, payload: Payload, answer: Payload) -> None:
    """D07, D09, D21: a decision whenever a card was in it; the cost with taxes where they are known."""
    assert v2x.reported_answer(reported, payload) == answer


CERTIFICATE = s.CertificateHash("SHA256", "aa", "bb", "01")
PROFILE = ChargingProfile(RateUnit.WATT, (ProfilePeriod(0, Decimal(11000)),), NOW, 3600)
TX = TransactionRef("tx-1")
NETWORK_PROFILE = n.NetworkProfile(4, "wss://gateway.example/ocpp", 2, n.NetworkInterface.WIRELESS_0, 45)
REQUESTS: list[tuple[c.Command, str]] = [
    (c.RemoteStart(IdToken("X", "RFID"), PLUG, 5), "RequestStartTransaction"),
    (c.RemoteStart(IdToken("X")), "RequestStartTransaction"),
    (c.RemoteStop(TX), "RequestStopTransaction"),
    (c.Reset(hard=True), "Reset"),
    (c.UnlockConnector(PLUG), "UnlockConnector"),
    (c.Trigger("StatusNotification", PLUG), "TriggerMessage"),
    (c.Trigger("DiagnosticsStatusNotification"), "TriggerMessage"),
    (c.ChangeAvailability(operative=False), "ChangeAvailability"),
    (c.ChangeAvailability(operative=True, number=PLUG), "ChangeAvailability"),
    (c.GetConfiguration(("OCPPCommCtrlr/HeartbeatInterval", "EVSE@1.2/Power[x]")), "GetVariables"),
    (c.GetConfiguration(), "GetBaseReport"),
    (c.ChangeConfiguration("OCPPCommCtrlr.HeartbeatInterval", "60"), "SetVariables"),
    (c.ClearCache(), "ClearCache"),
    (c.ReserveNow(7, PLUG, IdToken("X", "RFID"), NOW), "ReserveNow"),
    (c.CancelReservation(7), "CancelReservation"),
    (c.SetChargingProfile(3, PLUG, TX, PROFILE), "SetChargingProfile"),
    (c.ClearChargingProfile(3), "ClearChargingProfile"),
    (c.GetCompositeSchedule(PLUG, 600, RateUnit.AMPERE), "GetCompositeSchedule"),
    (d.GetTransactionStatus(TX), "GetTransactionStatus"),
    (d.ReportVariables(9), "GetBaseReport"),
    (d.CustomerInformation(4, "X"), "CustomerInformation"),
    (d.ShowCost(TX, Price(Decimal("1.25"), Decimal("1.5125"))), "CostUpdated"),
    (s.SendLocalList(3, (s.LocalListEntry("X", Verdict.ALLOWED, NOW, "G"),)), "SendLocalList"),
    (s.SendLocalList(4, (s.LocalListEntry("X", None),), full=False), "SendLocalList"),
    (s.SendLocalList(5, ()), "SendLocalList"),
    (s.GetLocalListVersion(), "GetLocalListVersion"),
    (s.UpdateFirmware(1, "https://x/fw", NOW, NOW, 3, 60, "PEM", "sig"), "UpdateFirmware"),
    (s.GetLog(1, "https://x/log", s.LogKind.SECURITY, NOW, NOW, 1, 2), "GetLog"),
    (s.GetDiagnostics("https://x/log"), "GetLog"),
    (s.InstallCertificate(s.CertificateUse.V2G_ROOT, "PEM"), "InstallCertificate"),
    (s.DeleteCertificate(CERTIFICATE), "DeleteCertificate"),
    (s.GetInstalledCertificates(s.CertificateUse.CENTRAL_SYSTEM_ROOT), "GetInstalledCertificateIds"),
    (s.CertificateSigned("PEM"), "CertificateSigned"),
    (s.SendData("vendor", "m", "d"), "DataTransfer"),
    (n.SetNetworkProfile(NETWORK_PROFILE), "SetNetworkProfile"),
]


@pytest.mark.parametrize(("command", "action"), REQUESTS, ids=str)
def test_requests(command: c.Command, action: str) -> None:
    """D03, D04, D13, D16 to D22: every command is valid by the schemas of both versions."""
    for version in (V201, V21):
        called, payload = version.call_of(command)
        assert called == action
        assert version.schemas.broken(action, payload) == []


@pytest.mark.parametrize("command", [c.GetConfiguration(("no path",)), c.RemoteStart(IdToken("X" * 37))])
def test_what_cannot_be_said(command: c.Command) -> None:
    """Q46: an error here, not at the charger."""
    with pytest.raises(InvalidInput):
        V21.call_of(command)


@pytest.mark.parametrize(
    "command",
    [
        d.SetDefaultTariff(0, b.tariff()),
        n.SetNetworkProfile(NETWORK_PROFILE, "CP-1", "a-password-of-its-own"),
        n.SetNetworkProfile(replace(NETWORK_PROFILE, interface=n.NetworkInterface.ANY)),
        n.SetNetworkProfile(replace(NETWORK_PROFILE, url="wss://gateway.example/" + "x" * 500)),
    ],
)
def test_what_2_1_alone_can_say(command: c.Command) -> None:
    """E04, E13: tariffs; profiles with a password, for any interface, with long URLs."""
    assert V21.schemas.broken(*V21.call_of(command)) == []
    with pytest.raises(InvalidInput):
        V201.call_of(command)


def test_a_network_profile_says_who_connects() -> None:
    """D03, E13: every field has its place; identity and password are there in 2.1 alone."""
    about = {"ocppCsmsUrl": "wss://gateway.example/ocpp", "messageTimeout": 45, "securityProfile": 2}
    about |= {"ocppInterface": "Wireless0", "ocppTransport": "JSON"}
    _, payload = V201.call_of(n.SetNetworkProfile(NETWORK_PROFILE))
    assert payload == {"configurationSlot": 4, "connectionData": {**about, "ocppVersion": "OCPP20"}}
    _, payload = V21.call_of(n.SetNetworkProfile(NETWORK_PROFILE, "CP-1", "a-password-of-its-own"))
    who = {"identity": "CP-1", "basicAuthPassword": "a-password-of-its-own"}
    assert payload == {"configurationSlot": 4, "connectionData": {**about, **who}}


@pytest.mark.parametrize(
    ("most_bytes", "sizes"),
    [(None, [5]), (10_000, [5]), (370, [4, 1]), (210, [2, 2, 1]), (1, [1, 1, 1, 1, 1])],
)
def test_questions_are_as_short_as_a_charger_says(most_bytes: int | None, sizes: list[int]) -> None:
    """D03: BytesPerMessage[GetVariables] counts the whole request; all is asked for, in order."""
    keys = tuple(f"Component/Name{n}" for n in range(5))
    parts = list(v2x_commands.parts_of(c.GetConfiguration(keys, most_bytes)))
    asked = [p.keys for p in parts if isinstance(p, c.GetConfiguration)]
    assert [len(keys) for keys in asked] == sizes
    assert sum(asked, ()) == keys
    for part in parts:
        request = write_call(str(uuid.uuid4()), *V201.call_of(part))
        assert most_bytes in (None, 1) or len(request) <= most_bytes


def test_a_setting_that_is_too_long_is_not_sent() -> None:
    """D03: BytesPerMessage[SetVariables] counts the whole request; to the byte, and said in words."""
    for version in (V201, V21):
        said = version.call_of(c.ChangeConfiguration("Component/Name", "ä" * 100))
        size = len(write_call(str(uuid.uuid4()), *said))
        assert version.call_of(c.ChangeConfiguration("Component/Name", "ä" * 100, size)) == said
        with pytest.raises(InvalidInput, match=f"at most {size - 1} bytes"):
            version.call_of(c.ChangeConfiguration("Component/Name", "ä" * 100, size - 1))


def test_long_lists_of_variables_are_split() -> None:
    """D03: no more at once than a charger takes."""
    parts = v2x_commands.parts_of(c.GetConfiguration(tuple(f"C/V{n}" for n in range(25))))
    assert [len(part.keys) for part in parts if isinstance(part, c.GetConfiguration)] == [10, 10, 5]


@pytest.mark.parametrize(
    ("command", "payload", "outcome"),
    [
        (c.RemoteStop(TX), {"status": "Accepted"}, c.Outcome.ACCEPTED),
        (c.Reset(), {"status": "Scheduled"}, c.Outcome.SCHEDULED),
        (c.UnlockConnector(PLUG), {"status": "OngoingAuthorizedTransaction"}, c.Outcome.TRANSACTION_ONGOING),
        (c.UnlockConnector(PLUG), {"status": "UnknownConnector"}, c.Outcome.UNKNOWN_CONNECTOR),
        (c.ReserveNow(1, PLUG, IdToken("X"), NOW), {"status": "Occupied"}, c.Outcome.OCCUPIED),
        (c.ClearCache(), {"status": "Odd"}, c.Outcome.FAILED),
        (c.ClearCache(), {}, c.Outcome.FAILED),
        (
            c.ChangeConfiguration("C/V", "1"),
            {"setVariableResult": [{"attributeStatus": "RebootRequired"}]},
            c.Outcome.REBOOT_REQUIRED,
        ),
        (s.GetLog(1, "x"), {"status": "AcceptedCanceled", "filename": "a"}, c.Outcome.ACCEPTED),
        (d.ShowCost(TX, Price(Decimal(1))), {}, c.Outcome.ACCEPTED),
        (s.GetLocalListVersion(), {"versionNumber": 3}, c.Outcome.ACCEPTED),
        (s.SendData("v"), {"status": "Accepted", "data": "x"}, c.Outcome.ACCEPTED),
    ],
)
def test_answers(command: c.Command, payload: Payload, outcome: c.Outcome) -> None:
    """D04, D17, D18, D19: what a charger's words mean."""
    assert V201.answer_of(command, payload).outcome is outcome


def test_variables_that_were_read() -> None:
    """D03: a result for each, also for those that do not exist."""

    def row(status: str, value: str | None = None) -> Payload:
        named = {"component": {"name": "C"}, "variable": {"name": "V"}}
        return {**named, "attributeStatus": status, "attributeValue": value}

    rows = [row("Accepted", "60"), row("UnknownVariable")]
    answer = V201.answer_of(c.GetConfiguration(("C/V",)), {"getVariableResult": rows})
    assert [(key.key, key.value) for key in answer.configuration] == [("C/V", "60")]
    assert answer.unknown_keys == ("C/V",)


def test_whether_a_transaction_runs() -> None:
    """D13: without an indicator the charger does not know it."""
    ask = d.GetTransactionStatus(TX)
    answer = V201.answer_of(ask, {"ongoingIndicator": True, "messagesInQueue": True})
    assert (answer.ongoing, answer.messages_wait) == (True, True)
    assert V201.answer_of(ask, {"messagesInQueue": False}).ongoing is None


def test_a_composite_schedule() -> None:
    """D20, M62."""
    period = {"startPeriod": 0, "limit": 16.0}
    schedule = {
        "evseId": 1, "duration": 600, "scheduleStart": WHEN, "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
    }  # fmt: skip
    ask = c.GetCompositeSchedule(PLUG, 600)
    answer = V201.answer_of(ask, {"status": "Accepted", "schedule": schedule})
    assert answer.schedule is not None
    assert answer.schedule.profile.periods == (ProfilePeriod(0, Decimal("16.0")),)
    assert V201.answer_of(ask, {"status": "Accepted"}).schedule is None


@pytest.mark.parametrize(
    ("unit", "period", "limit"),
    [
        ("A", {"limit": 16, "limit_L2": 10, "limit_L3": 13.5}, "10"),
        ("W", {"limit": 3600, "limit_L2": 1000.5, "limit_L3": 0}, "4600.5"),
        ("A", {"limit_L2": 10, "numberPhases": 1}, "10"),
        ("A", {}, "-1"),
        ("A", {"limit": -1}, "-1"),
    ],
)
def test_limits_of_a_composite_schedule(unit: str, period: Payload, limit: str) -> None:
    """E08, M62: what each phase may take is one limit to partners; a period that names none has none."""
    periods = [{"startPeriod": 0, "limit": 6}, {"startPeriod": 60, **period}]
    schedule = {
        "evseId": 1, "duration": 600, "scheduleStart": WHEN, "chargingRateUnit": unit,
        "chargingSchedulePeriod": periods,
    }  # fmt: skip
    answer = V21.answer_of(c.GetCompositeSchedule(PLUG, 600), {"status": "Accepted", "schedule": schedule})
    assert answer.schedule is not None
    assert answer.schedule.profile.periods == (
        ProfilePeriod(0, Decimal(6)),
        ProfilePeriod(60, Decimal(limit)),
    )


def test_triggers_by_a_chargers_own_words() -> None:
    """E13: new in 2.1; the words of the specification go out as such."""
    action, payload = V21.call_of(c.Trigger("PowerReport", PLUG))
    assert (payload["requestedMessage"], payload["customTrigger"]) == ("CustomTrigger", "PowerReport")
    assert V21.schemas.broken(action, payload) == []
    _, usual = V21.call_of(c.Trigger("SignChargePointCertificate"))
    assert usual == {"requestedMessage": "SignChargingStationCertificate"}


def test_installed_certificates() -> None:
    """B08."""
    names = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "01"}
    payload = {"status": "Accepted", "certificateHashDataChain": [{"certificateHashData": names}, {}]}
    ask = s.GetInstalledCertificates(s.CertificateUse.V2G_ROOT)
    assert V201.answer_of(ask, payload).certificates == (CERTIFICATE,)


def test_a_tariff_for_a_charger() -> None:
    """E04: the OCPI tariff as SetDefaultTariff, valid by the schema of 2.1."""
    night = Restrictions(day_of_week=(DayOfWeek.SUNDAY,), min_kwh=Decimal(5), max_power_kw=Decimal("7.4"))
    tariff = b.tariff(b.component(Dimension.ENERGY, "0.30"), b.component(Dimension.PARKING_TIME, "6"))
    cheap = TariffElement((b.component(Dimension.ENERGY, "0.20"),), night)
    tariff = replace(tariff, elements=(cheap, *tariff.elements), max_price=Price(Decimal(20)))
    action, payload = V21.call_of(d.SetDefaultTariff(0, tariff))
    assert V21.schemas.broken(action, payload) == []
    sent = payload["tariff"]
    assert isinstance(sent, dict)
    conditions = {"dayOfWeek": ["Sunday"], "minEnergy": 5000, "maxPower": 7400}
    assert sent["energy"] == {
        "prices": [{"priceKwh": 0.2, "conditions": conditions}, {"priceKwh": 0.3}],
        "taxRates": [{"type": "vat", "tax": 21}],
    }
    assert sent["idleTime"]["prices"] == [{"priceMinute": 0.1}]
    assert sent["maxCost"] == {"exclTax": 20}


def test_tariffs_a_charger_would_price_otherwise() -> None:
    """E04: refused, rather than shown wrongly."""
    with pytest.raises(InvalidInput):
        v21_commands.tariff_of(b.tariff(b.component(Dimension.ENERGY, "0.30", step=100)))


def test_every_action_of_2_x_is_known() -> None:
    """D22, E10: 64 requests of 2.0.1, 91 of 2.1; every handler has a schema; what is sent is not handled."""
    assert (len(V201.schemas.actions), len(V21.schemas.actions)) == (64, 91)
    for version in (V201, V21):
        assert set(version.handlers) <= version.schemas.actions
    assert timedelta(0) == NOW - NOW


@pytest.mark.parametrize(
    ("status", "unused"), [("Expired", True), ("Removed", False), ("NoTransaction", True)]
)
def test_reservations_given_up(status: str, unused: bool) -> None:
    """D19: Removed was taken from the driver; Expired, and NoTransaction of 2.1, were not used."""
    payload = {"reservationId": 7, "reservationUpdateStatus": status}
    assert v2x_events.reservation_ended(CP, payload) == ReservationEnded(CP, 7, unused)


def test_settings_have_the_names_of_1_6() -> None:
    """C25, D03: asked for and answered under either name; what 2.x has not is unknown, not an error."""
    keys = ("HeartbeatInterval", "supportedfeatureprofiles", "Custom/Thing[a]")
    action, payload = v2x_commands.call_of(c.GetConfiguration(keys))
    assert (action, payload) == (
        "GetVariables",
        {
            "getVariableData": [
                {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}},
                {"component": {"name": "Custom"}, "variable": {"name": "Thing", "instance": "a"}},
            ]
        },
    )
    rows = [
        {**row, "attributeStatus": "Accepted", "attributeValue": "7"}
        for row in payload["getVariableData"]  # type: ignore[attr-defined]
    ]
    answer = v2x_commands.answer_of(c.GetConfiguration(keys), {"getVariableResult": rows})
    assert [(key.key, key.value) for key in answer.configuration] == [
        ("HeartbeatInterval", "7"),
        ("Custom/Thing[a]", "7"),
    ]
    assert answer.unknown_keys == ("supportedfeatureprofiles",)
    _, written = v2x_commands.call_of(c.ChangeConfiguration("StartTxnSampledData", "x"))
    assert written["setVariableData"][0]["variable"] == {"name": "TxStartedMeasurands"}  # type: ignore[index]


def test_many_settings_are_asked_for_in_portions() -> None:
    """D03: no request names more than ten variables, and nothing that was asked for is forgotten."""
    keys = ("NoSuchKey", *(f"Custom/Thing{n}" for n in range(21)))
    portions = v2x_commands.parts_of(c.GetConfiguration(keys))
    asked = [v2x_commands.call_of(portion)[1]["getVariableData"] for portion in portions]
    assert [len(part) for part in asked] == [10, 10, 1]  # type: ignore[arg-type]
    assert {key for portion in portions for key in portion.keys} == set(keys)  # type: ignore[attr-defined]
    (alone,) = v2x_commands.parts_of(c.GetConfiguration(tuple(f"Nothing{n}" for n in range(11))))
    with pytest.raises(InvalidInput):
        v2x_commands.call_of(alone)


def test_reports_say_what_a_charger_can_do() -> None:
    """4.J: controllers that are enabled or not, in feature profiles of 1.6; nothing else is concluded."""

    def row(component: str, variable: str, value: str, type_: str = "Actual", **where: object) -> Payload:
        attribute = {"type": type_, "value": value}
        return {
            "component": {"name": component, **where},
            "variable": {"name": variable},
            "variableAttribute": [attribute],
        }

    def named(made: Payload, instance: str) -> Payload:
        return {**made, "variable": {"name": "Enabled", "instance": instance}}

    data = [
        row("ReservationCtrlr", "Enabled", "true"),
        row("SmartChargingCtrlr", "Enabled", "False"),
        row("SmartChargingCtrlr", "Enabled", "true", "Target"),
        row("SmartChargingCtrlr", "RateUnit", "true"),
        row("OtherCtrlr", "Enabled", "true"),
        row("TokenReader", "Enabled", "true", evse={"id": 1, "connectorId": 2}),
        *(named(row("TariffCostCtrlr", "Enabled", "true"), what) for what in ("Cost", "Tariff")),
    ]
    event = v2x_events.variables_reported(CP, {"requestId": 1, "seqNo": 0, "reportData": data}, NOW)
    said = (("Reservation", True), ("SmartCharging", False), ("TokenReader", True), ("RunningCost", True))
    assert event.features == said
    now = with_said(("Core", "SmartCharging"), event.features)
    assert now == ("Core", "Reservation", "RunningCost", "TokenReader")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Accepted", c.Outcome.ACCEPTED),
        ("DuplicateTariffId", c.Outcome.ACCEPTED),
        ("TooManyElements", c.Outcome.FAILED),
        ("ConditionNotSupported", c.Outcome.FAILED),
        ("Rejected", c.Outcome.REJECTED),
    ],
)
def test_answers_to_tariffs(status: str, outcome: c.Outcome) -> None:
    """E04: an id names one content, so one a charger has already is right; the word is kept."""
    answer = v21_commands.answer_of(d.SetDefaultTariff(1, b.tariff()), {"status": status})
    assert (answer.outcome, answer.detail) == (outcome, status)


def test_tariff_ids_name_their_content() -> None:
    """E04: the same tariff has the same id, another one of its name another; at most 60 characters."""
    long = b.tariff(id_="x" * 36)
    other = replace(long, currency="USD")
    ids = [v21_commands.tariff_of(tariff)["tariffId"] for tariff in (long, long, other)]
    assert ids[0] == ids[1] != ids[2]
    assert max(len(str(id_)) for id_ in ids) <= 60


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ([{"status": "Accepted"}], c.Outcome.ACCEPTED),
        ([{"status": "NoTariff"}], c.Outcome.ACCEPTED),
        ([{"status": "Rejected"}], c.Outcome.FAILED),
        ([], c.Outcome.FAILED),
    ],
)
def test_clearing_tariffs(result: list[Payload], outcome: c.Outcome) -> None:
    """E04: only 2.1 knows it; an EVSE that had none is clear."""
    assert v21_commands.call_of(d.ClearTariffs(2)) == ("ClearTariffs", {"evseId": 2})
    assert v21_commands.answer_of(d.ClearTariffs(2), {"clearTariffsResult": result}).outcome is outcome
    with pytest.raises(InvalidInput):
        v2x_commands.call_of(d.ClearTariffs(2))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (None, None),
        (SessionLimit(energy_kwh=40), {"maxEnergy": 40_000}),
        (SessionLimit(minutes=90, cost=100), {"maxCost": 100, "maxTime": 5400}),
    ],
)
def test_limits_of_transactions(limit: SessionLimit | None, said: Payload | None) -> None:
    """E05: Wh and seconds; 2.0.1 has no word for it and is not sent one."""
    told = Reported(ALLOWED, limit=limit)
    assert v21_commands.reported_answer(told, {}).get("transactionLimit") == said
    assert "transactionLimit" not in v2x.reported_answer(told, {})
