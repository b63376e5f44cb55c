"""What the simulated partner received: the book that tests and the demo compare with."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TypeVar

from gateway.sim.errors import NotSeenInTime
from gateway.sim.ocpi_wire import JsonObject, utc_now

T = TypeVar("T")
_HISTORY = 200
_EXCHANGES = 2000


@dataclass(slots=True)
class Held:
    """One object as the partner holds it, how often it came, and what it was before (newest last)."""

    body: JsonObject
    puts: int = 0
    patches: int = 0
    posts: int = 0
    history: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=_HISTORY))

    @property
    def kwh(self) -> Decimal:
        """`kwh` of a session."""
        return Decimal(self.body.get("kwh", 0))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the gateway and how it was answered."""

    method: str
    module: str
    path: str
    body: str
    http: int
    status: int | None


@dataclass(frozen=True, slots=True)
class AuthorizationAsked:
    """One real-time authorization, and the answer."""

    uid: str
    type: str
    location_id: str | None
    evse_uids: tuple[str, ...]
    verdict: str
    reference: str | None


class Ledger:
    """Objects by `CC/PID/ID` in upper case, everything received, and a way to wait for more.

    `on_change` runs after every entry and before the gateway gets its answer, so that books can be kept.
    """

    def __init__(self) -> None:
        self.locations: dict[str, Held] = {}
        self.tariffs: dict[str, Held] = {}
        self.sessions: dict[str, Held] = {}
        self.cdrs: dict[str, Held] = {}
        self.removed_tariffs: set[str] = set()
        self.duplicate_cdrs = 0
        self.authorizations: deque[AuthorizationAsked] = deque(maxlen=_EXCHANGES)
        self.exchanges: deque[Exchange] = deque(maxlen=_EXCHANGES)
        self.remarks: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self._changed = asyncio.Event()

    def books(self) -> dict[str, dict[str, Held]]:
        """The four books by module name."""
        return {
            "locations": self.locations,
            "tariffs": self.tariffs,
            "sessions": self.sessions,
            "cdrs": self.cdrs,
        }

    def changed(self) -> None:
        """Run the hook and wake everyone who waits in `until`."""
        if self.on_change is not None:
            self.on_change()
        self._changed.set()
        self._changed = asyncio.Event()

    def remark(self, text: str) -> None:
        """Note something that is not as the specification wants it but was not refused; kept once."""
        if text not in self.remarks and len(self.remarks) < _EXCHANGES:
            self.remarks.append(text)

    def requests(self, module: str, method: str | None = None) -> list[Exchange]:
        """Requests to a module, oldest first."""
        return [e for e in self.exchanges if e.module == module and method in (None, e.method)]

    async def until(self, seen: Callable[[], T | None], what: str, within: float = 10.0) -> T:
        """Wait until `seen` returns something other than None or False, and return it.

        Raises NotSeenInTime naming `what`.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    changed = self._changed
                    value = seen()
                    if value is not None and value is not False:
                        return value
                    await changed.wait()
        except TimeoutError as late:
            raise NotSeenInTime(f"{what}: not seen within {within:g} s") from late

    def remember(self) -> JsonObject:
        """The books as JSON, to be continued by a later run."""
        return {
            module: {
                key: {"body": h.body, "puts": h.puts, "patches": h.patches, "posts": h.posts}
                for key, h in book.items()
            }
            for module, book in self.books().items()
        }

    def recall(self, memory: JsonObject) -> None:
        """Continue the books of an earlier run."""
        for module, book in self.books().items():
            for key, held in memory.get(module, {}).items():
                book[key] = Held(**held)

    def as_json(self) -> JsonObject:
        """Counts and remarks, for people and scripts."""
        return {
            "at": utc_now(),
            "objects": {module: len(book) for module, book in self.books().items()},
            "duplicate_cdrs": self.duplicate_cdrs,
            "authorizations": [asdict(a) for a in self.authorizations],
            "remarks": self.remarks,
        }


def keep(book: dict[str, Held], key: str, body: JsonObject) -> tuple[Held, bool]:
    """Put a body into a book, remembering the one before; returns the entry and whether it is new."""
    held = book.get(key)
    if held is None:
        held = book[key] = Held(body)
        new = True
    else:
        held.body = body
        new = False
    held.history.append(body)
    return held, new
