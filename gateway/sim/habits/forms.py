"""What many habits are made with: changes to messages, to fields at any depth, to times. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.sim.habit import Body, Message
from gateway.sim.messages import Payload
from gateway.sim.station import Plug, Transaction

Says = Callable[[Body, str, Payload], Sequence[Message]]
Change = Callable[[str, Any], Any]
CARDS = frozenset({"idTag", "idToken"})
TIMES = frozenset({"timestamp", "generatedAt"})
REGISTER = "Energy.Active.Import.Register"


def changing(change: Callable[[str, Payload], Payload]) -> Says:
    """A message is sent changed, without regard to the charger's state."""
    return lambda _, action, payload: [(action, change(action, payload))]


def changing_fields(change: Change) -> Says:
    """Every field of every message is changed, at any depth."""
    return changing(lambda _, payload: changed(payload, change))


def changing_times(change: Callable[[str], str]) -> Says:
    """Every time is written otherwise."""
    return changing_fields(lambda key, value: change(value) if key in TIMES else value)


def never(*actions: str) -> Says:
    """These messages are not sent."""
    return lambda _, action, payload: [] if action in actions else [(action, payload)]


def twice(*actions: str) -> Says:
    """These messages are sent again with the same content."""
    return lambda _, action, payload: [(action, payload)] * (2 if action in actions else 1)


def changed(payload: Payload, change: Change) -> Payload:
    """The payload with every field changed, at any depth."""
    made: Payload = _everywhere(payload, change)
    return made


def without(payload: Payload, *names: str) -> Payload:
    """The payload without these fields."""
    return {key: value for key, value in payload.items() if key not in names}


def in_samples(payload: Payload, change: Callable[[Payload], Sequence[Payload]]) -> Payload:
    """The payload with other sampled values in place of each one."""

    def sampled(key: str, value: Any) -> Any:
        return [made for one in value for made in change(one)] if key == "sampledValue" else value

    return changed(payload, sampled)


def with_cards(payload: Payload, change: Callable[[str], str]) -> Payload:
    """The payload with every card's number changed."""
    return changed(payload, lambda k, v: change(v) if k in CARDS and isinstance(v, str) else v)


def thirds(sampled: Payload) -> list[Payload]:
    """A register's value as one for each phase, which add up to it."""
    if sampled.get("measurand") != REGISTER:
        return [sampled]
    whole = int(sampled["value"])
    parts = ((whole + 2) // 3, (whole + 1) // 3, whole // 3)  # none of them ever falls
    kind = type(sampled["value"])
    return [{**sampled, "value": kind(part), "phase": f"L{n}"} for n, part in enumerate(parts, start=1)]


def latest_plug(body: Body) -> tuple[Plug, Transaction]:
    """The transaction that began last, and where."""
    used = [(plug, plug.latest) for plug in body.station.plugs.values() if plug.latest is not None]
    return max(used, key=lambda pair: pair[1].started_at)


def _everywhere(payload: Any, change: Change) -> Any:
    if isinstance(payload, list):
        return [_everywhere(item, change) for item in payload]
    if not isinstance(payload, dict):
        return payload
    return {key: _everywhere(change(key, value), change) for key, value in payload.items()}
