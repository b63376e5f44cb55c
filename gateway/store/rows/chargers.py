from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, select

from gateway.domain.chargers import Charger, ChargerState, Knock
from gateway.domain.ids import ChargerId, EvseUid
from gateway.store.codec import Codec, micros, moment
from gateway.store.rules import KNOCKS_KEPT
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents, where
from gateway.store.tables import ChargerPlugs, Chargers, ChargerStates, Knocks, table

_CHARGERS = table(Chargers)
_PLUGS = table(ChargerPlugs)
_STATES = table(ChargerStates)
_KNOCKS = table(Knocks)
_CHARGER: Final = Codec(Charger, memory=4096)
_STATE: Final = Codec(ChargerState, memory=4096)

_GET = documents(_CHARGERS, "id")
_ALL = documents(_CHARGERS).order_by(_CHARGERS.c.id)
_BY_EVSE = (
    select(_CHARGERS.c.document)
    .join(_PLUGS, _PLUGS.c.charger_id == _CHARGERS.c.id)
    .where(*where(_PLUGS, "evse_key"))
    .order_by(_CHARGERS.c.id)
)
_SAVE = upsert(_CHARGERS, ["id"])
_REMOVE = delete(_CHARGERS).where(*where(_CHARGERS, "id"))
_PLUG = upsert(_PLUGS, ["evse_key", "charger_id"])
_UNPLUG = delete(_PLUGS).where(*where(_PLUGS, "charger_id"))
_GET_STATE = documents(_STATES, "charger_id")
_SAVE_STATE = upsert(_STATES, ["charger_id"])
_REMOVE_STATE = delete(_STATES).where(*where(_STATES, "charger_id"))
_COLUMNS = [_KNOCKS.c[name] for name in ("charger_id", "reason", "remote", "first_at", "last_at", "count")]
_GET_KNOCK = select(*_COLUMNS).where(*where(_KNOCKS, "charger_id", "reason"))
_ALL_KNOCKS = select(*_COLUMNS).order_by(_KNOCKS.c.last_at.desc(), _KNOCKS.c.charger_id)
_SAVE_KNOCK = upsert(_KNOCKS, ["charger_id", "reason"])
_COUNT_KNOCKS = select(func.count(), func.min(_KNOCKS.c.last_at)).select_from(_KNOCKS)
_FORGET_OLDEST = delete(_KNOCKS).where(*where(_KNOCKS, "last_at"))
_CLEAR_KNOCKS = delete(_KNOCKS).where(*where(_KNOCKS, "charger_id"))


class SqlChargers:
    """Chargers, their states and the strangers that knocked."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, charger_id: ChargerId) -> Charger | None:
        row = self._runner.row(_GET, {"id": charger_id})
        return _CHARGER.decode(row[0]) if row else None

    def all(self) -> Sequence[Charger]:
        return [_CHARGER.decode(row[0]) for row in self._runner.rows(_ALL, {})]

    def by_evse(self, uid: EvseUid) -> Sequence[Charger]:
        rows = self._runner.rows(_BY_EVSE, {"evse_key": uid.casefold()})
        return [_CHARGER.decode(row[0]) for row in rows]

    def save(self, charger: Charger) -> None:
        self._runner.run(_SAVE, {"id": charger.id, "document": _CHARGER.encode(charger)})
        self._runner.run(_UNPLUG, {"charger_id": charger.id})
        keys = sorted({plug.evse_uid.casefold() for plug in charger.plugs})
        self._runner.run_many(_PLUG, [{"evse_key": key, "charger_id": charger.id} for key in keys])

    def remove(self, charger_id: ChargerId) -> None:
        self._runner.run(_REMOVE, {"id": charger_id})
        self._runner.run(_UNPLUG, {"charger_id": charger_id})
        self._runner.run(_REMOVE_STATE, {"charger_id": charger_id})

    def state(self, charger_id: ChargerId) -> ChargerState | None:
        row = self._runner.row(_GET_STATE, {"charger_id": charger_id})
        return _STATE.decode(row[0]) if row else None

    def save_state(self, state: ChargerState) -> None:
        self._runner.run(_SAVE_STATE, {"charger_id": state.id, "document": _STATE.encode(state)})

    def note_knock(self, knock: Knock) -> None:
        key = {"charger_id": str(knock.charger_id), "reason": knock.reason}
        row = self._runner.row(_GET_KNOCK, key)
        if row is None:
            self._make_room()
        self._runner.run(
            _SAVE_KNOCK,
            {
                **key,
                "remote": knock.remote,
                "first_at": row[3] if row else micros(knock.first_at),
                "last_at": micros(knock.last_at),
                "count": knock.count + (row[5] if row else 0),
            },
        )

    def knocks(self) -> Sequence[Knock]:
        return [
            Knock(row[0], row[1], row[2], moment(row[3]), moment(row[4]), row[5])
            for row in self._runner.rows(_ALL_KNOCKS, {})
        ]

    def clear_knocks(self, charger_id: ChargerId) -> None:
        self._runner.run(_CLEAR_KNOCKS, {"charger_id": charger_id})

    def _make_room(self) -> None:
        counted = self._runner.row(_COUNT_KNOCKS, {})
        if counted and counted[0] >= KNOCKS_KEPT:
            self._runner.run(_FORGET_OLDEST, {"last_at": counted[1]})
