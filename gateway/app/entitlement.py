"""Which partner is owed what. Called inside units of work, so that a change and its debts commit together."""

from datetime import datetime, timedelta

from gateway.app.ports import Tx
from gateway.app.visibility import Sight
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import WITHDRAWN, Debt, DebtState, Owed
from gateway.domain.ids import ConnectorId, EvseUid, PartnerId
from gateway.domain.partners import InterfaceRole, Partner, PartnerState
from gateway.domain.remote_runs import Result, Run
from gateway.domain.sessions import Session
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff

EVSE_SETTLE = timedelta(seconds=1)
"""How long an EVSE's status may change its mind before partners hear of it (4.B: debounce and coalesce)."""

_KEEPS_DEBTS = frozenset({PartnerState.REGISTERED, PartnerState.AUTH_FAILED, PartnerState.PAUSED})


def receivers(tx: Tx, module: str) -> list[Partner]:
    """Partners that take pushes for a module, including those we cannot reach right now."""
    return [
        partner
        for partner in tx.partners.all()
        if partner.state in _KEEPS_DEBTS and partner.endpoint(module, InterfaceRole.RECEIVER)
    ]


def owe_location(tx: Tx, location: Location, now: datetime) -> None:
    """Owe the whole location to everyone who may see it, or could until now and has to hear of the change."""
    for partner in receivers(tx, "locations"):
        sight = Sight(tx, partner)
        if has_to_hear(tx, sight, partner, location):
            tx.debts.owe(partner.id, Owed.LOCATION, location.id, now, now)


def has_to_hear(tx: Tx, sight: Sight, partner: Partner, location: Location) -> bool:
    """Whether the partner may see the location, or was given it and not told yet to show it to nobody."""
    return sight.location(location) or holds(tx.debts.get(partner.id, Owed.LOCATION, location.id))


def holds(given: Debt | None) -> bool:
    """Whether the partner of this debt was given the location, and may show it as far as it knows."""
    return given is not None and given.settled > 0 and given.holding != WITHDRAWN


def owe_evse(tx: Tx, location: Location, uid: EvseUid, now: datetime) -> None:
    """Owe an EVSE's status; a partner that does not have the location yet is owed the location (LOC-03)."""
    _owe_part(tx, location, Owed.EVSE, f"{location.id}/{uid}", now, now + EVSE_SETTLE)


def owe_connector(tx: Tx, location: Location, uid: EvseUid, connector_id: ConnectorId, now: datetime) -> None:
    """Owe one connector, where nothing else of the location changed (LOC-03)."""
    _owe_part(tx, location, Owed.CONNECTOR, f"{location.id}/{uid}/{connector_id}", now, now)


def _owe_part(tx: Tx, location: Location, kind: Owed, key: str, now: datetime, due_at: datetime) -> None:
    for partner in receivers(tx, "locations"):
        if not Sight(tx, partner).location(location):
            continue
        parent = tx.debts.get(partner.id, Owed.LOCATION, location.id)
        if parent is not None and parent.state is DebtState.SETTLED and parent.settled > 0:
            tx.debts.owe(partner.id, kind, key, now, due_at)
        else:
            # The whole location is on its way, or has never been sent, and will carry this part.
            tx.debts.owe(partner.id, Owed.LOCATION, location.id, now, now)


def owe_tariff(tx: Tx, tariff: Tariff, now: datetime, *, removed: bool = False) -> None:
    """Owe a tariff to everyone who takes tariffs and may see it (TAR-01).

    A removed one is taken back from everyone who was ever owed it, also from those who may not see it now.
    """
    key = f"{tariff.party}/{tariff.id}"
    for partner in receivers(tx, "tariffs"):
        owed_once = removed and tx.debts.get(partner.id, Owed.TARIFF, key) is not None
        if owed_once or Sight(tx, partner).tariff(tariff):
            tx.debts.owe(partner.id, Owed.TARIFF, key, now, now)


def owe_session(tx: Tx, session: Session, now: datetime, due_at: datetime) -> None:
    """Owe a session to the partner whose driver charges, and to nobody else (SES-02)."""
    partner = _takes(tx, session.partner_id, "sessions")
    if partner is not None and session.token is not None:
        tx.debts.owe(partner.id, Owed.SESSION, session.id, now, due_at)


def owe_cdr(tx: Tx, cdr: Cdr, now: datetime) -> None:
    """Owe a CDR to the partner whose driver charged, and to nobody else (CDR-09)."""
    partner = _takes(tx, cdr.partner_id, "cdrs")
    if partner is not None and (cdr.bill.energy_kwh or partner.profile.zero_energy_cdrs):
        tx.debts.owe(partner.id, Owed.CDR, cdr.id, now, now)


def owe_result(tx: Tx, run: Run, result: Result, now: datetime) -> None:
    """Owe a command's result to the address that came with it (CMD-03); the key names the result."""
    tx.debts.owe(run.partner_id, Owed.COMMAND_RESULT, f"{run.id}/{result}", now, now)


def owe_active_profile(tx: Tx, session: Session, now: datetime) -> None:
    """Owe what a charger follows to the partner that set a profile, if it takes that (CP-03)."""
    partner = tx.partners.get(session.partner_id) if session.partner_id else None
    if partner is not None and partner.endpoint("chargingprofiles", InterfaceRole.SENDER):
        tx.debts.owe(partner.id, Owed.ACTIVE_PROFILE, session.id, now, now)


def _takes(tx: Tx, partner_id: PartnerId | None, module: str) -> Partner | None:
    partner = tx.partners.get(partner_id) if partner_id else None
    if partner is None or partner.state not in _KEEPS_DEBTS:
        return None
    return partner if partner.endpoint(module, InterfaceRole.RECEIVER) else None
