"""Keys that the gateway gives chargers in place of the network file's (B03, B04). Only hashes are stored.

A new key counts beside the old one from before it is sent until the charger connects with it: whether its
answer arrives or not, it is never locked out. The network file's password counts again when it is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.app.asking import Ask
from gateway.app.ports import Secrets, Store, Tx
from gateway.domain.care import StationCare
from gateway.domain.chargers import Charger
from gateway.domain.commands import Command, Outcome
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from gateway.domain.keys import key_forms
from gateway.domain.station_commands import ChangeKey

_LENGTH = 20
"""Characters: what OCPP 1.6 allows in bytes; 2.x wants 16 at least."""
_TAKEN = frozenset({Outcome.ACCEPTED, Outcome.REBOOT_REQUIRED})
_MOST_OFFERED = 4


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a new key; `problem` is empty if the charger took it."""

    words: str = ""
    problem: str = ""


def counting(charger: Charger, care: StationCare) -> tuple[str, ...]:
    """Hashes of every key that opens the door to a charger."""
    own = care.own_key if care.own_key_instead_of == charger.password_hashes else ()
    return (own or charger.password_hashes) + tuple(hash_ for key in care.offered_keys for hash_ in key)


def used(care: StationCare, charger: Charger, hash_: str) -> StationCare:
    """The record after a charger came with a key: one that was offered replaces all that it had before."""
    place = next((place for place, key in enumerate(care.offered_keys) if hash_ in key), None)
    if place is None:
        return care
    key, later = care.offered_keys[place], care.offered_keys[place + 1 :]
    return replace(care, own_key=key, own_key_instead_of=charger.password_hashes, offered_keys=later)


async def renew(
    store: Store,
    secrets: Secrets,
    charger_id: ChargerId,
    ask: Ask,
    carrying: Callable[[str], Command] = ChangeKey,
) -> Renewed:
    """Give a charger a fresh key, by the command that carries it.

    Raises what `ask` raises, InvalidInput, and StoreUnavailable.
    """
    secret = secrets.new_token()[:_LENGTH]
    key = tuple(secrets.fingerprint(form) for form in key_forms(secret))
    await store.write(lambda tx: _offer(tx, charger_id, key))
    try:
        answer = await ask(carrying(secret))
    except InvalidInput:
        await store.write(lambda tx: _take_back(tx, charger_id, key))
        raise
    if answer.outcome in _TAKEN:
        return Renewed("a new key; the old one works until the charger connects with the new one")
    await store.write(lambda tx: _take_back(tx, charger_id, key))
    return Renewed(problem=f"the old key stays: the charger answered {answer.detail or answer.outcome}")


def _offer(tx: Tx, charger_id: ChargerId, key: tuple[str, ...]) -> None:
    charger, care = tx.chargers.get(charger_id), tx.care.get(charger_id)
    if charger is None or not counting(charger, care):
        raise InvalidInput("this charger has no password to replace", field="charger")
    tx.care.save(replace(care, offered_keys=(*care.offered_keys, key)[-_MOST_OFFERED:]))


def _take_back(tx: Tx, charger_id: ChargerId, key: tuple[str, ...]) -> None:
    care = tx.care.get(charger_id)
    left = tuple(offered for offered in care.offered_keys if offered != key)
    tx.care.save(replace(care, offered_keys=left))
