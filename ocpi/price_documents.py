"""Documents `{time_zone, tariffs, cdr}`: what to price, and the prices that came out, in a version's words.

Only `start_date_time`, `end_date_time`, `currency` and `charging_periods` of the CDR count, so a whole CDR
and a handwritten one do equally. Spec: OCPI 2.2.1 and 2.3.0 mod_cdrs "ChargingPeriod class".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.domain.bills import Bill
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import TariffId
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import StepRule, price
from gateway.domain.tariffs import Price, Tariff
from gateway.domain.units import ZERO
from ocpi.dialect import Json, JsonObject
from ocpi.wire import AtLeastOne, Currency, DateTime, Flag, Many, Number, String255, Wire, present, read


class _Dimension(Wire):
    type: PeriodDimension
    volume: Number


class _Period(Wire):
    start_date_time: DateTime
    dimensions: AtLeastOne[_Dimension]
    tariff_id: String255 | None = None


class _Cdr(Wire):
    start_date_time: DateTime
    end_date_time: DateTime
    currency: Currency
    charging_periods: Many[_Period]


class _Document(Wire):
    time_zone: String255
    tariffs: Many[JsonObject] = ()
    cdr: _Cdr
    step_rule: StepRule = StepRule.LAST
    reservation_expired: Flag | None = None


@dataclass(frozen=True, slots=True)
class PriceWords:
    """How a version of OCPI says tariffs and prices. `marks`: names of fields that only this version has."""

    version: str
    read_tariff: Callable[[Json], Tariff]
    write_price: Callable[[Price | None], Json]
    marks: frozenset[str] = frozenset()

    def spoken_in(self, value: Json) -> bool:
        """Whether a field that marks this version is anywhere in a document."""
        if isinstance(value, list):
            return any(self.spoken_in(item) for item in value)
        if not isinstance(value, dict):
            return False
        return bool(self.marks & value.keys()) or any(self.spoken_in(item) for item in value.values())


@dataclass(frozen=True, slots=True)
class PriceDocument:
    """What a document asks to be priced."""

    tariffs: tuple[Tariff, ...]
    periods: tuple[ChargingPeriod, ...]
    currency: str
    time_zone: str
    started_at: datetime
    ended_at: datetime
    step_rule: StepRule
    reservation_expired: bool | None

    def bill(self) -> Bill:
        """The price with its working. Raises CannotPrice."""
        return price(
            self.periods,
            self.tariffs,
            currency=self.currency,
            time_zone=self.time_zone,
            started_at=self.started_at,
            ended_at=self.ended_at,
            step_rule=self.step_rule,
            reservation_expired=self.reservation_expired,
        )


def read_price_document(value: Json, words: PriceWords) -> PriceDocument:
    """Read a document. Raises InvalidInput with the path of the field, elements counted from 0."""
    found = read(_Document, value)
    periods = tuple(
        ChargingPeriod(
            period.start_date_time,
            tuple(Volume(dimension.type, dimension.volume) for dimension in period.dimensions),
            None if period.tariff_id is None else TariffId(period.tariff_id),
        )
        for period in found.cdr.charging_periods
    )
    return PriceDocument(
        tuple(read_tariff_at(item, f"tariffs[{n}]", words) for n, item in enumerate(found.tariffs)),
        periods,
        found.cdr.currency,
        found.time_zone,
        found.cdr.start_date_time,
        found.cdr.end_date_time,
        found.step_rule,
        found.reservation_expired,
    )


def read_tariff_at(value: Json, path: str, words: PriceWords) -> Tariff:
    """A tariff somewhere in a document. Raises InvalidInput with the path from the document's root."""
    try:
        return words.read_tariff(value)
    except InvalidInput as error:
        reason = str(error).removeprefix(f"{error.field}: ")
        raise InvalidInput(reason, field=f"{path}.{error.field}" if error.field else path) from None


def write_totals(bill: Bill, words: PriceWords) -> JsonObject:
    """The totals of a bill as the version's CDR has them, and what was doubtful (CDR-08)."""
    return present(
        ocpi_version=words.version,
        currency=bill.currency,
        total_cost=words.write_price(bill.total),
        total_fixed_cost=words.write_price(bill.fixed),
        total_energy=bill.energy_kwh,
        total_energy_cost=words.write_price(bill.energy),
        total_time=bill.time_h,
        total_time_cost=words.write_price(bill.time),
        total_parking_time=bill.parking_h,
        total_parking_cost=words.write_price(bill.parking),
        total_reservation_cost=words.write_price(bill.reservation),
        warnings=bill.warnings,
    )


def with_sums(written: Callable[[Price | None], Json]) -> Callable[[Price | None], Json]:
    """Prices that list their taxes, with the two sums a reader of a report would have to make himself."""

    def write(amount: Price | None) -> Json:
        plain = written(amount)
        if amount is None or plain is None:
            return plain
        taxes: Decimal = sum((tax.amount for tax in amount.taxes), ZERO)
        return plain | present(after_taxes=amount.after_taxes, taxes_amount=taxes)

    return write
