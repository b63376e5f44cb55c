"""The list of cards that a simulated charger judges without asking. Spec: OCPP 1.6 5.15, OCPP 2.0.1 D01."""

from collections.abc import Iterable

from gateway.sim.messages import Payload


class LocalList:
    """Cards by number, with what was said about them. `most` cards fit, `most_at_once` come in a message."""

    def __init__(self, most: int = 100, most_at_once: int = 20) -> None:
        self.cards: dict[str, Payload] = {}
        self.version = 0
        self.most = most
        self.most_at_once = most_at_once

    def take(self, version: int, entries: Iterable[tuple[str, Payload | None]], *, full: bool) -> str:
        """The status of a SendLocalList; an entry without information is taken off the list.

        All of it is refused where a part does not fit.
        """
        if not full and version <= self.version:
            return "VersionMismatch"
        changes = list(entries)
        cards = {} if full else dict(self.cards)
        for card, information in changes:
            if information is None:
                cards.pop(card, None)
            else:
                cards[card] = information
        if len(changes) > self.most_at_once or len(cards) > self.most:
            return "Failed"
        self.cards, self.version = cards, version
        return "Accepted"
