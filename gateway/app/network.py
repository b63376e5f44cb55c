"""The network file's use case: make what is stored agree with a plan, in one commit, and say what changed."""

from collections.abc import Callable
from datetime import datetime

from gateway.app.entitlement import owe_connector, owe_location, owe_tariff
from gateway.app.network_checks import faults_of
from gateway.app.network_merge import merge_location, only_connector, removed_everywhere, same_tariff
from gateway.app.network_plan import Action, Change, Changes, Plan, PlannedCharger, PlanRefused
from gateway.app.ports import Clock, Secrets, Store, Tx
from gateway.domain.chargers import Charger
from gateway.domain.ids import EvseUid, PartnerId, Party
from gateway.domain.keys import key_forms
from gateway.domain.selection import TariffAssignment
from gateway.domain.sites import EvseStatus, Location
from gateway.domain.tariffs import Tariff

_Scope = tuple[PartnerId | None, Party | None, str | None]
"""Whom an assignment is about, and where."""


class Network:
    """Applies plans."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock, on_changed: Callable[[], None]) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._on_changed = on_changed

    async def apply(self, plan: Plan, *, prune: bool = False) -> Changes:
        """Store the plan in one commit and owe partners what changed.

        What the plan does not mention stays, unless `prune`: then parties, tariffs and chargers go, and EVSEs
        become REMOVED (LOC-05). Raises PlanRefused with every fault; StoreUnavailable.
        """
        now = self._clock.now()

        def work(tx: Tx) -> Changes:
            faults = faults_of(tx, plan, prune=prune)
            if faults:
                raise PlanRefused(faults)
            return _Applying(tx, plan, self._secrets, now, prune=prune).run()

        changes = await self._store.write(work)
        if changes.changes:
            self._on_changed()
        return changes


class _Applying:
    """One application of a plan within one transaction."""

    def __init__(self, tx: Tx, plan: Plan, secrets: Secrets, now: datetime, *, prune: bool) -> None:
        self._tx = tx
        self._plan = plan
        self._secrets = secrets
        self._now = now
        self._prune = prune
        self._changes: list[Change] = []
        self._unchanged = 0

    def run(self) -> Changes:
        self._parties()
        self._tariffs()
        self._chargers()
        self._locations()
        self._assignments()
        return Changes(tuple(self._changes), self._unchanged)

    def _note(self, kind: str, id_: str, action: Action | None) -> bool:
        if action is None:
            self._unchanged += 1
            return False
        self._changes.append(Change(action, kind, id_))
        return True

    def _parties(self) -> None:
        stored = {role.party: role for role in self._tx.parties.all()}
        for role in self._plan.parties:
            if self._note("party", str(role.party), _action(stored.pop(role.party, None), role)):
                self._tx.parties.save(role)
        for party in stored if self._prune else ():
            self._tx.parties.remove(party)
            self._note("party", str(party), Action.REMOVED)

    def _tariffs(self) -> None:
        stored = {_tariff_key(tariff): tariff for tariff in self._tx.tariffs.all()}
        for tariff in self._plan.tariffs:
            before = stored.pop(_tariff_key(tariff), None)
            after = same_tariff(before, tariff, self._now)
            if self._note("tariff", f"{tariff.party}/{after.id}", _action(before, after)):
                self._tx.tariffs.save(after)
                owe_tariff(self._tx, after, self._now)
        for tariff in stored.values() if self._prune else ():
            owe_tariff(self._tx, tariff, self._now, removed=True)
            self._tx.tariffs.remove(tariff.party, tariff.id)
            self._note("tariff", f"{tariff.party}/{tariff.id}", Action.REMOVED)

    def _chargers(self) -> None:
        stored = {charger.id: charger for charger in self._tx.chargers.all()}
        for planned in self._plan.chargers:
            before = stored.pop(planned.id, None)
            charger = self._charger(planned, before)
            if self._note("charger", charger.id, _action(before, charger)):
                self._tx.chargers.save(charger)
                self._tx.chargers.clear_knocks(charger.id)
        for charger_id in stored if self._prune else ():
            self._tx.chargers.remove(charger_id)
            self._note("charger", charger_id, Action.REMOVED)

    def _charger(self, planned: PlannedCharger, before: Charger | None) -> Charger:
        """A charger without credentials in the file keeps the ones it has."""
        hashes: tuple[str, ...] = ()
        if planned.password is not None:
            hashes = tuple(self._secrets.fingerprint(form) for form in key_forms(planned.password))
        elif before is not None and planned.certificate_subject is None:
            hashes = before.password_hashes
        subject = planned.certificate_subject
        if subject is None and planned.password is None and before is not None:
            subject = before.certificate_subject
        profile, ping_s = planned.security_profile, planned.ping_seconds
        return Charger(planned.id, planned.plugs, hashes, subject, planned.protocol, profile, ping_s)

    def _locations(self) -> None:
        stored = {location.id.casefold(): location for location in self._tx.locations.all()}
        plugs = {id_ for location in self._plan.locations for id_ in _uids(location)}
        live = frozenset(uid for uid in plugs if self._tx.chargers.by_evse(EvseUid(uid)))
        for wanted in self._plan.locations:
            before = stored.pop(wanted.id.casefold(), None)
            after = wanted
            if before is not None:
                after = merge_location(before, wanted, live, self._now, prune=self._prune)
            self._save_location(before, after)
        for before in stored.values() if self._prune else ():
            self._save_location(before, removed_everywhere(before, self._now))

    def _assignments(self) -> None:
        """What the file says about somebody somewhere replaces what was agreed about the same."""
        planned: dict[_Scope, list[TariffAssignment]] = {}
        names: dict[_Scope, str] = {}
        for item in self._plan.assignments:
            partner = self._tx.partners.by_name(item.partner) if item.partner is not None else None
            made = TariffAssignment(
                item.tariff_id, partner.id if partner else None, item.party, item.location_id
            )
            planned.setdefault(_scope(made), []).append(made)
            names.setdefault(_scope(made), item.name)
        stored: dict[_Scope, list[TariffAssignment]] = {}
        for before in self._tx.assignments.all():
            stored.setdefault(_scope(before), []).append(before)
        wanted = ({} if self._prune else stored) | planned
        for scope in wanted:
            self._note(
                "assignment", names.get(scope, _called(scope)), _action(stored.get(scope), wanted[scope])
            )
        for scope in stored.keys() - wanted.keys():
            self._note("assignment", _called(scope), Action.REMOVED)
        if wanted != stored:
            self._tx.assignments.replace([a for agreed in wanted.values() for a in agreed])

    def _save_location(self, before: Location | None, after: Location) -> None:
        if not self._note("location", after.id, _action(before, after)):
            return
        self._tx.locations.save(after)
        part = only_connector(before, after)
        if part is None:
            owe_location(self._tx, after, self._now)
        else:
            owe_connector(self._tx, after, *part, self._now)
        for evse in after.evses if before is not None else ():
            old = before.evse(evse.uid) if before else None
            action = _action(old, evse)
            if old is not None and evse.status is EvseStatus.REMOVED is not old.status:
                action = Action.REMOVED
            if action is not None:
                self._note("evse", f"{after.id}/{evse.uid}", action)


def _scope(assignment: TariffAssignment) -> _Scope:
    place = assignment.location_id
    return assignment.partner_id, assignment.party, None if place is None else place.casefold()


def _called(scope: _Scope) -> str:
    partner_id, party, place = scope
    return f"{party or partner_id} at {place or 'every location'}"


def _action(before: object | None, after: object) -> Action | None:
    if before is None:
        return Action.ADDED
    return None if before == after else Action.CHANGED


def _tariff_key(tariff: Tariff) -> tuple[Party, str]:
    return tariff.party, tariff.id.casefold()


def _uids(location: Location) -> list[str]:
    return [evse.uid for evse in location.evses]
