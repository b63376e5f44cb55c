from collections.abc import Sequence
from typing import Final

from gateway.domain.ids import ChargerId
from gateway.domain.variables import Variable
from gateway.store.codec import Codec
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents
from gateway.store.tables import Variables, table

_VARIABLES = table(Variables)
_VARIABLE: Final = Codec(Variable)
_SAVE = upsert(_VARIABLES, ["charger_id", "path", "attribute"])
_OF = documents(_VARIABLES, "charger_id").order_by(_VARIABLES.c.path, _VARIABLES.c.attribute)


class SqlVariables:
    """Device models of chargers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def save(self, charger_id: ChargerId, variables: Sequence[Variable]) -> None:
        rows = [
            {
                "charger_id": charger_id,
                "path": variable.path,
                "attribute": variable.attribute,
                "document": _VARIABLE.encode(variable),
            }
            for variable in variables
        ]
        if rows:
            self._runner.run_many(_SAVE, rows)

    def of(self, charger_id: ChargerId) -> Sequence[Variable]:
        return [_VARIABLE.decode(row[0]) for row in self._runner.rows(_OF, {"charger_id": charger_id})]
