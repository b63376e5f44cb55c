"""What OCPP 2.1 says differently from 2.0.1: tariffs for chargers, certificate chains. Pure.

Written in camelCase as the schemas have it. Spec: OCPP 2.1 SetDefaultTariffRequest, "TariffType",
GetCertificateChainStatusResponse; E04, E12.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.app.reporting import Reported
from gateway.domain.commands import Command, CommandAnswer, Outcome, Trigger
from gateway.domain.device_commands import ClearTariffs, SetDefaultTariff
from gateway.domain.errors import InvalidInput
from gateway.domain.network_profiles import SetNetworkProfile
from gateway.domain.station_commands import (
    CertificateSigned,
    CertificateUse,
    GetInstalledCertificates,
    InstallCertificate,
)
from gateway.domain.tariffs import (
    Dimension,
    Price,
    PriceComponent,
    Restrictions,
    Tariff,
    TariffElement,
    TaxIncluded,
)
from ocpp_side.translate import v2x, v2x_commands
from ocpp_side.translate.lenient import Payload, rows, text
from ocpp_side.translate.moments import wire_time
from ocpp_side.translate.v2x_networks import network_profile_21

_WH = Decimal(1000)
_MINUTES = Decimal(60)
_DIGITS = Decimal("0.000001")
_LONGEST_TARIFF_ID = 60
_PARTS: dict[Dimension, tuple[str, str]] = {
    Dimension.ENERGY: ("energy", "priceKwh"),
    Dimension.TIME: ("chargingTime", "priceMinute"),
    Dimension.PARKING_TIME: ("idleTime", "priceMinute"),
    Dimension.FLAT: ("fixedFee", "priceFixed"),
}
_CLEARED = {"accepted": Outcome.ACCEPTED, "notariff": Outcome.ACCEPTED}
_TRIGGERS = frozenset(
    {
        "BootNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "PublishFirmwareStatusNotification",
        "SignChargingStationCertificate",
        "SignCombinedCertificate",
        "SignV2G20Certificate",
        "SignV2GCertificate",
        "StatusNotification",
        "TransactionEvent",
    }
)
"""Spec: OCPP 2.1 MessageTriggerEnumType; every other word is one of the charger's own (E13)."""
FEATURES = {"tariffcostctrlr/enabled[tariff]": "Tariff"}
"""What a charger of 2.1 can do, by the variable that says so (E04)."""
_NEXT_LOOK = timedelta(days=1)
_OEM_ROOT = "OEMRootCertificate"


def call_of(command: Command) -> tuple[str, dict[str, object]]:
    """The action and payload that carry a command. Raises InvalidInput if 2.1 cannot express it."""
    if isinstance(command, SetDefaultTariff):
        return "SetDefaultTariff", {"evseId": command.evse, "tariff": tariff_of(command.tariff)}
    if isinstance(command, ClearTariffs):
        return "ClearTariffs", {"evseId": command.evse}
    if isinstance(command, SetNetworkProfile):
        return "SetNetworkProfile", network_profile_21(command)
    if isinstance(command, InstallCertificate) and command.use is CertificateUse.OEM_ROOT:
        return "InstallCertificate", {"certificateType": _OEM_ROOT, "certificate": command.pem}
    if isinstance(command, GetInstalledCertificates) and command.use is CertificateUse.OEM_ROOT:
        return "GetInstalledCertificateIds", {"certificateType": [_OEM_ROOT]}
    action, payload = v2x_commands.call_of(command)
    if isinstance(command, CertificateSigned) and command.request_id is not None:
        payload = {**payload, "requestId": command.request_id}
    if isinstance(command, Trigger) and payload["requestedMessage"] not in _TRIGGERS:
        word = payload["requestedMessage"]
        payload = {**payload, "requestedMessage": "CustomTrigger", "customTrigger": word}
    return action, payload


def answer_of(command: Command, payload: Payload) -> CommandAnswer:
    """What a charger's answer to this command means.

    A tariff's id names its content: one that a charger has already is the one it should have.
    """
    if isinstance(command, ClearTariffs):
        result = next(iter(rows(payload.get("clearTariffsResult"))), {})
        word = text(result.get("status"), 50) or ""
        return CommandAnswer(_CLEARED.get(word.casefold(), Outcome.FAILED), word)
    answer = v2x_commands.answer_of(command, payload)
    known = isinstance(command, SetDefaultTariff) and answer.detail.casefold() == "duplicatetariffid"
    return replace(answer, outcome=Outcome.ACCEPTED) if known else answer


def reported_answer(reported: Reported, payload: Payload) -> dict[str, object]:
    """TransactionEventResponse, with how much the driver may take (E05)."""
    answer = v2x.reported_answer(reported, payload)
    limit = reported.limit
    if limit is not None:
        said = {
            "maxCost": limit.cost,
            "maxEnergy": limit.energy_kwh * int(_WH),
            "maxTime": limit.minutes * int(_MINUTES),
        }
        answer["transactionLimit"] = {name: most for name, most in said.items() if most}
    return answer


def tariff_of(tariff: Tariff) -> dict[str, object]:
    """A tariff for a charger's display and limits; the CDR is priced here all the same.

    Prices per hour become prices per minute, rounded to six digits. Raises InvalidInput for what the
    charger would price otherwise than we: steps, reservations, tariffs whose prices include taxes.
    """
    if tariff.tax_included is TaxIncluded.YES:
        raise InvalidInput("prices include taxes, which OCPP 2.1 cannot say", field="tax_included")
    parts: dict[str, object] = {}
    for dimension, (name, price_name) in _PARTS.items():
        prices = [(c, e) for e in tariff.elements for c in e.components if c.type is dimension]
        if prices:
            parts[name] = _part(prices, dimension, price_name)
    digest = hashlib.sha256(repr(tariff).encode()).hexdigest()[:8]
    made: dict[str, object] = {
        "tariffId": f"{tariff.party}/{tariff.id}"[: _LONGEST_TARIFF_ID - 9] + f"/{digest}",
        "currency": tariff.currency,
        **({"energy": parts.pop("energy")} if "energy" in parts else {}),
        **({"validFrom": wire_time(tariff.starts_at)} if tariff.starts_at else {}),
        **parts,
    }
    if tariff.min_price is not None:
        made["minCost"] = _price(tariff.min_price)
    if tariff.max_price is not None:
        made["maxCost"] = _price(tariff.max_price)
    return made


def _part(
    prices: Iterable[tuple[PriceComponent, TariffElement]], dimension: Dimension, price_name: str
) -> dict[str, object]:
    listed, taxes = [], set()
    for component, element in prices:
        if component.step_size > 1:
            raise InvalidInput("has steps, which OCPP 2.1 cannot say", field="step_size")
        hourly = dimension in (Dimension.TIME, Dimension.PARKING_TIME)
        conditions = _conditions(element.restrictions, fixed=dimension is Dimension.FLAT)
        price = _number(component.price / _MINUTES if hourly else component.price)
        listed.append({price_name: price, **({"conditions": conditions} if conditions else {})})
        taxes.add(component.vat_percent)
    if len(taxes) > 1:
        raise InvalidInput("has several tax rates for one dimension", field="vat")
    (vat,) = taxes
    rates = {} if vat is None else {"taxRates": [{"type": "vat", "tax": _number(vat)}]}
    return {"prices": listed, **rates}


def _conditions(rules: Restrictions, *, fixed: bool) -> dict[str, object]:
    """Conditions of a price. Raises InvalidInput for those a charger cannot be told."""
    if rules.reservation is not None:
        raise InvalidInput("prices of reservations are not sent to chargers", field="reservation")
    measured = {
        "minEnergy": None if rules.min_kwh is None else _number(rules.min_kwh * _WH),
        "maxEnergy": None if rules.max_kwh is None else _number(rules.max_kwh * _WH),
        "minCurrent": None if rules.min_current_a is None else _number(rules.min_current_a),
        "maxCurrent": None if rules.max_current_a is None else _number(rules.max_current_a),
        "minPower": None if rules.min_power_kw is None else _number(rules.min_power_kw * _WH),
        "maxPower": None if rules.max_power_kw is None else _number(rules.max_power_kw * _WH),
        "minTime": rules.min_duration_s,
        "maxTime": rules.max_duration_s,
    }
    if fixed and any(value is not None for value in measured.values()):
        raise InvalidInput("a fixed fee that depends on consumption cannot be sent", field="restrictions")
    when = {
        "startTimeOfDay": None if rules.start_time is None else f"{rules.start_time:%H:%M}",
        "endTimeOfDay": None if rules.end_time is None else f"{rules.end_time:%H:%M}",
        "dayOfWeek": [day.value.capitalize() for day in rules.day_of_week] or None,
        "validFromDate": None if rules.start_date is None else rules.start_date.isoformat(),
        "validToDate": None if rules.end_date is None else rules.end_date.isoformat(),
    }
    return {name: value for name, value in {**when, **measured}.items() if value is not None}


def _price(price: Price) -> dict[str, object]:
    made: dict[str, object] = {"exclTax": _number(price.before_taxes)}
    if price.after_taxes is not None:
        made["inclTax"] = _number(price.after_taxes)
    return made


def _number(value: Decimal) -> int | float:
    rounded = value.quantize(_DIGITS)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def chain_status_answer(payload: Payload, now: datetime) -> dict[str, object]:
    """GetCertificateChainStatusResponse: nothing could be found out about any of the certificates."""
    return {
        "certificateStatus": [
            {
                "source": row.get("source"),
                "status": "Failed",
                "nextUpdate": wire_time(now + _NEXT_LOOK),
                "certificateHashData": row.get("certificateHashData"),
            }
            for row in rows(payload.get("certificateStatusRequests"))
        ]
    }
