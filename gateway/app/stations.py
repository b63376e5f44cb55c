"""What is known of chargers themselves: presence, identity, state of their plugs. Within units of work."""

from dataclasses import replace
from datetime import datetime

from gateway.app import entitlement
from gateway.app.awaiting import reserved_at, reserving_run, withdraw
from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.chargers import OUT_OF_USE, Charger, ChargerState, PlugState, evse_status
from gateway.domain.events import Booted, PlugStatus, StatusChanged
from gateway.domain.ids import ChargerId, EvseUid
from gateway.domain.readings import ChargingState

CHARGING_STATE: dict[PlugStatus, ChargingState] = {
    PlugStatus.CHARGING: ChargingState.CHARGING,
    PlugStatus.SUSPENDED_EV: ChargingState.SUSPENDED_EV,
    PlugStatus.SUSPENDED_EVSE: ChargingState.SUSPENDED_EVSE,
}
"""The states of a plug that say what its car is doing within a transaction (M43)."""


def connected(tx: Tx, charger_id: ChargerId, protocol: str, now: datetime) -> bool:
    """Note a connection; True if the charger was accepted before."""
    state = _state(tx, charger_id)
    tx.chargers.save_state(replace(state, protocol=protocol, last_seen_at=now))
    tx.chargers.clear_knocks(charger_id)
    charger = tx.chargers.get(charger_id)
    if charger is not None:
        refresh_evses(tx, charger, now, online=True)
    return state.booted_at is not None


def last_seen(tx: Tx, charger_id: ChargerId, now: datetime) -> None:
    """Note when a charger was last heard."""
    tx.chargers.save_state(replace(_state(tx, charger_id), last_seen_at=now))


def booted(tx: Tx, event: Booted) -> None:
    """Keep what a charger says about itself (C01)."""
    tx.chargers.save_state(
        replace(
            _state(tx, event.charger_id),
            vendor=event.vendor,
            model=event.model,
            serial_number=event.serial_number,
            meter_serial_number=event.meter_serial_number,
            firmware=event.firmware,
            booted_at=event.at,
            habits=event.habits,
            unsupported=(),
            last_seen_at=event.at,
        )
    )


def status_changed(tx: Tx, event: StatusChanged, now: datetime, orphan_at: datetime) -> None:
    """Fold a state into its EVSE; one older than the newest known is not applied (C04, Q16)."""
    state = _state(tx, event.charger_id)
    current = state.plug(event.number)
    if current is not None and event.at < current.at:
        return
    plug = PlugState(event.number, event.status, event.at, event.error_code, event.info)
    others = tuple(p for p in state.plugs if p.number != event.number)
    tx.chargers.save_state(replace(state, plugs=(*others, plug), last_seen_at=now))
    charger = tx.chargers.get(event.charger_id)
    if charger is not None:
        refresh_evses(tx, charger, now, online=True)
    if event.status in OUT_OF_USE:
        _drop_reservation(tx, event, now)
    _tell_session(tx, event, orphan_at)


def refresh_evses(tx: Tx, charger: Charger, now: datetime, *, online: bool) -> None:
    """Recompute the status of a charger's EVSEs and owe what changed."""
    state = _state(tx, charger.id)
    for uid in dict.fromkeys(plug.evse_uid for plug in charger.plugs):
        _refresh_evse(tx, charger, state, uid, now, online=online)


def _refresh_evse(
    tx: Tx, charger: Charger, state: ChargerState, uid: EvseUid, now: datetime, *, online: bool
) -> None:
    location = tx.locations.by_evse(uid)
    if location is None:
        return
    changed = location.with_evse_status(uid, evse_status(charger, state, uid, online=online), now)
    if changed is not location:
        tx.locations.save(changed)
        entitlement.owe_evse(tx, changed, uid, now)


def _drop_reservation(tx: Tx, event: StatusChanged, now: datetime) -> None:
    """A charger forgets the reservation of a plug that goes out of use (OCPP 1.6 section 5.13, CMD-12)."""
    session = reserved_at(tx, event.charger_id, event.number)
    run = reserving_run(tx, session) if session else None
    if session is not None and run is not None:
        withdraw(tx, run, session, now)


def _tell_session(tx: Tx, event: StatusChanged, orphan_at: datetime) -> None:
    session = tx.sessions.open_at(event.charger_id, event.number)
    if session is None or event.at < session.started_at:
        return
    charging = CHARGING_STATE.get(event.status)
    if charging is not None:
        tx.sessions.add_state(session.id, event.at, charging)
        consumed = usage.observe_state(session.usage, session.terms, event.at, charging)
        tx.sessions.save(replace(session, usage=consumed, closes_at=None))
    elif event.status is PlugStatus.AVAILABLE:
        # The car is gone and no StopTransaction came: wait a while for it, then close the session as lost.
        tx.sessions.save(replace(session, closes_at=orphan_at))


def _state(tx: Tx, charger_id: ChargerId) -> ChargerState:
    return tx.chargers.state(charger_id) or ChargerState(charger_id)
