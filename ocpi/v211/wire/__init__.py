"""OCPI 2.1.1 objects as they travel, by the specification's names."""

from collections.abc import Mapping
from typing import Final

from ocpi.shared.wire import (
    AdditionalGeoLocation,
    BusinessDetails,
    EnergySource,
    Envelope,
    ExceptionalPeriod,
    GeoLocation,
    Image,
    RegularHours,
    StatusSchedule,
)
from ocpi.v211.wire.billing import CDR, CdrDimension, ChargingPeriod, Session
from ocpi.v211.wire.commands import CommandResponse, ReserveNow, StartSession, StopSession, UnlockConnector
from ocpi.v211.wire.locations import EVSE, Connector, EnergyMix, EnvironmentalImpact, Hours, Location
from ocpi.v211.wire.partners import (
    AuthorizationInfo,
    Credentials,
    Endpoint,
    LocationReferences,
    Token,
    Version,
    VersionDetails,
)
from ocpi.v211.wire.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from ocpi.wire import DisplayText, Wire

MODELS: Final[Mapping[str, type[Wire]]] = {
    model.__name__: model
    for model in (
        AdditionalGeoLocation,
        AuthorizationInfo,
        BusinessDetails,
        CDR,
        CdrDimension,
        ChargingPeriod,
        CommandResponse,
        Connector,
        Credentials,
        DisplayText,
        EVSE,
        Endpoint,
        EnergyMix,
        EnergySource,
        Envelope,
        EnvironmentalImpact,
        ExceptionalPeriod,
        GeoLocation,
        Hours,
        Image,
        Location,
        LocationReferences,
        PriceComponent,
        RegularHours,
        ReserveNow,
        Session,
        StartSession,
        StatusSchedule,
        StopSession,
        Tariff,
        TariffElement,
        TariffRestrictions,
        Token,
        UnlockConnector,
        Version,
        VersionDetails,
    )
}
"""Every object by its name in the specification."""

__all__ = ["MODELS", "AuthorizationInfo", "Credentials", "Token", "VersionDetails"]
