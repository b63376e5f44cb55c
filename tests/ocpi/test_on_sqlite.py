"""The same conversation on the database people use."""

from pathlib import Path

from gateway.app.parcels import LocationParcel
from gateway.domain.delivery import Judgement, judge
from gateway.domain.partners import PartnerState
from gateway.store.engine import open_store
from tests.builders import location
from tests.ocpi.fake_partner import token_object
from tests.ocpi.world import Gateway


async def test_a_partnership_from_invitation_to_removal(tmp_path: Path) -> None:
    """CRED-01 to CRED-09, TOK-01, TOK-04, LOC-01 on SQLite, and again after a restart."""
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.db"
    store = await open_store(url)
    gateway = await Gateway(store).start()
    try:
        partner = await gateway.registered_platform()
        assert (await partner.call("GET", partner.endpoint("locations")))[1]["data"][0]["id"] == "LOC1"
        tokens = partner.endpoint("tokens", "RECEIVER")
        assert (await partner.call("PUT", f"{tokens}/NL/EMS/X", token_object("X")))[0] == 201
        partner.tokens = [token_object(f"UID{n}") for n in range(5)]
        await gateway.tokens.pull(await gateway.partner())
        assert (await partner.call("GET", f"{tokens}/NL/EMS/uid4"))[1]["data"]["uid"] == "UID4"
        sent = await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
        assert judge(sent) is Judgement.DELIVERED
        await gateway.registration.rotate("fake")
        sessions = f"{partner.endpoint('sessions')}?date_from=2020-01-01T00:00:00Z"
        assert (await partner.call("GET", sessions))[1]["data"] == []
        assert (await partner.call("GET", partner.endpoint("cdrs")))[1]["data"] == []
        await store.close()
        store = await open_store(url)
        stored = await store.read(lambda tx: tx.partners.by_name("fake"))
        assert stored is not None
        assert stored.state is PartnerState.REGISTERED
        assert gateway.secrets.open(stored.outbound_token or "") == partner.our_token
    finally:
        await gateway.stop()
        await store.close()
