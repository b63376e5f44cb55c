"""The real gateway with many chargers and one partner whose driver charges at all of them.

The partner's address refuses connections: what is owed to it is stored, as it is while a partner is away.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from load import CARD, PASSWORD, charger_id

from gateway import memory
from gateway.app.ports import Tx
from gateway.bootstrap import running_gateway
from gateway.config import Settings
from gateway.domain.ids import PartnerId, Party, TokenUid
from gateway.domain.partner_profiles import Profile
from gateway.domain.partners import (
    AccessKey,
    Endpoint,
    InterfaceRole,
    KeyPurpose,
    Partner,
    PartnerRole,
    PartnerState,
    Role,
)
from gateway.domain.tokens import Token, Whitelist
from gateway.store.secrets import KeyedSecrets

NOW = datetime.now(UTC)
WHEN = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
EMSP = Party("NL", "BEN")
PARTNER_TOKEN = "benchmark-partner-token"
WHITELIST = Whitelist(os.environ.get("BENCH_WHITELIST", "ALWAYS"))
AWAY = os.environ.get("BENCH_PARTNER", "http://127.0.0.1:9/ocpi/2.2.1")


def network(chargers: int, locations: int = 1) -> str:
    """A network file with one EVSE for each charger, spread evenly over the locations."""
    connector = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "tariff_ids": ["T1"], "last_updated": WHEN,
    }  # fmt: skip
    location = {
        "country_code": "NL", "party_id": "CPO", "id": "LOC1", "publish": True, "address": "Street 1",
        "city": "Town", "country": "NLD", "coordinates": {"latitude": "52.000000", "longitude": "5.000000"},
        "time_zone": "Europe/Amsterdam", "last_updated": WHEN,
    }  # fmt: skip
    evses = [
        {"uid": f"EVSE-{n}", "status": "UNKNOWN", "connectors": [connector], "last_updated": WHEN}
        for n in range(chargers)
    ]
    component = {"type": "ENERGY", "price": 0.3, "step_size": 1}
    tariff = {
        "country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR",
        "elements": [{"price_components": [component]}], "last_updated": WHEN,
    }  # fmt: skip
    plugs = [{"number": 1, "connector_id": "1"}]
    return json.dumps(
        {
            "parties": [{"country_code": "NL", "party_id": "CPO", "name": "Benchmark"}],
            "tariffs": [tariff],
            "locations": [
                {**location, "id": f"LOC{n}", "evses": evses[n::locations]} for n in range(locations)
            ],
            "chargers": [
                {
                    "id": charger_id(n),
                    "password": PASSWORD,
                    "connectors": [{**plugs[0], "evse_uid": f"EVSE-{n}"}],
                }
                for n in range(chargers)
            ],
        }
    )


def befriend(tx: Tx, secrets: KeyedSecrets) -> None:
    """Store a registered partner, the keys of both sides and its driver's token."""
    role = PartnerRole(Role.EMSP, EMSP, "Benchmark eMSP")
    endpoints = tuple(
        Endpoint(module, InterfaceRole.RECEIVER, f"{AWAY}/{module}") for module in ("sessions", "cdrs")
    )
    endpoints = (*endpoints, Endpoint("tokens", InterfaceRole.SENDER, f"{AWAY}/tokens"))
    partner_id = PartnerId("benchmark")
    tx.partners.save(
        Partner(
            partner_id, "Benchmark eMSP", PartnerState.REGISTERED, NOW, NOW,
            roles=(role,), version="2.2.1", versions_url=AWAY, endpoints=endpoints,
            profile=Profile(requests_per_second=1000), outbound_token=secrets.seal("benchmark-token"),
        )
    )  # fmt: skip
    token = Token(EMSP, TokenUid(CARD), "RFID", "C1", "Benchmark eMSP", True, WHITELIST, NOW)
    tx.tokens.save(partner_id, token)
    hashed = secrets.fingerprint(PARTNER_TOKEN.encode())
    tx.partners.save_key(AccessKey(hashed, partner_id, KeyPurpose.CREDENTIALS, NOW))


async def main(database: Path, chargers: int, locations: int = 1) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{database}", host="127.0.0.1", port=0)
    async with running_gateway(settings) as gateway:
        await gateway.network.apply("network.json", network(chargers, locations))
        key = gateway.settings.secret_key
        secrets = KeyedSecrets(key.get_secret_value() if key else "")
        await gateway.store.write(lambda tx: befriend(tx, secrets))
        memory.settle()
        print(gateway.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
