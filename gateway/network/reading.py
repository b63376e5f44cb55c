"""A document to a plan. Collects every problem, so that a person repairs a file once and not line by line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from gateway.app.network_plan import NetworkRefused, Path, Plan, PlannedAssignment, PlannedCharger
from gateway.domain.chargers import PlugMapping
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId, ConnectorId, ConnectorNumber, EvseUid, LocationId, Party, TariffId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff
from gateway.network.fields import FILE, unknown_fields
from gateway.network.positions import Document, Value

T = TypeVar("T")
_PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
_LONGEST_CHARGER_ID = 48
_HIGHEST_PROFILE = 3
_LONGEST_PING_S = 3600
_PART = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Readers:
    """How OCPI objects are read: parsed JSON in, our words out, InvalidInput with the field's path."""

    location: Callable[[object], Location]
    tariff: Callable[[object], Tariff]


def read_plan(document: Document, readers: Readers, now: datetime) -> Plan:
    """The plan in a document; objects without `last_updated` get `now`.

    Raises NetworkRefused with every problem and its position.
    """
    reading = _Reading(document, readers, now)
    plan = reading.plan()
    if reading.problems:
        ordered = sorted(reading.problems, key=lambda p: document.problem(*p).line)
        raise NetworkRefused(document.problem(path, reason) for path, reason in ordered)
    return plan


@dataclass(slots=True)
class _Reading:
    document: Document
    readers: Readers
    now: datetime
    problems: list[tuple[Path, str]] = field(default_factory=list)

    def plan(self) -> Plan:
        root = self.document.value
        if not isinstance(root, dict):
            self.add((), "expected an object with parties, tariffs, locations and chargers")
            return Plan()
        self.problems.extend(unknown_fields(root, FILE))
        parties = self._each(root, "parties", self._party)
        tariffs = self._each(
            root, "tariffs", lambda path, item: self._object(path, item, self.readers.tariff)
        )
        locations = self._each(
            root, "locations", lambda path, item: self._object(path, item, self.readers.location)
        )
        chargers = self._each(root, "chargers", self._charger)
        assignments = self._each(root, "tariff_assignments", self._assignment)
        self._once("parties", {index: str(role.party) for index, role in parties.items()})
        self._once("tariffs", {index: f"{t.party}/{t.id}" for index, t in tariffs.items()})
        self._once("locations", {index: location.id for index, location in locations.items()})
        self._once("chargers", {index: charger.id for index, charger in chargers.items()})
        self._once("tariff_assignments", {i: f"{a.name}: {a.tariff_id}" for i, a in assignments.items()})
        self._evses_once(locations)
        return Plan(
            tuple(parties.values()),
            tuple(tariffs.values()),
            tuple(locations.values()),
            tuple(chargers.values()),
            tuple(assignments.values()),
        )

    def add(self, path: Path, reason: str) -> None:
        self.problems.append((path, reason))

    def _each(
        self, root: Mapping[str, Value], name: str, read: Callable[[Path, dict[str, Value]], T | None]
    ) -> dict[int, T]:
        """The readable items of a list by their index."""
        items = root.get(name)
        if items is None:
            return {}
        if not isinstance(items, list):
            self.add((name,), f"expected a list, not {_named(items)}")
            return {}
        found: dict[int, T] = {}
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                self.add((name, index), f"expected an object, not {_named(item)}")
                continue
            result = read((name, index), item)
            if result is not None:
                found[index] = result
        return found

    def _once(self, name: str, ids: Mapping[int, str]) -> None:
        """Ids are compared without regard to case, as OCPI does (TR-32)."""
        first: dict[str, int] = {}
        for index, id_ in ids.items():
            before = first.setdefault(id_.casefold(), index)
            if before != index:
                self.add((name, index), f"{id_} is there twice; the first is {name}[{before}]")

    def _evses_once(self, locations: Mapping[int, Location]) -> None:
        homes: dict[str, str] = {}
        for index, location in locations.items():
            for number, evse in enumerate(location.evses):
                path: Path = ("locations", index, "evses", number)
                home = homes.setdefault(evse.uid.casefold(), f"{index}.{number}")
                if home != f"{index}.{number}":
                    self.add((*path, "uid"), f"EVSE {evse.uid} is there twice; uids are unique")
                seen: set[str] = set()
                for position, connector in enumerate(evse.connectors):
                    if connector.id.casefold() in seen:
                        reason = f"connector {connector.id} is there twice in EVSE {evse.uid}"
                        self.add((*path, "connectors", position, "id"), reason)
                    seen.add(connector.id.casefold())

    def _object(self, path: Path, item: dict[str, Value], read: Callable[[object], T]) -> T | None:
        try:
            return read(_stamped(item, self.now.isoformat().replace("+00:00", "Z")))
        except InvalidInput as error:
            reason = str(error).removeprefix(f"{error.field}: ")
            self.add((*path, *_parts(error.field)), reason)
            return None

    def _party(self, path: Path, item: dict[str, Value]) -> PartnerRole | None:
        details = item.get("business_details")
        if details is not None and not isinstance(details, dict):
            self.add((*path, "business_details"), f"expected an object, not {_named(details)}")
            return None
        details = details or {}
        country = self._text(path, item, "country_code")
        party = self._text(path, item, "party_id")
        name = item.get("name", details.get("name"))
        if not isinstance(name, str) or not name:
            self.add((*path, "name"), "needs a name, here or in business_details")
        website = item.get("website", details.get("website"))
        if website is not None and not isinstance(website, str):
            self.add((*path, "website"), f"expected a text, not {_named(website)}")
        if country is None or party is None or not isinstance(name, str):
            return None
        try:
            parsed = Party.parse(f"{country}-{party}") if len(country) == 2 else None  # noqa: PLR2004
        except ValueError:
            parsed = None
        if parsed is None:
            reason = f"{country}-{party} is not a party: two letters and three letters or digits, like NL-EMS"
            self.add((*path, "country_code"), reason)
            return None
        return PartnerRole(Role.CPO, parsed, name, website if isinstance(website, str) else None)

    def _charger(self, path: Path, item: dict[str, Value]) -> PlannedCharger | None:
        before = len(self.problems)
        id_ = self._text(path, item, "id")
        if id_ is not None and (len(id_) > _LONGEST_CHARGER_ID or ":" in id_ or not id_.isprintable()):
            self.add((*path, "id"), "at most 48 printable characters without a colon (B01)")
        password = self._text(path, item, "password", optional=True)
        subject = self._text(path, item, "certificate_subject", optional=True)
        if password is not None and subject is not None:
            self.add((*path, "certificate_subject"), "give a password or a certificate_subject, not both")
        protocol = self._text(path, item, "protocol", optional=True)
        if protocol is not None and protocol not in _PROTOCOLS:
            self.add((*path, "protocol"), f"{protocol!r} is none of {', '.join(_PROTOCOLS)}")
        profile = self._number(path, item, "security_profile", 0, _HIGHEST_PROFILE)
        ping = self._number(path, item, "ping_seconds", 0, _LONGEST_PING_S)
        plugs = self._plugs(path, item)
        if id_ is None or len(self.problems) > before:
            return None
        return PlannedCharger(ChargerId(id_), plugs, password, subject, protocol, profile, ping)

    def _plugs(self, path: Path, item: dict[str, Value]) -> tuple[PlugMapping, ...]:
        connectors = item.get("connectors")
        if not isinstance(connectors, list) or not connectors:
            self.add((*path, "connectors"), "needs a list with at least one connector")
            return ()
        plugs: list[PlugMapping] = []
        for index, entry in enumerate(connectors):
            here: Path = (*path, "connectors", index)
            if not isinstance(entry, dict):
                self.add(here, f"expected an object, not {_named(entry)}")
                continue
            plug = self._plug(here, entry)
            if plug is not None and any(plug.number == other.number for other in plugs):
                self.add((*here, "number"), f"number {plug.number.evse} is there twice at this charger")
            elif plug is not None:
                plugs.append(plug)
        return tuple(plugs)

    def _plug(self, path: Path, entry: dict[str, Value]) -> PlugMapping | None:
        if entry.get("number") is None:
            self.add((*path, "number"), "needs the number the charger gives this plug (1, 2, …)")
        number = self._number(path, entry, "number", 1, 1000)
        connector = self._number(path, entry, "connector", 1, 1000)
        uid = self._text(path, entry, "evse_uid")
        connector_id = self._text(path, entry, "connector_id")
        if number is None or uid is None or connector_id is None:
            return None
        plug = ConnectorNumber(number, connector if connector is not None else 1)
        return PlugMapping(plug, EvseUid(uid), ConnectorId(connector_id))

    def _assignment(self, path: Path, item: dict[str, Value]) -> PlannedAssignment | None:
        before = len(self.problems)
        tariff = self._text(path, item, "tariff_id")
        partner = self._text(path, item, "partner", optional=True)
        named = self._text(path, item, "party", optional=True)
        location = self._text(path, item, "location_id", optional=True)
        if (partner is None) == (named is None) and len(self.problems) == before:
            self.add(path, "needs a partner (its name) or a party (like NL-EMS), and not both")
        party = None
        try:
            party = Party.parse(named) if named is not None else None
        except ValueError as error:
            self.add((*path, "party"), str(error))
        if tariff is None or len(self.problems) > before:
            return None
        where = LocationId(location) if location is not None else None
        return PlannedAssignment(TariffId(tariff), partner, party, where)

    def _text(
        self, path: Path, item: Mapping[str, Value], name: str, *, optional: bool = False
    ) -> str | None:
        value = item.get(name)
        if value is None and optional:
            return None
        if value is None:
            self.add((*path, name), f"{name} is missing")
        elif isinstance(value, str) and value:
            return value
        elif isinstance(value, str):
            self.add((*path, name), f"{name} is empty")
        else:
            hint = f'; write "{value}" in quotes' if isinstance(value, int) and value is not True else ""
            self.add((*path, name), f"expected a text, not {_named(value)}{hint}")
        return None

    def _number(
        self, path: Path, item: Mapping[str, Value], name: str, lowest: int, highest: int
    ) -> int | None:
        value = item.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self.add((*path, name), f"expected a whole number from {lowest} to {highest}")
            return None
        return value


def _stamped(item: dict[str, Value], now: str) -> dict[str, Value]:
    """The object with `last_updated` where the file leaves it out: on it, its EVSEs and their connectors."""
    stamped = {"last_updated": now} | item
    for name in ("evses", "connectors"):
        children = stamped.get(name)
        if isinstance(children, list):
            stamped[name] = [_stamped(c, now) if isinstance(c, dict) else c for c in children]
    return stamped


def _parts(dotted: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in _PART.findall(dotted))


def _named(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"the number {value}"
