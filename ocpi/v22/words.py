"""The values OCPI 2.2 knows: those of 2.2.1 without the ones that came with it."""

from dataclasses import replace

from ocpi.v221.words import WORDS as LATER

_NEW_CONNECTORS = frozenset(
    {
        "CHAOJI",
        "DOMESTIC_M",
        "DOMESTIC_N",
        "DOMESTIC_O",
        "GBT_AC",
        "GBT_DC",
        "NEMA_5_20",
        "NEMA_6_30",
        "NEMA_6_50",
        "NEMA_10_30",
        "NEMA_10_50",
        "NEMA_14_30",
        "NEMA_14_50",
    }
)

WORDS = replace(
    LATER,
    connector_types=LATER.connector_types - _NEW_CONNECTORS,
    power_types=LATER.power_types - {"AC_2_PHASE", "AC_2_PHASE_SPLIT"},
    capabilities=LATER.capabilities - {"START_SESSION_CONNECTOR_REQUIRED"},
)
"""Spec: OCPI 2.2 mod_locations "ConnectorType enum", "PowerType enum", "Capability enum"."""
