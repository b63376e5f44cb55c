"""Plug and charge (ISO 15118): a car's contract is authorized by its issuer while the driver stands there."""

from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.sim.cards import Card
from gateway.sim.charger_v2x import SimulatedCharger2
from gateway.sim.charger_v2x_messages import authorize
from gateway.sim.errors import CardRefused
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, stage
from tests.flows.test_first_session import operator_knows

CONTRACT = "NL-EMS-C12345678-X"
PLAN = ChargePlan(CONTRACT, kwh=Decimal(2), power_kw=Decimal(11), speed=3000)


@pytest.mark.parametrize(
    ("charger_speaks", "issuer_speaks", "type_"),
    [("2.0.1", "2.3.0", "EMAID"), ("2.0.1", "2.2.1", "OTHER"), ("2.1", "2.3.0", "EMAID")],
)
async def test_a_car_charges_on_its_contract(
    tmp_path: Path, charger_speaks: str, issuer_speaks: str, type_: str
) -> None:
    """D23, TOK-12, TOK-13: the issuer alone is asked, by its version's type of token, and gets the CDR."""
    async with AsyncExitStack() as stack:
        gateway, operator = await stack.enter_async_context(stage(tmp_path))
        issuer = await stack.enter_async_context(SimulatedPartner("NL", "EMS", version=issuer_speaks))
        other = await stack.enter_async_context(SimulatedPartner("DE", "OTH"))
        for name, partner in (("Issuer", issuer), ("Other", other)):
            party = f"{partner.country_code}-{partner.party_id}"
            await partner.register(*await operator.invite(name, party))
            await operator_knows(operator, name)
        # No list of tokens has it: contracts are not pushed (TOK-12).
        issuer.sender.issue(Card(CONTRACT, type=type_, contract_id=CONTRACT))
        identity = Identity(CHARGER, PASSWORD)
        car_park = SimulatedCharger2(f"{gateway.url}/ocpp", identity, version=charger_speaks)
        charger = await stack.enter_async_context(car_park)
        told = await charger.call("Authorize", authorize(CONTRACT))
        assert (told["idTokenInfo"]["status"], told["certificateStatus"]) == ("Accepted", "Accepted")
        charged = await charge(charger, PLAN)
        (cdr,) = await issuer.ledger.until(lambda: list(issuer.ledger.cdrs.values()) or None, "CDR")
        asked = {(a.uid, a.type) for a in issuer.ledger.authorizations}
        assert asked == {(CONTRACT, type_)}
        assert not other.ledger.authorizations
    assert Decimal(str(cdr.body["total_energy"])) * 1000 == charged.energy_wh
    assert (cdr.body["cdr_token"]["uid"], cdr.body["cdr_token"]["type"]) == (CONTRACT, type_)


async def test_a_contract_that_is_cancelled(tmp_path: Path) -> None:
    """D23: what the issuer does not honour is a cancelled contract, whatever its certificate is worth."""
    async with (
        stage(tmp_path) as (gateway, operator),
        SimulatedPartner("NL", "EMS", version="2.3.0") as issuer,
        SimulatedCharger2(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD)) as charger,
    ):
        await issuer.register(*await operator.invite("Issuer", "NL-EMS"))
        await operator_knows(operator, "Issuer")
        issuer.sender.issue(Card(CONTRACT, type="EMAID", verdict="EXPIRED"))
        told = await charger.call("Authorize", authorize(CONTRACT))
        assert told["certificateStatus"] == "ContractCancelled"
        with pytest.raises(CardRefused):
            await charge(charger, PLAN)
        assert issuer.ledger.sessions == {}
