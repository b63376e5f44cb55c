"""A location that is published to certain tokens only, over real sockets (LOC-12)."""

from pathlib import Path

import pytest

from gateway.sim.cards import Card
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import network, stage


@pytest.mark.parametrize("pulled", [False, True])
async def test_loc_12_a_later_token_brings_the_location(tmp_path: Path, pulled: bool) -> None:
    """LOC-12: pushed or pulled, the first token it is published to brings it, to this partner alone."""
    plan = network()
    (location,) = plan["locations"]
    location |= {"publish": False, "publish_allowed_to": [{"group_id": "FLEET-7"}]}
    async with (
        stage(tmp_path, plan=plan) as (_, operator),
        SimulatedPartner("NL", "EMS") as partner,
        SimulatedPartner("DE", "OTH") as other,
    ):
        fleet, stranger = Card("04AA0001", group_id="fleet-7"), Card("04AA0002", group_id="another")
        if pulled:
            partner.sender.issue(fleet)
        for who, name, party in ((partner, "Great eMSP", "NL-EMS"), (other, "Other eMSP", "DE-OTH")):
            await who.register(*await operator.invite(name, party))
            await who.ledger.until(lambda who=who: who.ledger.tariffs or None, "tariffs", 20)
        if not pulled:
            await partner.push_card(stranger)
            await other.push_card(stranger)
            assert partner.ledger.locations == {}
            await partner.push_card(fleet)
        await partner.ledger.until(lambda: partner.ledger.locations or None, "the location", 20)
        (held,) = partner.ledger.locations.values()
        assert held.body["publish"] is False
        assert other.ledger.locations == {}
