"""The prices that chargers show by themselves: the tariff of each EVSE's first connector (E04, M42).

What a charger shows is for drivers without a contract of their own; a session is priced here all the same.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.app.agreeing import agree
from gateway.app.asking import Ask
from gateway.app.ports import Clock, Store, Tx
from gateway.domain.commands import CommandAnswer, Outcome
from gateway.domain.device_commands import ClearTariffs, SetDefaultTariff
from gateway.domain.errors import ChargerRefused, InvalidInput
from gateway.domain.ids import ChargerId
from gateway.domain.sites import plug_snapshot
from gateway.domain.tariffs import Tariff
from gateway.domain.tasks import OperationKind

log = logging.getLogger(__name__)

FEATURE = "Tariff"
"""The feature of chargers that can be given tariffs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it; `problem` is empty if every EVSE shows its tariff."""

    words: str
    problem: str = ""


def wanted(tx: Tx, charger_id: ChargerId, now: datetime) -> dict[int, Tariff | None]:
    """The tariff that each EVSE of a charger should show now."""
    charger = tx.chargers.get(charger_id)
    found: dict[int, Tariff | None] = {}
    for plug in sorted(charger.plugs, key=lambda p: p.number) if charger else ():
        location = tx.locations.by_evse(plug.evse_uid)
        snapshot = plug_snapshot(location, plug.evse_uid, plug.connector_id) if location else None
        if snapshot is not None and plug.number.evse not in found:
            found[plug.number.evse] = agree(tx, snapshot, now, None, None).tariff
    return found


def fingerprint(tariffs: dict[int, Tariff | None]) -> str:
    """A name for these tariffs, by which it is known whether a charger has them."""
    return hashlib.sha256(repr(sorted(tariffs.items())).encode()).hexdigest()[:16]


def owed(tx: Tx, now: datetime) -> list[ChargerId]:
    """Chargers that can show tariffs and were not told what they should show now."""
    asked = {
        step.charger_id
        for task in tx.tasks.open()
        if task.operation.kind is OperationKind.TARIFFS
        for step in task.steps
    }
    return [
        charger.id
        for charger in tx.chargers.all()
        if charger.id not in asked
        and (state := tx.chargers.state(charger.id)) is not None
        and FEATURE in state.features
        and tx.care.get(charger.id).tariffs != fingerprint(wanted(tx, charger.id, now))
    ]


async def tell(store: Store, clock: Clock, charger_id: ChargerId, ask: Ask) -> Told:
    """Give every EVSE its tariff, or none where it cannot show it. Raises what `ask` raises."""
    now = clock.now()
    tariffs, boot = await store.read(lambda tx: (wanted(tx, charger_id, now), _boot(tx, charger_id)))
    shown, problems = [], []
    for evse, tariff in tariffs.items():
        problem = "" if tariff is None else await _set(ask, evse, tariff)
        if problem or tariff is None:
            await _clear(ask, evse)
        if problem:
            problems.append(f"EVSE {evse}: {problem}")
        else:
            shown.append(f"EVSE {evse}: {tariff.id if tariff else 'none'}")
    known = fingerprint(tariffs)

    def remember(tx: Tx) -> None:
        # What was said before a boot may be gone with it.
        if _boot(tx, charger_id) == boot:
            tx.care.save(replace(tx.care.get(charger_id), tariffs=known))

    await store.write(remember)
    return Told("; ".join(shown), "; ".join((*shown, *problems)) if problems else "")


def _boot(tx: Tx, charger_id: ChargerId) -> datetime | None:
    state = tx.chargers.state(charger_id)
    return state.booted_at if state else None


async def _set(ask: Ask, evse: int, tariff: Tariff) -> str:
    """Why the tariff is not shown, or nothing."""
    try:
        answer: CommandAnswer = await ask(SetDefaultTariff(evse, tariff))
    except (InvalidInput, ChargerRefused) as error:
        return f"{tariff.id} cannot be shown: {error}"
    if answer.outcome is Outcome.ACCEPTED:
        return ""
    return f"{tariff.id} is not shown: {answer.detail or answer.outcome}"


async def _clear(ask: Ask, evse: int) -> None:
    """Have no tariff shown; a charger that cannot do that shows none, or the one it was given before."""
    try:
        await ask(ClearTariffs(evse))
    except (InvalidInput, ChargerRefused) as refusal:
        log.info("a tariff of EVSE %d stays: %s", evse, refusal)
