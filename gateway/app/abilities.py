"""A charger told what it can do: its EVSEs show it, unless people listed their capabilities (4.J)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from gateway.app.entitlement import owe_location
from gateway.app.ports import Tx
from gateway.domain.capabilities import derived, with_derived
from gateway.domain.chargers import ChargerState
from gateway.domain.ids import ChargerId, EvseUid


def learn(tx: Tx, charger_id: ChargerId, features: Collection[str], now: datetime) -> None:
    """Keep the feature profiles of a charger and owe the locations whose EVSEs can do something else now."""
    state = tx.chargers.state(charger_id) or ChargerState(charger_id)
    _became(tx, state, replace(state, features=tuple(sorted(features))), now)


def refused(tx: Tx, charger_id: ChargerId, command: str, now: datetime) -> None:
    """Remember that a charger does not know a command, until it boots again."""
    state = tx.chargers.state(charger_id)
    if state is not None and command not in state.unsupported:
        _became(tx, state, replace(state, unsupported=(*state.unsupported, command)), now)


def _became(tx: Tx, before: ChargerState, after: ChargerState, now: datetime) -> None:
    if after != before:
        tx.chargers.save_state(after)
    charger = tx.chargers.get(before.id)
    can = derived(after.features, after.unsupported)
    for uid in dict.fromkeys(plug.evse_uid for plug in charger.plugs) if charger else ():
        _show(tx, uid, before.features, can, now)


def _show(tx: Tx, uid: EvseUid, features: Collection[str], can: tuple[str, ...], now: datetime) -> None:
    location = tx.locations.by_evse(uid)
    evse = location.evse(uid) if location else None
    if location is None or evse is None:
        return
    changed = with_derived(evse, features, can, now)
    if changed is not evse:
        evses = tuple(changed if e is evse else e for e in location.evses)
        location = replace(location, evses=evses, last_updated=max(now, location.last_updated))
        tx.locations.save(location)
        owe_location(tx, location, now)
