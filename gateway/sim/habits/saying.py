"""Habits in messages that are the same in every version: cards, times, commas. Pure."""

from datetime import datetime, timedelta, timezone

from gateway.sim.habit import Body, Habit, Message
from gateway.sim.habits.forms import changing, changing_times, with_cards
from gateway.sim.messages import Payload

_EAST = timezone(timedelta(hours=3))
_OWN_CARD = "FEEDC0DE01"
_PAIR = 2


def _notation(card: str) -> str:
    """Lower case, and colons between the bytes of a number."""
    try:
        bytes.fromhex(card)
    except ValueError:
        return card.casefold()
    return ":".join(card[n : n + _PAIR] for n in range(0, len(card), _PAIR)).casefold()


def _garbage(body: Body, action: str, payload: Payload) -> list[Message]:
    """What it was told to start with comes back longer."""
    return [(action, with_cards(payload, lambda card: f"{card}J5-" if card in body.named else card))]


def _own_card(body: Body, action: str, payload: Payload) -> list[Message]:
    return [(action, with_cards(payload, lambda card: _OWN_CARD if card in body.named else card))]


EVERY = (
    Habit("Q19", "times without a zone", says=changing_times(lambda time: time.removesuffix("Z"))),
    Habit(
        "Q19.2",
        "local time, two hours ahead, with a Z",
        says=changing_times(
            lambda time: (
                (datetime.fromisoformat(time) + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
            )
        ),
    ),
    Habit(
        "Q19.3",
        "times with a zone of hours alone, +03",
        says=changing_times(lambda time: datetime.fromisoformat(time).astimezone(_EAST).isoformat()[:-3]),
    ),
    Habit("Q21", "cards of remote starts come back with characters more", says=_garbage),
    Habit(
        "Q22.2",
        "starts with a card of its own, whatever it was told",
        says=_own_card,
        make=("Alfen", "Eve Single"),
    ),
    Habit(
        "Q23.2",
        "names its connector in Authorize",
        says=changing(
            lambda action, payload: {**payload, "connectorId": 1} if action == "Authorize" else payload
        ),
    ),
    Habit(
        "Q24",
        "cards in lower case with colons",
        says=changing(lambda _, payload: with_cards(payload, _notation)),
    ),
    Habit(
        "Q32",
        "a stray comma at the start of lists",
        frame=lambda text: text.replace("[{", "[,{"),
        make=("ZJ Beny", "BCP"),
    ),
)
