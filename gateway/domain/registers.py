"""One meter register, read again and again: how much energy went through it since the first reading.

Registers of chargers restart, are swapped, roll over, miss a value or show a wild one (C14, Q29, Q37). What
cannot follow from the one before is not believed at once: it is held until the next one shows whether
it was a slip (the next one continues from before) or a new beginning (the next one continues from it).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.domain.flags import Flag, FlagReason
from gateway.domain.units import ZERO, seconds

_ONE_WH = Decimal(1)
_THOUSAND = Decimal(1000)
_SECONDS_PER_HOUR = Decimal(3600)
_SLACK_S = Decimal(120)
_MARGIN = Decimal("1.25")
_UNKNOWN_POWER_W = 500_000
_MODULI = tuple(Decimal(m) for m in (10**6, 10**7, 10**8, 2**31, 10**9, 2**32))
_NEARLY_FULL = Decimal("0.9")
_TRUSTED_START_WH = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Register:
    """What is remembered of one register.

    `last` is its last believed value and `wh` the energy since the first; `held` a value not yet believed.
    `scale` turns its values into Wh; `proven` that it counted as it should at least once.
    """

    last: Decimal
    at: datetime
    wh: Decimal = ZERO
    scale: Decimal = _ONE_WH
    proven: bool = False
    held: Decimal | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How much energy a plug can deliver: at most `watts` with a margin for clocks and ratings."""

    watts: int | None

    @property
    def at_once_wh(self) -> Decimal:
        """What may appear between two readings however close they are (clocks of chargers are coarse)."""
        return Decimal(self.watts or _UNKNOWN_POWER_W) * _MARGIN * _SLACK_S / _SECONDS_PER_HOUR

    def allows(self, wh: Decimal, span: timedelta) -> bool:
        """Whether this much energy could have been delivered in this time."""
        within = seconds(span) + _SLACK_S
        return wh <= Decimal(self.watts or _UNKNOWN_POWER_W) * _MARGIN * within / _SECONDS_PER_HOUR


def advanced(register: Register, value: Decimal, at: datetime, reach: Reach) -> tuple[Register, Flag | None]:
    """The register after one more reading, and a remark if something was odd."""
    value = value * register.scale
    if register.held is not None and register.held_at is not None:
        return _resolved(register, register.held, register.held_at, value, at, reach)
    delta = value - register.last
    if delta >= 0 and reach.allows(delta, at - register.at):
        return replace(
            register, last=value, at=at, wh=register.wh + delta, proven=register.proven or delta > 0
        ), None
    if -_ONE_WH <= delta < 0:
        return replace(register, at=at), None
    return (
        _in_other_units(register, value, at, reach)
        or _rolled_over(register, value, at, reach)
        or (replace(register, held=value, held_at=at), None)
    )


def concluded(register: Register, reach: Reach) -> tuple[Register, Flag | None]:
    """The register when no more readings come: a value still held is counted only if it can be true."""
    if register.held is None or register.held_at is None:
        return register, None
    held, at = register.held, register.held_at
    calm = replace(register, held=None, held_at=None)
    if held > register.last:
        return calm, _flag(
            FlagReason.METER_JUMP, register.last, held, at, "more than the plug can deliver; not counted"
        )
    if _from_zero(register, held) and reach.allows(held, at - register.at):
        rebased = replace(calm, last=held, at=at, wh=register.wh + held)
        return rebased, _flag(
            FlagReason.METER_REBASED, register.last, held, at, "taken as a restart from zero"
        )
    return calm, _flag(FlagReason.METER_DECREASED, register.last, held, at, "not counted")


def _resolved(
    register: Register, held: Decimal, held_at: datetime, value: Decimal, at: datetime, reach: Reach
) -> tuple[Register, Flag | None]:
    """A second reading after an odd one tells which of the two is to be believed."""
    follows = value >= held and reach.allows(value - held, at - held_at)
    back = value - register.last
    resumes = back >= -_ONE_WH and reach.allows(back, at - register.at)
    calm = replace(register, held=None, held_at=None)
    if follows and not (resumes and held < register.last and not (held > 0 and _from_zero(register, held))):
        return _restarted(calm, held, held_at, value, at, reach)
    if resumes:
        resumed = replace(calm, last=max(value, register.last), at=at, wh=register.wh + max(back, ZERO))
        flag = _flag(FlagReason.METER_DECREASED, register.last, held, held_at, "one value, ignored")
        return resumed, flag
    if (
        not register.proven
        and value > held > register.last
        and reach.allows(back / _THOUSAND, at - register.at)
    ):
        scaled = replace(calm, last=value / _THOUSAND, at=at, wh=back / _THOUSAND, scale=1 / _THOUSAND)
        return scaled, Flag(
            FlagReason.UNIT_SUSPECT, "values look a thousand times too large; divided by 1000"
        )
    return replace(register, held=value, held_at=at), None


def _restarted(
    register: Register, held: Decimal, held_at: datetime, value: Decimal, at: datetime, reach: Reach
) -> tuple[Register, Flag]:
    """The register goes on from the odd value: a restart if it was lower, a jump if it was higher."""
    since = value - held
    if held > register.last:
        reason = FlagReason.METER_JUMP if register.proven or register.last > 0 else FlagReason.METER_REBASED
        flag = _flag(reason, register.last, held, held_at, "more than the plug can deliver; not counted")
    else:
        counted = _from_zero(register, held) and reach.allows(held, held_at - register.at)
        since += held if counted else ZERO
        flag = _flag(FlagReason.METER_REBASED, register.last, held, held_at, "the register started again")
    return replace(register, last=value, at=at, wh=register.wh + since, proven=True), flag


def _from_zero(register: Register, held: Decimal) -> bool:
    """Whether a lower value can be a count from zero; one just below the last is a slip."""
    return held * 2 <= register.last


def _in_other_units(
    register: Register, value: Decimal, at: datetime, reach: Reach
) -> tuple[Register, Flag] | None:
    """The first reading after a start value in Wh shows whether the readings are in kWh, or in mWh (Q37)."""
    if register.proven or register.last < _TRUSTED_START_WH:
        return None
    for scale, least in ((_THOUSAND, -_THOUSAND), (1 / _THOUSAND, -_ONE_WH)):
        delta = value * scale - register.last
        if least <= delta and reach.allows(delta, at - register.at):
            counted = max(delta, ZERO)
            scaled = replace(
                register, last=register.last + counted, at=at, wh=counted, scale=scale, proven=True
            )
            return scaled, Flag(
                FlagReason.UNIT_SUSPECT, f"values taken times {scale} to agree with meterStart"
            )
    return None


def _rolled_over(
    register: Register, value: Decimal, at: datetime, reach: Reach
) -> tuple[Register, Flag] | None:
    for modulus in _MODULI:
        delta = modulus - register.last + value
        if value < register.last and _NEARLY_FULL * modulus <= register.last < modulus:
            if not reach.allows(delta, at - register.at):
                continue
            flag = _flag(FlagReason.METER_REBASED, register.last, value, at, "the register rolled over")
            return replace(register, last=value, at=at, wh=register.wh + delta, proven=True), flag
    return None


def _flag(reason: FlagReason, last: Decimal, value: Decimal, at: datetime, what: str) -> Flag:
    return Flag(reason, f"register from {last:f} to {value:f} Wh at {at:%Y-%m-%dT%H:%M:%SZ}: {what}")
