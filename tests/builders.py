"""Objects with sensible defaults, so that a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from gateway.domain.chargers import Charger, PlugMapping
from gateway.domain.ids import (
    ChargerId,
    ConnectorId,
    ConnectorNumber,
    EvseUid,
    LocationId,
    PartnerId,
    Party,
    TariffId,
    TokenUid,
)
from gateway.domain.partners import Endpoint, InterfaceRole, Partner, PartnerRole, PartnerState, Role
from gateway.domain.readings import Measurand, Reading, ReadingContext, Sample
from gateway.domain.sites import Connector, Coordinates, Evse, EvseStatus, Location
from gateway.domain.tariffs import Dimension, PriceComponent, Restrictions, Tariff, TariffElement
from gateway.domain.tokens import Token, Whitelist

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CPO = Party("NL", "GWY")
EMSP = Party("NL", "EMS")
OTHER_EMSP = Party("DE", "OTH")
CHARGER = ChargerId("CP-1")
PLUG = ConnectorNumber(1)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def component(kind: Dimension, price: str, *, step: int = 1, vat: str | None = "21") -> PriceComponent:
    """A price component; VAT 21 % unless told otherwise."""
    return PriceComponent(kind, Decimal(price), step, Decimal(vat) if vat is not None else None)


def tariff(*components: PriceComponent, id_: str = "standard", **changes: object) -> Tariff:
    """A tariff with one unrestricted element: by default 0.50 once and 0.35 per kWh."""
    parts = components or (component(Dimension.FLAT, "0.50"), component(Dimension.ENERGY, "0.35"))
    fields: dict[str, object] = {
        "party": CPO,
        "id": TariffId(id_),
        "currency": "EUR",
        "elements": (TariffElement(parts, Restrictions()),),
        "last_updated": NOON,
    }
    return Tariff(**{**fields, **changes})  # type: ignore[arg-type]


def evse(uid: str = "EVSE-1", *, tariff_ids: tuple[str, ...] = ("standard",), **changes: object) -> Evse:
    """An EVSE with one 11 kW Type 2 socket."""
    connector = Connector(
        id=ConnectorId("1"),
        standard="IEC_62196_T2",
        format="SOCKET",
        power_type="AC_3_PHASE",
        max_voltage=230,
        max_amperage=16,
        last_updated=NOON,
        tariff_ids=tuple(TariffId(i) for i in tariff_ids),
    )
    fields: dict[str, object] = {
        "uid": EvseUid(uid),
        "status": EvseStatus.UNKNOWN,
        "connectors": (connector,),
        "last_updated": NOON,
        "evse_id": f"NL*GWY*E{uid.rpartition('-')[2]}",
    }
    return Evse(**{**fields, **changes})  # type: ignore[arg-type]


def location(*evses: Evse, id_: str = "LOC1", **changes: object) -> Location:
    """A published location in Utrecht."""
    fields: dict[str, object] = {
        "party": CPO,
        "id": LocationId(id_),
        "publish": True,
        "name": "Station Square",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": Coordinates("52.089444", "5.110278"),
        "time_zone": "Europe/Amsterdam",
        "last_updated": NOON,
        "evses": evses or (evse(),),
    }
    return Location(**{**fields, **changes})  # type: ignore[arg-type]


def charger(id_: str = CHARGER, *plugs: PlugMapping, **changes: object) -> Charger:
    """A charger with plug 1 at EVSE-1."""
    mapping = plugs or (PlugMapping(PLUG, EvseUid("EVSE-1"), ConnectorId("1")),)
    return Charger(id=ChargerId(id_), plugs=mapping, **changes)  # type: ignore[arg-type]


def token(uid: str = "04A1B2C3", *, party: Party = EMSP, **changes: object) -> Token:
    """A valid RFID token that may be judged locally."""
    fields: dict[str, object] = {
        "party": party,
        "uid": TokenUid(uid),
        "type": "RFID",
        "contract_id": f"{party.country_code}{party.party_id}C{uid}",
        "issuer": "Great eMSP",
        "valid": True,
        "whitelist": Whitelist.ALLOWED,
        "last_updated": NOON,
    }
    return Token(**{**fields, **changes})  # type: ignore[arg-type]


def partner(name: str = "Great eMSP", *, party: Party = EMSP, **changes: object) -> Partner:
    """A registered eMSP with all the endpoints we push to or ask."""
    base = f"https://{party.party_id.lower()}.example/ocpi/2.2.1"
    receivers = ("locations", "tariffs", "sessions", "cdrs")
    fields: dict[str, object] = {
        "id": PartnerId(name.lower().replace(" ", "-")),
        "name": name,
        "state": PartnerState.REGISTERED,
        "created_at": NOON,
        "last_updated": NOON,
        "roles": (PartnerRole(Role.EMSP, party, name),),
        "version": "2.2.1",
        "versions_url": f"https://{party.party_id.lower()}.example/ocpi/versions",
        "endpoints": (
            *(Endpoint(module, InterfaceRole.RECEIVER, f"{base}/{module}") for module in receivers),
            Endpoint("tokens", InterfaceRole.SENDER, f"{base}/tokens"),
        ),
    }
    return Partner(**{**fields, **changes})  # type: ignore[arg-type]


def register_sample(seconds: float, wh: float, context: ReadingContext = ReadingContext.PERIODIC) -> Sample:
    """A sample of the import register."""
    reading = Reading(Measurand.IMPORT_REGISTER_WH, Decimal(str(wh)), context)
    return Sample(at(seconds), (reading,))
