"""The last raw messages of every conversation, for the question "what exactly did you send?"."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime

from gateway.app.ports import Clock
from gateway.domain.ids import ChargerId, PartnerId

_PER_CONVERSATION = 100
_LONGEST_TEXT = 4096
MOST_BYTES = 32 * 2**20
"""Of all messages together: all 100 of 600 chargers, the last 10 of 6 000."""
_AROUND_A_TEXT = 200
"""Bytes a message needs beside its text."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; direction "in" or "out"."""

    at: datetime
    direction: str
    summary: str
    text: str

    @property
    def size(self) -> int:
        """About how many bytes it is."""
        return len(self.summary) + len(self.text) + _AROUND_A_TEXT


@dataclass(slots=True)
class _Conversation:
    messages: deque[Message] = field(default_factory=deque)
    size: int = 0

    def add(self, message: Message) -> int:
        """Returns by how many bytes it grew."""
        self.messages.append(message)
        self.size += message.size
        return message.size

    def drop_oldest(self) -> int:
        """Returns by how many bytes it shrank."""
        size = self.messages.popleft().size
        self.size -= size
        return size


class RecentMessages:
    """Implements `ports.Recorder` in memory, bounded in every direction. What it gets is masked already.

    When all of it is too much, who speaks keeps no more than an equal share, and who was silent longest goes.
    """

    def __init__(
        self, clock: Clock, *, per_conversation: int = _PER_CONVERSATION, most_bytes: int = MOST_BYTES
    ) -> None:
        self._clock = clock
        self._per_conversation = per_conversation
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], _Conversation] = OrderedDict()
        self._size = 0
        self.counts: Counter[tuple[str, str]] = Counter()
        """How many there were, by side ("charger" or "partner") and direction."""

    def frame(self, charger_id: ChargerId, direction: str, text: str) -> None:
        """Keep an OCPP frame."""
        self._keep(("charger", charger_id), Message(self._clock.now(), direction, "", text[:_LONGEST_TEXT]))

    def exchange(self, partner_id: PartnerId | None, direction: str, summary: str, text: str) -> None:
        """Keep an OCPI request with its answer."""
        short = summary[:_LONGEST_TEXT]
        message = Message(self._clock.now(), direction, short, text[:_LONGEST_TEXT])
        self._keep(("partner", partner_id or ""), message)

    def of_charger(self, charger_id: ChargerId) -> tuple[Message, ...]:
        """The last frames of a charger, oldest first."""
        return self._of(("charger", charger_id))

    def of_partner(self, partner_id: PartnerId) -> tuple[Message, ...]:
        """The last exchanges with a partner, oldest first."""
        return self._of(("partner", partner_id))

    def _of(self, key: tuple[str, str]) -> tuple[Message, ...]:
        conversation = self._kept.get(key)
        return tuple(conversation.messages) if conversation else ()

    def _keep(self, key: tuple[str, str], message: Message) -> None:
        self.counts[key[0], message.direction] += 1
        conversation = self._kept.setdefault(key, _Conversation())
        self._kept.move_to_end(key)
        self._size += conversation.add(message)
        if len(conversation.messages) > self._per_conversation:
            self._size -= conversation.drop_oldest()
        fair = self._most_bytes // len(self._kept)
        while self._size > self._most_bytes and conversation.size > fair and len(conversation.messages) > 1:
            self._size -= conversation.drop_oldest()
        while self._size > self._most_bytes:
            self._size -= self._kept.popitem(last=False)[1].size
