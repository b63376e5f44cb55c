from collections.abc import Sequence
from dataclasses import replace

from gateway.domain.chargers import Charger, ChargerState, Knock
from gateway.domain.ids import ChargerId, EvseUid
from gateway.store.memory.shelves import Journal, Shelf
from gateway.store.rules import KNOCKS_KEPT


class MemoryChargers:
    """Chargers, their states and the strangers that knocked."""

    def __init__(self, journal: Journal) -> None:
        self._chargers: Shelf[ChargerId, Charger] = Shelf(journal)
        self._states: Shelf[ChargerId, ChargerState] = Shelf(journal)
        self._knocks: Shelf[tuple[ChargerId, str], Knock] = Shelf(journal)

    def get(self, charger_id: ChargerId) -> Charger | None:
        return self._chargers.get(charger_id)

    def all(self) -> Sequence[Charger]:
        return sorted(self._chargers, key=lambda c: c.id)

    def by_evse(self, uid: EvseUid) -> Sequence[Charger]:
        wanted = uid.casefold()
        return [c for c in self.all() if any(p.evse_uid.casefold() == wanted for p in c.plugs)]

    def save(self, charger: Charger) -> None:
        self._chargers.put(charger.id, charger)

    def remove(self, charger_id: ChargerId) -> None:
        self._chargers.drop(charger_id)
        self._states.drop(charger_id)

    def state(self, charger_id: ChargerId) -> ChargerState | None:
        return self._states.get(charger_id)

    def save_state(self, state: ChargerState) -> None:
        self._states.put(state.id, state)

    def note_knock(self, knock: Knock) -> None:
        key = (knock.charger_id, knock.reason)
        known = self._knocks.get(key)
        if known is None:
            self._make_room()
            self._knocks.put(key, knock)
        else:
            self._knocks.put(key, replace(knock, first_at=known.first_at, count=known.count + knock.count))

    def knocks(self) -> Sequence[Knock]:
        by_id = sorted(self._knocks, key=lambda k: k.charger_id)
        return sorted(by_id, key=lambda k: k.last_at, reverse=True)

    def clear_knocks(self, charger_id: ChargerId) -> None:
        for key in self._knocks.keys():  # noqa: SIM118 - a shelf iterates over its values
            if key[0] == charger_id:
                self._knocks.drop(key)

    def _make_room(self) -> None:
        if len(self._knocks) >= KNOCKS_KEPT:
            oldest = min(k.last_at for k in self._knocks)
            for key, knock in self._knocks.items():
                if knock.last_at == oldest:
                    self._knocks.drop(key)
