from collections.abc import Sequence
from datetime import datetime

from gateway.domain.authorization import Authorization
from gateway.domain.chargers import SetAside
from gateway.domain.ids import ChargerId
from gateway.store.memory.shelves import Journal, Shelf


class MemoryAuthorizations:
    """Decisions about cards."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[int, tuple[datetime, ChargerId, str, Authorization]] = Shelf(journal)

    def add(self, charger_id: ChargerId, presented: str, at: datetime, authorization: Authorization) -> None:
        number = max(self._rows.keys(), default=-1) + 1
        self._rows.put(number, (at, charger_id, presented, authorization))

    def latest(self, charger_id: ChargerId, presented: str, since: datetime) -> Authorization | None:
        card = presented.casefold()
        fitting = [r for r in self._rows if r[1] == charger_id and r[2].casefold() == card and r[0] >= since]
        newest_last = sorted(fitting, key=lambda row: row[0])
        return newest_last[-1][3] if newest_last else None

    def log(self, limit: int) -> Sequence[tuple[datetime, ChargerId, str, Authorization]]:
        return list(reversed(list(self._rows)))[:limit]

    def count(self) -> int:
        return sum(1 for _ in self._rows)

    def forget(self, before: datetime, limit: int) -> int:
        """See `OldRows.drop_authorizations`."""
        old = sorted((row[0], number) for number, row in self._rows.items() if row[0] < before)[:limit]
        for _, number in old:
            self._rows.drop(number)
        return len(old)


class MemorySetAside:
    """What waits for a person."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[str, SetAside] = Shelf(journal)

    def add(self, item: SetAside) -> None:
        self._rows.put(item.id, item)

    def open(self) -> Sequence[SetAside]:
        waiting = (item for item in self._rows if item.resolved_at is None)
        return sorted(waiting, key=lambda item: (item.at, item.id))

    def get(self, item_id: str) -> SetAside | None:
        return self._rows.get(item_id)

    def save(self, item: SetAside) -> None:
        self._rows.put(item.id, item)


class MemoryMarks:
    """Facts about the database itself."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[str, str] = Shelf(journal)

    def get(self, name: str) -> str | None:
        return self._rows.get(name)

    def save(self, name: str, value: str) -> None:
        self._rows.put(name, value)
