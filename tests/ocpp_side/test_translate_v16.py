# ruff: noqa: E501 - a table is read along its lines
"""OCPP 1.6 to events and back, as tables. Ids of the OCPP notes in the case names."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.errors import InvalidInput
from gateway.domain.events import IdToken, PlugStatus
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import Measurand, Reading, ReadingContext, ReadingPlace, Sample, SignedReading
from ocpp_side.translate import moments, v16
from ocpp_side.translate.lenient import number, rows, text, whole
from ocpp_side.translate.v16_readings import read_samples

CP = ChargerId("CP-1")
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
AT = "2026-11-22T11:00:00Z"
ELEVEN = datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)
REGISTER = Measurand.IMPORT_REGISTER_WH


def values(*sampled: object, at: object = AT) -> list[object]:
    return [{"timestamp": at, "sampledValue": list(sampled)}]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-22T11:00:00Z", ELEVEN),
        ("2026-11-22T11:00:00.000Z", ELEVEN),
        ("2026-11-22T11:00:00.123456789Z", ELEVEN.replace(microsecond=123456)),
        ("2026-11-22t11:00:00z", ELEVEN),
        (" 2026-11-22T11:00:00Z ", ELEVEN),
        ("2026-11-22T11:00:00", ELEVEN),
        ("2026-11-22 11:00:00", ELEVEN),
        ("2026-11-22T14:00:00+03", ELEVEN),
        ("2026-11-22T14:00:00+03:00", ELEVEN),
        ("2026-11-22T14:00:00+0300", ELEVEN),
        ("20261122T110000Z", ELEVEN),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1795345200, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_read_leniently(said: object, meant: datetime | None) -> None:
    """Q19: no zone is UTC, zones without minutes, any number of decimals."""
    assert moments.read_time(said) == meant


@pytest.mark.parametrize(
    ("said", "at", "suspect"),
    [
        (AT, ELEVEN, False),
        ("2026-08-01T00:00:00Z", datetime(2026, 8, 1, tzinfo=UTC), False),
        ("2026-11-22T12:04:00Z", datetime(2026, 11, 22, 12, 4, tzinfo=UTC), False),
        ("2026-11-22T12:06:00Z", NOW, True),
        ("1970-01-01T00:00:12Z", NOW, True),
        (None, NOW, True),
        ("?", NOW, True),
    ],
    ids=["now", "replay (C16)", "a little ahead", "far ahead", "1970 (Q20)", "missing (Q20)", "unreadable"],
)
def test_a_time_is_believed_or_replaced(said: object, at: datetime, suspect: bool) -> None:
    assert moments.moment_of(said, NOW) == moments.Moment(at, suspect)


def test_times_go_out_in_utc_with_z() -> None:
    """Q19: chargers stumble over offsets."""
    local = datetime(2026, 11, 22, 13, 0, 0, 5999, tzinfo=moments.UTC).astimezone()
    assert moments.wire_time(local) == "2026-11-22T13:00:00.005Z"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, Decimal(5)), (5.25, Decimal("5.25")), ("5.250", Decimal("5.250")), (" 7 ", Decimal(7)), ("-3", Decimal(-3)),
        ("1e3", Decimal(1000)), ("1e40", None), ("NaN", None), ("Infinity", None), ("", None), ("5 Wh", None),
        (True, None), (None, None), ([5], None),
    ],
)  # fmt: skip
def test_numbers(value: object, read: Decimal | None) -> None:
    """Q31: numbers come as texts and texts as numbers."""
    assert number(value) == read


def test_small_readers() -> None:
    assert [whole(v) for v in (1, "2", 3.0, 3.5, "x", None)] == [1, 2, 3, None, None, None]
    assert [text(v, 3) for v in ("abcd", 12345, "  ", None, True, {})] == [
        "abc",
        "123",
        None,
        None,
        None,
        None,
    ]
    assert rows([{"a": 1}, 2, None]) == ({"a": 1},)
    assert rows({"a": 1}) == ({"a": 1},)
    assert rows("x") == ()


@pytest.mark.parametrize(
    ("sampled", "reading"),
    [
        ({"value": "5"}, Reading(REGISTER, Decimal(5))),
        ({"value": 5.5}, Reading(REGISTER, Decimal("5.5"))),
        ({"value": "5", "unit": "kWh"}, Reading(REGISTER, Decimal(5000))),
        ({"value": "5", "unit": "KWH "}, Reading(REGISTER, Decimal(5000))),
        ({"value": "1", "unit": "MWh"}, Reading(REGISTER, Decimal(1_000_000))),
        ({"value": "1", "measurand": "'Energy.Active.Import.Register'"}, Reading(REGISTER, Decimal(1))),
        ({"value": "1", "measurand": "Energy.Active.Export.Register"}, Reading(Measurand.EXPORT_REGISTER_WH, Decimal(1))),
        ({"value": "1", "measurand": "Energy.Active.Import.Interval"}, Reading(Measurand.IMPORT_INTERVAL_WH, Decimal(1))),
        ({"value": "1", "measurand": "Energy.Active.Export.Interval"}, Reading(Measurand.EXPORT_INTERVAL_WH, Decimal(1))),
        ({"value": "11", "measurand": "Power.Active.Import", "unit": "kW"}, Reading(Measurand.IMPORT_POWER_W, Decimal(11000))),
        ({"value": "11", "measurand": "Power.Active.Import"}, Reading(Measurand.IMPORT_POWER_W, Decimal(11))),
        ({"value": "11", "measurand": "Power.Offered", "unit": "W"}, Reading(Measurand.OFFERED_POWER_W, Decimal(11))),
        ({"value": "16", "measurand": "current.import", "unit": "A", "phase": "l1"}, Reading(Measurand.IMPORT_CURRENT_A, Decimal(16), phase="L1")),
        ({"value": "16", "measurand": "Current.Offered", "phase": "L1-N"}, Reading(Measurand.OFFERED_CURRENT_A, Decimal(16), phase="L1-N")),
        ({"value": "80", "measurand": "SoC", "unit": "Percent", "location": "EV"}, Reading(Measurand.STATE_OF_CHARGE_PERCENT, Decimal(80), place=ReadingPlace.EV)),
        ({"value": "1", "location": "Inlet"}, Reading(REGISTER, Decimal(1), place=ReadingPlace.INLET)),
        ({"value": "1", "location": "Nowhere"}, Reading(REGISTER, Decimal(1))),
        ({"value": "1", "context": "Transaction.Begin"}, Reading(REGISTER, Decimal(1), ReadingContext.BEGIN)),
        ({"value": "1", "context": "Sample.Clock"}, Reading(REGISTER, Decimal(1), ReadingContext.CLOCK)),
        ({"value": "1", "context": "Alfen.Special"}, Reading(REGISTER, Decimal(1), ReadingContext.OTHER)),
        ({"value": "1", "context": 5, "format": "Raw"}, Reading(REGISTER, Decimal(1))),
    ],
)  # fmt: skip
def test_sampled_values(sampled: dict[str, object], reading: Reading) -> None:
    """C12, C13, Q30, Q31: defaults, units to base units, aliases, phases, contexts, places."""
    assert read_samples(values(sampled), NOW).samples == (Sample(ELEVEN, (reading,)),)


@pytest.mark.parametrize(
    ("sampled", "lost"),
    [
        ({"value": "230", "measurand": "Voltage", "unit": "V"}, False),
        ({"value": "50", "measurand": "Frequency"}, False),
        ({"value": "x", "measurand": "Power.Active.Import"}, False),
        ({"value": "5", "measurand": "Request.Energy"}, False),
        ({"value": "x"}, True),
        ({"value": "5", "unit": "W"}, True),
        ({"measurand": "Energy.Active.Import.Interval"}, True),
        ({"value": 5, "format": "SignedData"}, True),
        ({"value": "", "format": "SignedData"}, True),
    ],
)
def test_values_without_use_are_left_out_and_lost_money_is_named(
    sampled: dict[str, object], lost: bool
) -> None:
    """Q30: a useless value is dropped, the frame stays; an energy or signed value that is lost is named."""
    read = read_samples(values(sampled), NOW)
    assert read.samples == ()
    assert read.lost == (("meterValue[0].sampledValue[0]",) if lost else ())


@pytest.mark.parametrize(
    ("meter_value", "samples", "lost"),
    [
        ({"timestamp": AT, "sampledValue": {"value": "1"}}, 1, ()),
        ([], 0, ("meterValue",)),
        (None, 0, ("meterValue",)),
        ([{"timestamp": AT}], 0, ()),
        ([{"timestamp": AT, "sampledValue": []}], 0, ()),
        ([5, {"timestamp": AT, "sampledValue": [{"value": "1"}, "x"]}], 1, ()),
    ],
    ids=["objects (Q31)", "empty", "missing", "nothing sampled", "empty sample (Q36)", "rubbish beside"],
)
def test_shapes_of_meter_values(meter_value: object, samples: int, lost: tuple[str, ...]) -> None:
    read = read_samples(meter_value, NOW)
    assert (len(read.samples), read.lost) == (samples, lost)


@pytest.mark.parametrize(
    ("times", "meant"),
    [
        ([AT, "2026-11-22T11:01:00Z"], [ELEVEN, ELEVEN + timedelta(minutes=1)]),
        (["1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"], [NOW - timedelta(minutes=1), NOW]),
        (["2026-11-23T11:00:00Z", "2026-11-23T11:01:00Z"], [NOW - timedelta(minutes=1), NOW]),
        ([None, AT], [NOW, ELEVEN]),
        ([None], [NOW]),
    ],
    ids=["fine", "1970 (Q20)", "tomorrow (F06)", "one missing", "missing"],
)
def test_samples_of_a_wrong_clock_keep_their_distances(times: list[object], meant: list[datetime]) -> None:
    frame = [{"timestamp": time, "sampledValue": [{"value": "1"}]} for time in times]
    assert [sample.at for sample in read_samples(frame, NOW).samples] == meant


OCMF = 'OCMF|{"FV":"1.0","RD":[{"RV":1.500}]}|{"SD":"3045"}'
ENCODED = base64.b64encode(OCMF.encode()).decode()


def envelope(**fields: object) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("value", "signed"),
    [
        (OCMF, SignedReading(OCMF, ReadingContext.END, "OCMF")),
        ("<xml>  \n</xml>", SignedReading("<xml>  \n</xml>", ReadingContext.END)),
        ("0A0B0C", SignedReading("0A0B0C", ReadingContext.END)),
        (envelope(signedMeterData=ENCODED, encodingMethod="OCMF", publicKey="a2V5", signingMethod="ECDSA"),
         SignedReading(OCMF, ReadingContext.END, "OCMF", "ECDSA", "a2V5")),
        (envelope(signedMeterData=ENCODED, publicKey=""), SignedReading(OCMF, ReadingContext.END, "OCMF")),
        (envelope(signedMeterData=OCMF, encodingMethod="OCMF"), SignedReading(OCMF, ReadingContext.END, "OCMF")),
        (envelope(signedMeterData="//79", encodingMethod="EDL"), SignedReading("//79", ReadingContext.END, "EDL")),
        (envelope(other="x"), SignedReading(envelope(other="x"), ReadingContext.END)),
        ("{broken", SignedReading("{broken", ReadingContext.END)),
        ("{" * 5000, SignedReading("{" * 5000, ReadingContext.END)),
    ],
    ids=["raw OCMF", "XML", "hex", "OCA envelope", "empty key (Q47)", "not encoded", "binary inside", "other JSON", "broken JSON", "nested"],
)  # fmt: skip
def test_signed_values_stay_byte_exact(value: str, signed: SignedReading) -> None:
    """C29, M53: raw or in OCA's envelope; decoded once, never written anew."""
    sampled = {"value": value, "format": "SignedData", "context": "Transaction.End"}
    assert read_samples(values(sampled), NOW).samples == (Sample(ELEVEN, (), (signed,)),)


def test_boot() -> None:
    """C01, Q13: too long is cut, the deprecated serial number serves where the other is missing."""
    event = v16.booted(
        CP, {"chargePointVendor": "V" * 300, "chargePointModel": 5, "chargeBoxSerialNumber": "S"}, NOW
    )
    assert (event.vendor, event.model, event.serial_number) == ("V" * 255, "5", "S")
    assert v16.booted(CP, {}, NOW).vendor == ""
    assert v16.boot_answer(NOW, timedelta(minutes=5)) == {
        "status": "Accepted", "currentTime": "2026-11-22T12:00:00.000Z", "interval": 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", PlugStatus.AVAILABLE), ("Preparing", PlugStatus.PREPARING), ("Charging", PlugStatus.CHARGING),
        ("SuspendedEV", PlugStatus.SUSPENDED_EV), ("SuspendedEVSE", PlugStatus.SUSPENDED_EVSE),
        ("Finishing", PlugStatus.FINISHING), ("Reserved", PlugStatus.RESERVED), ("Unavailable", PlugStatus.UNAVAILABLE),
        ("Faulted", PlugStatus.FAULTED), ("Occupied", PlugStatus.OCCUPIED), ("available ", PlugStatus.AVAILABLE),
    ],
)  # fmt: skip
def test_states(word: str, status: PlugStatus) -> None:
    payload = {
        "connectorId": 2,
        "errorCode": "NoError",
        "status": word,
        "timestamp": AT,
        "vendorErrorCode": "E7",
    }
    event = v16.status_changed(CP, payload, NOW)
    assert (event.status, event.number, event.at) == (status, ConnectorNumber(2), ELEVEN)
    assert (event.error_code, event.vendor_error_code) == (None, "E7")


@pytest.mark.parametrize(
    "broken", [{"status": "?"}, {"status": 5}, {"connectorId": "x"}, {"connectorId": -1}]
)
def test_a_state_that_cannot_be_understood(broken: dict[str, object]) -> None:
    """Q14: raised, so that it is kept for a person; an unknown error code alone is kept as it is."""
    payload = {"connectorId": 1, "errorCode": "Error", "status": "Faulted"}
    assert v16.status_changed(CP, payload, NOW).error_code == "Error"
    with pytest.raises(InvalidInput):
        v16.status_changed(CP, {**payload, **broken}, NOW)


START = {"connectorId": 1, "idTag": "Card", "meterStart": 100, "timestamp": AT, "reservationId": 7}


def test_a_start() -> None:
    event = v16.transaction_started(CP, START, NOW, "m1").event
    assert (event.number, event.at, event.id_token) == (ConnectorNumber(1), ELEVEN, IdToken("Card"))
    assert (event.meter_start_wh, event.reservation_id, event.transaction) == (Decimal(100), 7, None)
    assert event.key == "1|2026-11-22T11:00:00+00:00|100|Card"


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"reservationId": 8}, True),
        ({"timestamp": "2026-11-22T12:00:00+01:00"}, True),
        ({"timestamp": "2026-11-22T11:00:01Z"}, False),
        ({"connectorId": 2}, False),
        ({"meterStart": 101}, False),
        ({"idTag": "Other"}, False),
    ],
)
def test_which_starts_are_the_same(changed: dict[str, object], same: bool) -> None:
    """C07, Q02: connector, time, meter value and card; never the message id."""
    first = v16.transaction_started(CP, START, NOW, "m1").event.key
    second = v16.transaction_started(CP, {**START, **changed}, NOW + timedelta(hours=1), "m2").event.key
    assert (first == second) is same


def test_starts_without_time_differ_by_message() -> None:
    """Q20: two sessions of a charger without clock must not become one; a repeat with the same id is one."""
    payload = {key: value for key, value in START.items() if key != "timestamp"}
    one, again, two = (v16.transaction_started(CP, payload, NOW, id_).event for id_ in ("m1", "m1", "m2"))
    assert one.key == again.key != two.key
    assert one.clock_suspect
    assert one.at == NOW


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"meterStart": "n/a"}, ("meterStart",)),
        ({"meterStart": None}, ()),
        ({"meterStart": "12"}, ()),
        ({"idTag": ""}, ()),
    ],
)
def test_starts_that_are_readable_enough(changed: dict[str, object], lost: tuple[str, ...]) -> None:
    read = v16.transaction_started(CP, {**START, **changed}, NOW, "m")
    assert read.lost == lost
    assert read.event.id_token == (None if changed.get("idTag") == "" else IdToken("Card"))


@pytest.mark.parametrize(
    "changed", [{"connectorId": None}, {"connectorId": {}}, {"idTag": []}, {"idTag": True}]
)
def test_starts_nobody_can_read(changed: dict[str, object]) -> None:
    """C06: raised here, put aside and answered by the transport."""
    with pytest.raises(InvalidInput):
        v16.transaction_started(CP, {**START, **changed}, NOW, "m")


@pytest.mark.parametrize(
    ("said", "meant"),
    [(12, "12"), ("12", "12"), (12.0, "12"), (-1, "-1"), (0, "0"), ("tx-9", "tx-9"), ("x" * 50, "x" * 36), (None, "-1"), ([], "-1"), ("", "-1")],
)  # fmt: skip
def test_names_of_transactions(said: object, meant: str) -> None:
    """C09, Q25: kept as said; a missing one is the one never named."""
    assert v16.transaction_ended(CP, {"transactionId": said}, NOW).event.transaction == TransactionRef(meant)


def test_a_stop() -> None:
    """C10, C11: reason Local by default, transactionData comes along."""
    payload = {
        "transactionId": 3,
        "meterStop": 900,
        "timestamp": AT,
        "idTag": "B",
        "transactionData": values({"value": "900"}),
    }
    event = v16.transaction_ended(CP, payload, NOW).event
    assert (event.at, event.meter_stop_wh, event.reason) == (ELEVEN, Decimal(900), "Local")
    assert event.id_token == IdToken("B")
    assert event.samples == (Sample(ELEVEN, (Reading(REGISTER, Decimal(900)),)),)
    assert not event.clock_suspect


def test_a_stop_with_nothing_right() -> None:
    """C10: never raises; what was there and lost is named."""
    payload = {
        "meterStop": [],
        "timestamp": 5,
        "idTag": {},
        "transactionData": "x",
        "reason": "EVDisconnected",
    }
    read = v16.transaction_ended(CP, payload, NOW)
    assert read.lost == ("meterStop", "meterValue")
    assert read.event.clock_suspect
    assert (read.event.id_token, read.event.reason, read.event.at) == (None, "EVDisconnected", NOW)


def test_no_sample_lies_after_a_redated_end() -> None:
    payload = {"timestamp": None, "transactionData": values({"value": "1"}, at="2026-11-22T12:03:00Z")}
    assert [s.at for s in v16.transaction_ended(CP, payload, NOW).event.samples] == [NOW]


@pytest.mark.parametrize(
    ("payload", "connector", "transaction"),
    [
        ({"connectorId": 2, "transactionId": 5}, 2, "5"),
        ({"connectorId": 2}, 2, None),
        ({"transactionId": 0}, 0, "0"),
        ({"connectorId": -3}, 0, None),
        ({"connectorId": "x"}, 0, None),
    ],
    ids=["both", "no transaction (Q34)", "no connector", "negative", "unreadable"],
)
def test_whose_values_they_are(payload: dict[str, object], connector: int, transaction: str | None) -> None:
    event = v16.metered(CP, {**payload, "meterValue": values({"value": "1"})}, NOW).event
    assert (event.number, event.transaction) == (ConnectorNumber(connector), transaction)
    assert len(event.samples) == 1


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.ALLOWED, "Accepted"), (Verdict.BLOCKED, "Blocked"), (Verdict.EXPIRED, "Expired"),
        (Verdict.NO_CREDIT, "Blocked"), (Verdict.NOT_ALLOWED, "Invalid"), (Verdict.UNKNOWN, "Invalid"),
    ],
)  # fmt: skip
def test_decisions_as_chargers_hear_them(verdict: Verdict, status: str) -> None:
    """4.D.4; all decisions have a word."""
    assert v16.card_answer(Authorization(verdict, "")) == {"idTagInfo": {"status": status}}
    assert len(Verdict) == 6


def test_expiry_and_parent_in_the_order_of_the_schema() -> None:
    allowed = Authorization(Verdict.ALLOWED, "", expires_at=NOW, group_id="G1")
    info = v16.id_tag_info(allowed)
    assert list(info.items()) == [
        ("expiryDate", "2026-11-22T12:00:00.000Z"),
        ("parentIdTag", "G1"),
        ("status", "Accepted"),
    ]


def test_answers_to_transactions() -> None:
    refused = Authorization(Verdict.BLOCKED, "")
    assert v16.start_answer(TransactionRef("17"), refused) == {
        "idTagInfo": {"status": "Blocked"},
        "transactionId": 17,
    }
    assert v16.stop_answer(None) == {}
    assert v16.stop_answer(refused) == {"idTagInfo": {"status": "Blocked"}}
    one, again, two = (v16.unreadable_start_answer(CP, raw)["transactionId"] for raw in (b"a", b"a", b"b"))
    assert one == again != two
    assert isinstance(one, int)
    assert 2**30 <= one < 2**31


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["connectorId", "idTag", "meterStart", "meterStop", "timestamp", "transactionId", "meterValue", "transactionData", "status", "sampledValue"])  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(fields, json_values))
def test_nothing_a_charger_says_breaks_the_translation(payload: dict[str, object]) -> None:
    """T9: any JSON is translated or refused with InvalidInput, never with anything else."""
    assert v16.booted(CP, payload, NOW).charger_id == CP
    metered = v16.metered(CP, payload, NOW).event
    ended = v16.transaction_ended(CP, payload, NOW).event
    assert {metered.charger_id, ended.charger_id} == {CP}
    for sample in (*metered.samples, *ended.samples):
        assert sample.at.utcoffset() == timedelta(0)
        assert all(reading.value.is_finite() for reading in sample.readings)
    assert ended.at.utcoffset() == timedelta(0)
    assert ended.meter_stop_wh is None or ended.meter_stop_wh.is_finite()
    for translate in (
        lambda: v16.transaction_started(CP, payload, NOW, "m").event,
        lambda: v16.status_changed(CP, payload, NOW),
    ):
        try:
            event = translate()
        except InvalidInput:
            continue
        assert (event.charger_id, event.at.utcoffset()) == (CP, timedelta(0))
