"""The network the demo declares: one site, one 300 kW plug, one tariff, one charger."""

import json
from decimal import Decimal

PARTY = ("NL", "GWY")
LOCATION_ID = "DEMO-UTRECHT-1"
EVSE_UID = "DEMO-EVSE-1"
CONNECTOR_ID = "1"
TARIFF_ID = "DEMO-FAST"
CHARGER_ID = "DEMO-CP-1"
FILE_NAME = "demo-network.json"
START_FEE = Decimal("0.35")
PRICE_PER_KWH = Decimal("0.59")
CURRENCY = "EUR"
POWER_KW = Decimal(300)


def _evse() -> dict[str, object]:
    connector = {
        "id": CONNECTOR_ID,
        "standard": "IEC_62196_T2_COMBO",
        "format": "CABLE",
        "power_type": "DC",
        "max_voltage": 920,
        "max_amperage": 500,
        "max_electric_power": int(POWER_KW * 1000),
        "tariff_ids": [TARIFF_ID],
    }
    return {
        "uid": EVSE_UID,
        "evse_id": "NL*GWY*EDEMO1",
        "status": "UNKNOWN",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector],
    }


def network_file(charger_password: str) -> str:
    """The network file's text; the same text every time, so that applying it again changes nothing."""
    owner = {"country_code": PARTY[0], "party_id": PARTY[1]}
    operator = {"name": "Demo Charging"}
    location = {
        **owner,
        "id": LOCATION_ID,
        "publish": True,
        "name": "Demo site",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
        "time_zone": "Europe/Amsterdam",
        "operator": operator,
        "opening_times": {"twentyfourseven": True},
        "evses": [_evse()],
    }
    components = [
        {"type": "FLAT", "price": float(START_FEE), "vat": 21.0, "step_size": 1},
        {"type": "ENERGY", "price": float(PRICE_PER_KWH), "vat": 21.0, "step_size": 1},
    ]
    tariff = {
        **owner,
        "id": TARIFF_ID,
        "currency": CURRENCY,
        "elements": [{"price_components": components}],
    }
    plug = {"number": 1, "evse_uid": EVSE_UID, "connector_id": CONNECTOR_ID}
    charger = {"id": CHARGER_ID, "password": charger_password, "connectors": [plug]}
    content = {
        "parties": [{**owner, "name": operator["name"]}],
        "tariffs": [tariff],
        "locations": [location],
        "chargers": [charger],
    }
    return json.dumps(content, indent=2) + "\n"


def expected_cost(kwh: Decimal) -> Decimal:
    """What the tariff asks for this energy, without tax, computed apart from the gateway."""
    return START_FEE + kwh * PRICE_PER_KWH
