"""The roaming recipe: how a charger is configured so that its sessions can be billed (C25)."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.app.abilities import learn
from gateway.app.asking import Ask, read_keys
from gateway.app.ports import Tx
from gateway.domain.commands import ChangeConfiguration, ConfigurationKey, Outcome
from gateway.domain.errors import ChargerRefused
from gateway.domain.ids import ChargerId

_REGISTER = "Energy.Active.Import.Register"
RECIPE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("MeterValueSampleInterval", ("60",)),
    (
        "MeterValuesSampledData",
        (f"{_REGISTER},Power.Active.Import,SoC", f"{_REGISTER},Power.Active.Import", _REGISTER),
    ),
    ("StopTxnSampledData", (_REGISTER, "")),
    ("StartTxnSampledData", (_REGISTER,)),
    ("ClockAlignedDataInterval", ("0",)),
    ("AuthorizeRemoteTxRequests", ("false",)),
    ("LocalPreAuthorize", ("false",)),
    ("LocalAuthorizeOffline", ("true",)),
    ("AllowOfflineTxForUnknownId", ("false",)),
    ("StopTransactionOnInvalidId", ("true",)),
    ("ConnectionTimeOut", ("120",)),
    ("WebSocketPingInterval", ("60",)),
)
"""Keys with the values to try, the best first: a list of measurands is refused as a whole (Q35).

Chargers of 1.6 have no StartTxnSampledData: their starts always have the register.
"""
_FEATURES = "SupportedFeatureProfiles"
_SET = frozenset({Outcome.ACCEPTED, Outcome.REBOOT_REQUIRED})


@dataclass(slots=True)
class Applied:
    """What became of the recipe's keys."""

    right: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    reboot: bool = False
    features: tuple[str, ...] | None = None

    def sentence(self) -> str:
        """For people."""
        parts = [
            f"{name}: {', '.join(keys)}"
            for name, keys in (
                ("changed", self.changed),
                ("refused", self.refused),
                ("unknown", self.unknown),
            )
            if keys
        ]
        parts.append(f"{len(self.right)} right already")
        return "; ".join(parts) + ("; takes effect after a restart" if self.reboot else "")


async def apply(ask: Ask) -> Applied:
    """Read the keys and change those that differ. Raises what `ask` raises."""
    entries = await read_keys(ask, [*(key for key, _ in RECIPE), _FEATURES])
    applied = Applied()
    named = entries.get(_FEATURES.casefold())
    if named is not None:
        features = (part.strip() for part in (named.value or "").split(","))
        applied.features = tuple(filter(None, features))
    for key, wanted in RECIPE:
        entry = entries.get(key.casefold())
        if entry is None:
            applied.unknown.append(key)
        elif _same(entry, wanted):
            applied.right.append(key)
        elif entry.readonly:
            applied.refused.append(key)
        else:
            await _change(ask, entry.key, wanted, applied)
    return applied


async def _change(ask: Ask, key: str, wanted: tuple[str, ...], applied: Applied) -> None:
    for value in wanted:
        try:
            answer = await ask(ChangeConfiguration(key, value))
        except ChargerRefused:
            continue
        if answer.outcome in _SET:
            applied.changed.append(key)
            applied.reboot |= answer.outcome is Outcome.REBOOT_REQUIRED
            return
    applied.refused.append(key)


def _same(entry: ConfigurationKey, wanted: tuple[str, ...]) -> bool:
    return (entry.value or "").replace(" ", "").casefold() in {value.casefold() for value in wanted}


def note(tx: Tx, charger_id: ChargerId, now: datetime, features: tuple[str, ...] | None = None) -> None:
    """Remember that the recipe was applied, so that it is not applied at every boot of the same firmware.

    `features`: what the charger can do, where it has a key that says so.
    """
    if features is not None:
        learn(tx, charger_id, features, now)
    state = tx.chargers.state(charger_id)
    firmware = (state.firmware if state else None) or ""
    tx.care.save(replace(tx.care.get(charger_id), configured_at=now, configured_firmware=firmware))
