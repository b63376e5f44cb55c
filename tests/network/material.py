"""A small network file that is right, and ways to break it."""

import copy
import json
from typing import Any

from gateway.app.network_plan import Plan
from gateway.network import Readers, read_network_file
from ocpi.v221 import read_location, read_tariff
from tests.fakes import FakeClock

READERS = Readers(location=read_location, tariff=read_tariff)
Network = dict[str, Any]

_GOOD: Network = {
    "parties": [{"country_code": "NL", "party_id": "GWY", "name": "Example Charging"}],
    "tariffs": [
        {
            "country_code": "NL",
            "party_id": "GWY",
            "id": "standard",
            "currency": "EUR",
            "elements": [
                {"price_components": [{"type": "ENERGY", "price": 0.35, "vat": 21.0, "step_size": 1}]}
            ],
            "last_updated": "2026-01-01T00:00:00Z",
        }
    ],
    "locations": [
        {
            "country_code": "NL",
            "party_id": "GWY",
            "id": "LOC1",
            "publish": True,
            "name": "Station Square",
            "address": "Stationsplein 1",
            "city": "Utrecht",
            "country": "NLD",
            "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
            "time_zone": "Europe/Amsterdam",
            "evses": [
                {
                    "uid": uid,
                    "evse_id": f"NL*GWY*{uid}",
                    "status": "AVAILABLE",
                    "connectors": [
                        {
                            "id": "1",
                            "standard": "IEC_62196_T2",
                            "format": "SOCKET",
                            "power_type": "AC_3_PHASE",
                            "max_voltage": 230,
                            "max_amperage": 16,
                            "tariff_ids": ["standard"],
                            "last_updated": "2026-01-01T00:00:00Z",
                        }
                    ],
                    "last_updated": "2026-01-01T00:00:00Z",
                }
                for uid in ("E1", "E2")
            ],
            "last_updated": "2026-01-01T00:00:00Z",
        }
    ],
    "chargers": [
        {
            "id": "CP-1",
            "password": "a-password-of-16-or-more",
            "connectors": [
                {"number": 1, "evse_uid": "E1", "connector_id": "1"},
                {"number": 2, "evse_uid": "E2", "connector_id": "1"},
            ],
        }
    ],
}


def good() -> Network:
    """A fresh copy."""
    return copy.deepcopy(_GOOD)


def dumped(network: Network) -> str:
    """As text, one value a line, so that positions tell something."""
    return json.dumps(network, indent=2)


def read(text: str, name: str = "network.json") -> Plan:
    """Read a text with the real OCPI readers. Raises NetworkRefused."""
    return read_network_file(name, text, READERS, FakeClock())[0]
