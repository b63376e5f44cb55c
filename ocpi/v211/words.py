"""The values OCPI 2.1.1 knows: mod_locations, mod_tariffs, mod_cdrs. What it does not know is not sent."""

from typing import Final

CONNECTOR_TYPES: Final = frozenset(
    {
        "CHADEMO",
        *(f"DOMESTIC_{letter}" for letter in "ABCDEFGHIJKL"),
        "IEC_60309_2_single_16",
        "IEC_60309_2_three_16",
        "IEC_60309_2_three_32",
        "IEC_60309_2_three_64",
        "IEC_62196_T1",
        "IEC_62196_T1_COMBO",
        "IEC_62196_T2",
        "IEC_62196_T2_COMBO",
        "IEC_62196_T3A",
        "IEC_62196_T3C",
        "TESLA_R",
        "TESLA_S",
    }
)
POWER_TYPES: Final = frozenset({"AC_1_PHASE", "AC_3_PHASE", "DC"})
CAPABILITIES: Final = frozenset(
    {
        "CHARGING_PROFILE_CAPABLE",
        "CREDIT_CARD_PAYABLE",
        "REMOTE_START_STOP_CAPABLE",
        "RESERVABLE",
        "RFID_READER",
        "UNLOCK_CAPABLE",
    }
)
FACILITIES: Final = frozenset(
    {
        "HOTEL",
        "RESTAURANT",
        "CAFE",
        "MALL",
        "SUPERMARKET",
        "SPORT",
        "RECREATION_AREA",
        "NATURE",
        "MUSEUM",
        "BUS_STOP",
        "TAXI_STAND",
        "TRAIN_STATION",
        "AIRPORT",
        "CARPOOL_PARKING",
        "FUEL_STATION",
        "WIFI",
    }
)
PARKING_RESTRICTIONS: Final = frozenset({"EV_ONLY", "PLUGGED", "DISABLED", "CUSTOMERS", "MOTORCYCLES"})
IMPACTS: Final = frozenset({"NUCLEAR_WASTE", "CARBON_DIOXIDE"})
TOKEN_TYPES: Final = frozenset({"OTHER", "RFID"})
LOCATION_TYPES: Final = {
    None: "UNKNOWN",
    "ON_STREET": "ON_STREET",
    "PARKING_GARAGE": "PARKING_GARAGE",
    "UNDERGROUND_GARAGE": "UNDERGROUND_GARAGE",
    "PARKING_LOT": "PARKING_LOT",
}
"""Its type of a location by the parking type of later versions; any other is OTHER."""
DIMENSIONS: Final = frozenset({"ENERGY", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"})
"""Dimensions of a charging period that mean what ours mean; FLAT is written apart."""
