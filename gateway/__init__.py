"""Roaming gateway between OCPP chargers and OCPI partners."""
