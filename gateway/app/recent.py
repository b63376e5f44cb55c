"""The last raw messages of every conversation, for the question "what exactly did you send?"."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

from gateway.app.ports import Clock
from gateway.domain.ids import ChargerId, PartnerId

_PER_CONVERSATION = 100
_CONVERSATIONS = 20_000
_LONGEST_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Message:
    """One message; direction "in" or "out"."""

    at: datetime
    direction: str
    summary: str
    text: str


class RecentMessages:
    """Implements `ports.Recorder` in memory, bounded in every direction. What it gets is masked already."""

    def __init__(self, clock: Clock, *, per_conversation: int = _PER_CONVERSATION) -> None:
        self._clock = clock
        self._per_conversation = per_conversation
        self._kept: OrderedDict[tuple[str, str], deque[Message]] = OrderedDict()
        self.counts: Counter[tuple[str, str]] = Counter()
        """How many there were, by side ("charger" or "partner") and direction."""

    def frame(self, charger_id: ChargerId, direction: str, text: str) -> None:
        """Keep an OCPP frame."""
        self._keep(("charger", charger_id), Message(self._clock.now(), direction, "", text[:_LONGEST_TEXT]))

    def exchange(self, partner_id: PartnerId | None, direction: str, summary: str, text: str) -> None:
        """Keep an OCPI request with its answer."""
        message = Message(self._clock.now(), direction, summary, text[:_LONGEST_TEXT])
        self._keep(("partner", partner_id or ""), message)

    def of_charger(self, charger_id: ChargerId) -> tuple[Message, ...]:
        """The last frames of a charger, oldest first."""
        return tuple(self._kept.get(("charger", charger_id), ()))

    def of_partner(self, partner_id: PartnerId) -> tuple[Message, ...]:
        """The last exchanges with a partner, oldest first."""
        return tuple(self._kept.get(("partner", partner_id), ()))

    def _keep(self, conversation: tuple[str, str], message: Message) -> None:
        messages = self._kept.get(conversation)
        if messages is None:
            messages = self._kept[conversation] = deque(maxlen=self._per_conversation)
            if len(self._kept) > _CONVERSATIONS:
                self._kept.popitem(last=False)
        messages.append(message)
        self.counts[conversation[0], message.direction] += 1
