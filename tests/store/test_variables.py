"""Device models: the same for every store."""

from dataclasses import replace

from gateway.domain.ids import ChargerId
from gateway.domain.variables import Variable
from tests.builders import CHARGER
from tests.store.stories import AnyStore

RATED = Variable("EVSE@1/Power", "Actual", "11000", readonly=True, unit="W", data_type="decimal")


async def test_parts_of_a_report_in_any_order_and_twice(store: AnyStore) -> None:
    """D02: the newest value of each attribute of each variable, by name; another charger's are its own."""
    limit = replace(RATED, attribute="MaxSet", value="22000")
    name = Variable("Controller[a]/Name", value=None)
    for part in ((RATED, limit), (name,), (replace(RATED, value="7400"),), ()):
        await store.write(lambda tx, rows=part: tx.variables.save(CHARGER, rows))
    await store.write(lambda tx: tx.variables.save(ChargerId("CP-9"), [RATED]))
    found = await store.read(lambda tx: tx.variables.of(CHARGER))
    assert list(found) == [name, replace(RATED, value="7400"), limit]
    assert list(await store.read(lambda tx: tx.variables.of(ChargerId("nobody")))) == []
