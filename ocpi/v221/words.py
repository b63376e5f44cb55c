"""The values OCPI 2.2.1 knows of its extensible enums. What it does not know is not sent in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a partner of one version understands; partners with strict parsers refuse the rest."""

    connector_types: frozenset[str]
    power_types: frozenset[str]
    capabilities: frozenset[str]
    facilities: frozenset[str]
    parking_types: frozenset[str]
    parking_restrictions: frozenset[str]
    image_categories: frozenset[str]
    environmental_impacts: frozenset[str]
    tariff_types: frozenset[str]
    dimensions: frozenset[str]


WORDS = Vocabulary(
    connector_types=frozenset(
        {
            "CHADEMO",
            "CHAOJI",
            "DOMESTIC_A",
            "DOMESTIC_B",
            "DOMESTIC_C",
            "DOMESTIC_D",
            "DOMESTIC_E",
            "DOMESTIC_F",
            "DOMESTIC_G",
            "DOMESTIC_H",
            "DOMESTIC_I",
            "DOMESTIC_J",
            "DOMESTIC_K",
            "DOMESTIC_L",
            "DOMESTIC_M",
            "DOMESTIC_N",
            "DOMESTIC_O",
            "GBT_AC",
            "GBT_DC",
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
            "NEMA_5_20",
            "NEMA_6_30",
            "NEMA_6_50",
            "NEMA_10_30",
            "NEMA_10_50",
            "NEMA_14_30",
            "NEMA_14_50",
            "PANTOGRAPH_BOTTOM_UP",
            "PANTOGRAPH_TOP_DOWN",
            "TESLA_R",
            "TESLA_S",
        }
    ),
    power_types=frozenset({"AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"}),
    capabilities=frozenset(
        {
            "CHARGING_PROFILE_CAPABLE",
            "CHARGING_PREFERENCES_CAPABLE",
            "CHIP_CARD_SUPPORT",
            "CONTACTLESS_CARD_SUPPORT",
            "CREDIT_CARD_PAYABLE",
            "DEBIT_CARD_PAYABLE",
            "PED_TERMINAL",
            "REMOTE_START_STOP_CAPABLE",
            "RESERVABLE",
            "RFID_READER",
            "START_SESSION_CONNECTOR_REQUIRED",
            "TOKEN_GROUP_CAPABLE",
            "UNLOCK_CAPABLE",
        }
    ),
    facilities=frozenset(
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
            "BIKE_SHARING",
            "BUS_STOP",
            "TAXI_STAND",
            "TRAM_STOP",
            "METRO_STATION",
            "TRAIN_STATION",
            "AIRPORT",
            "PARKING_LOT",
            "CARPOOL_PARKING",
            "FUEL_STATION",
            "WIFI",
        }
    ),
    parking_types=frozenset(
        {"ALONG_MOTORWAY", "PARKING_GARAGE", "PARKING_LOT", "ON_DRIVEWAY", "ON_STREET", "UNDERGROUND_GARAGE"}
    ),
    parking_restrictions=frozenset({"EV_ONLY", "PLUGGED", "DISABLED", "CUSTOMERS", "MOTORCYCLES"}),
    image_categories=frozenset({"CHARGER", "ENTRANCE", "LOCATION", "NETWORK", "OPERATOR", "OTHER", "OWNER"}),
    environmental_impacts=frozenset({"NUCLEAR_WASTE", "CARBON_DIOXIDE"}),
    tariff_types=frozenset({"AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"}),
    dimensions=frozenset(
        {
            "ENERGY",
            "MAX_CURRENT",
            "MIN_CURRENT",
            "MAX_POWER",
            "MIN_POWER",
            "PARKING_TIME",
            "RESERVATION_TIME",
            "TIME",
        }
    ),
)
"""Spec: OCPI 2.2.1 mod_locations, mod_tariffs. `dimensions`: what a CDR may contain (SES-13)."""
