"""What must hold between a network file and what is stored already, before anything is applied."""

from collections.abc import Iterator

from gateway.app.network_plan import Fault, Path, Plan, PlannedAssignment, PlannedCharger
from gateway.app.ports import Tx
from gateway.domain.chargers import PlugMapping
from gateway.domain.ids import EvseUid, Party
from gateway.domain.sites import Evse, EvseStatus, Location


def faults_of(tx: Tx, plan: Plan, *, prune: bool) -> list[Fault]:
    """Every fault of a plan against the stored network; none means that it can be applied."""
    checks = _Checks(tx, plan, prune=prune)
    return [*checks.parties(), *checks.locations(), *checks.chargers(), *checks.assignments()]


class _Checks:
    def __init__(self, tx: Tx, plan: Plan, *, prune: bool) -> None:
        self._tx = tx
        self._plan = plan
        self._prune = prune
        stored = () if prune else tx.parties.all()
        self._parties = {role.party for role in (*plan.parties, *stored)}
        offered = (*plan.tariffs, *(() if prune else tx.tariffs.all()))
        self._tariffs = {(tariff.party, tariff.id.casefold()) for tariff in offered}
        self._evses: dict[str, Evse] = {}
        places = (*plan.locations, *(() if prune else tx.locations.all()))
        self._places = {location.id.casefold(): location.party for location in reversed(places)}
        for location in (*(() if prune else tx.locations.all()), *plan.locations):
            self._evses |= {evse.uid.casefold(): evse for evse in location.evses}

    def parties(self) -> Iterator[Fault]:
        """Objects belong to parties that are ours."""
        for index, tariff in enumerate(self._plan.tariffs):
            yield from self._known_party(("tariffs", index), tariff.party)
        for index, location in enumerate(self._plan.locations):
            yield from self._known_party(("locations", index), location.party)

    def _known_party(self, path: Path, party: Party) -> Iterator[Fault]:
        if party not in self._parties:
            known = ", ".join(sorted(str(p) for p in self._parties)) or "none"
            yield Fault((*path, "party_id"), f"party {party} is not one of `parties` (known: {known})")

    def locations(self) -> Iterator[Fault]:
        """Ids are never reused, and tariffs exist (LOC-05, LOC-13)."""
        for index, location in enumerate(self._plan.locations):
            path: Path = ("locations", index)
            stored = self._tx.locations.get(location.id)
            if stored is not None and stored.party != location.party:
                reason = f"location {location.id} belongs to {stored.party}; a location keeps its party"
                yield Fault((*path, "party_id"), reason)
            for number, evse in enumerate(location.evses):
                yield from self._evse((*path, "evses", number), location, evse)

    def _evse(self, path: Path, location: Location, evse: Evse) -> Iterator[Fault]:
        home = self._tx.locations.by_evse(evse.uid)
        if home is not None and home.id.casefold() != location.id.casefold():
            reason = f"EVSE {evse.uid} belongs to location {home.id}; a uid is never used again"
            yield Fault((*path, "uid"), reason)
        elif home is not None:
            before = home.evse(evse.uid)
            gone = before is not None and before.status is EvseStatus.REMOVED
            if gone and evse.status is not EvseStatus.REMOVED:
                reason = f"EVSE {evse.uid} was removed for good; give the new one a new uid"
                yield Fault((*path, "uid"), reason)
        for number, connector in enumerate(evse.connectors):
            for position, tariff_id in enumerate(connector.tariff_ids):
                if (location.party, tariff_id.casefold()) not in self._tariffs:
                    where = (*path, "connectors", number, "tariff_ids", position)
                    yield Fault(where, f"{location.party} has no tariff {tariff_id}")

    def chargers(self) -> Iterator[Fault]:
        """Plugs exist and belong to one charger; every charger proves who it is."""
        planned = {charger.id for charger in self._plan.chargers}
        owners: dict[tuple[str, str], str] = {}
        for stored in () if self._prune else self._tx.chargers.all():
            if stored.id not in planned:
                owners |= {_plug_key(plug): stored.id for plug in stored.plugs}
        for index, charger in enumerate(self._plan.chargers):
            yield from self._credentials(("chargers", index), charger)
            for number, plug in enumerate(charger.plugs):
                path: Path = ("chargers", index, "connectors", number)
                yield from self._plug(path, plug)
                owner = owners.setdefault(_plug_key(plug), charger.id)
                if owner != charger.id:
                    reason = f"EVSE {plug.evse_uid} connector {plug.connector_id} belongs to charger {owner}"
                    yield Fault((*path, "evse_uid"), reason)

    def _credentials(self, path: Path, charger: PlannedCharger) -> Iterator[Fault]:
        if charger.password is not None or charger.certificate_subject is not None:
            return
        stored = self._tx.chargers.get(charger.id)
        if charger.security_profile == 0 or (
            stored and (stored.password_hashes or stored.certificate_subject)
        ):
            return
        reason = "needs a password or a certificate_subject (or security_profile 0: this machine only)"
        yield Fault(path, f"charger {charger.id} {reason}")

    def _plug(self, path: Path, plug: PlugMapping) -> Iterator[Fault]:
        evse = self._evses.get(plug.evse_uid.casefold())
        if evse is None:
            yield Fault((*path, "evse_uid"), f"there is no EVSE {plug.evse_uid} in this file or the database")
        elif evse.status is EvseStatus.REMOVED:
            yield Fault((*path, "evse_uid"), f"EVSE {plug.evse_uid} is REMOVED")
        elif evse.connector(plug.connector_id) is None and not self._kept(plug):
            known = ", ".join(connector.id for connector in evse.connectors) or "none"
            reason = f"EVSE {plug.evse_uid} has no connector {plug.connector_id} (known: {known})"
            yield Fault((*path, "connector_id"), reason)

    def _kept(self, plug: PlugMapping) -> bool:
        """Whether the plug is stored and stays because the file does not mention it."""
        if self._prune:
            return False
        home = self._tx.locations.by_evse(EvseUid(plug.evse_uid))
        evse = home.evse(plug.evse_uid) if home else None
        return evse is not None and evse.connector(plug.connector_id) is not None

    def assignments(self) -> Iterator[Fault]:
        """A tariff is assigned to a partner we know, for a place that has it."""
        for index, assignment in enumerate(self._plan.assignments):
            yield from self._assignment(("tariff_assignments", index), assignment)

    def _assignment(self, path: Path, assignment: PlannedAssignment) -> Iterator[Fault]:
        partner, place = assignment.partner, assignment.location_id
        if partner is not None and self._tx.partners.by_name(partner) is None:
            reason = f"there is no partner named {partner}; invite it first, or assign to a `party`"
            yield Fault((*path, "partner"), reason)
        owner = self._places.get(place.casefold()) if place is not None else None
        if place is not None and owner is None:
            yield Fault((*path, "location_id"), f"there is no location {place}")
            return
        wanted = assignment.tariff_id.casefold()
        if not any(id_ == wanted and owner in (None, party) for party, id_ in self._tariffs):
            whose = "there is no" if owner is None else f"{owner} has no"
            yield Fault((*path, "tariff_id"), f"{whose} tariff {assignment.tariff_id}")


def _plug_key(plug: PlugMapping) -> tuple[str, str]:
    return plug.evse_uid.casefold(), plug.connector_id.casefold()
