"""The versions of OCPI the simulated partner speaks: its own tables, made from nothing of the gateway's.

Spec: the object tables of OCPI 2.1.1, 2.2, 2.2.1 and 2.3.0. A field with a question mark may be absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.sim.ocpi_wire import JsonObject

_SENDERS = ("cdrs", "locations", "sessions", "tariffs", "credentials")
_MODULES = (
    ("credentials", "SENDER"),
    ("locations", "RECEIVER"),
    ("sessions", "RECEIVER"),
    ("cdrs", "RECEIVER"),
    ("tariffs", "RECEIVER"),
    ("tokens", "SENDER"),
)

_ASKING = (("commands", "SENDER"), ("chargingprofiles", "SENDER"))
"""Modules of 2.2 and later in which an eMSP asks something of chargers."""

_LOCATION_PARTS = (
    " name? address city postal_code? country coordinates related_locations? evses? directions? operator?"
    " suboperator? owner? facilities? opening_times? charging_when_closed? images? energy_mix? last_updated"
)
_EVSE = (
    "uid evse_id? status status_schedule? capabilities? connectors floor_level? coordinates?"
    " physical_reference? directions? parking_restrictions? images? last_updated"
)
_CONNECTOR = (
    "id standard format power_type max_voltage max_amperage max_electric_power? tariff_ids?"
    " terms_and_conditions? last_updated"
)
_TARIFF = "id currency tariff_alt_text? tariff_alt_url? elements energy_mix? last_updated"
_OWNED_TARIFF = f"country_code party_id type? min_price? max_price? start_date_time? end_date_time? {_TARIFF}"
_CDR_TOTALS = (
    " total_cost total_fixed_cost? total_energy total_energy_cost? total_time total_time_cost?"
    " total_parking_time? total_parking_cost? total_reservation_cost?"
)
_CDR = (
    "country_code party_id id start_date_time end_date_time session_id? cdr_token auth_method"
    " authorization_reference? cdr_location meter_id? currency tariffs? charging_periods signed_data?"
    f"{_CDR_TOTALS} remark? invoice_reference_id? credit? credit_reference_id? last_updated"
)
_LATER = {
    "location": "country_code party_id id publish publish_allowed_to? state? parking_type? time_zone"
    + _LOCATION_PARTS,
    "evse": _EVSE,
    "connector": _CONNECTOR,
    "tariff": _OWNED_TARIFF,
    "session": "country_code party_id id start_date_time end_date_time? kwh cdr_token auth_method"
    " authorization_reference? location_id evse_uid connector_id meter_id? currency charging_periods?"
    " total_cost? status last_updated",
    "cdr": _CDR,
    "cdr_token": "uid type contract_id",
    "cdr_location": "id name? address city postal_code country coordinates evse_uid evse_id connector_id"
    " connector_standard connector_format connector_power_type",
    "price": "excl_vat incl_vat?",
    "credentials": "token url roles",
}
_OWNED_TOKEN = {
    "cdr_token": "country_code party_id uid type contract_id",
    "cdr": f"{_CDR} home_charging_compensation?",
    "cdr_location": "id name? address city postal_code? state? country coordinates evse_uid evse_id"
    " connector_id connector_standard connector_format connector_power_type",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """One version. `platform`: one party, flat credentials, no roles and no routing headers, as in 2.1.1."""

    version: str
    tables: Mapping[str, str]
    platform: bool = False
    token_owner: bool = True
    extra_credentials: JsonObject = field(default_factory=dict)

    @property
    def encoded(self) -> bool:
        """Whether the token in the Authorization header is Base64 (TR-02, TR-03)."""
        return not self.platform

    def fields(self, kind: str) -> frozenset[str]:
        """Every field an object may have."""
        return frozenset(name.rstrip("?") for name in self.tables[kind].split())

    def required(self, kind: str) -> tuple[str, ...]:
        """The fields it must have."""
        return tuple(name for name in self.tables[kind].split() if not name.endswith("?"))

    def credentials(self, token: str, url: str, name: str, country_code: str, party_id: str) -> JsonObject:
        """Credentials of an eMSP (CRED-11)."""
        party = {
            "country_code": country_code,
            "party_id": party_id,
            "business_details": {"name": name},
        }
        base: JsonObject = {"token": token, "url": url, **self.extra_credentials}
        return {**base, **party} if self.platform else {**base, "roles": [{"role": "EMSP", **party}]}

    def parties(self, credentials: JsonObject) -> tuple[tuple[str, str], ...]:
        """The CPO parties in the gateway's credentials."""
        roles = [credentials] if self.platform else credentials["roles"]
        return tuple(
            (str(r["country_code"]), str(r["party_id"])) for r in roles if r.get("role", "CPO") == "CPO"
        )

    def endpoints(self, base: str) -> list[JsonObject]:
        """The endpoints of an eMSP."""
        listed = [{"identifier": m, "role": r, "url": f"{base}/{m}"} for m, r in (*_MODULES, *_ASKING)]
        listed = [e for e in listed if not self.platform or e["identifier"] != "chargingprofiles"]
        return [{k: v for k, v in e.items() if k != "role" or not self.platform} for e in listed]

    def endpoints_of(self, details: JsonObject) -> dict[str, str]:
        """The endpoints of the gateway, keyed "module/ROLE"; 2.1.1 leaves the role to be known (VER-02)."""
        found = {}
        for endpoint in details["endpoints"]:
            module = endpoint["identifier"]
            known = "SENDER" if module in _SENDERS else "RECEIVER"
            found[f"{module}/{known if self.platform else endpoint['role']}"] = endpoint["url"]
        return found


EDITIONS: Mapping[str, Edition] = {
    edition.version: edition
    for edition in (
        Edition(
            "2.1.1",
            {
                "location": "id type time_zone?" + _LOCATION_PARTS.replace("postal_code?", "postal_code"),
                "evse": _EVSE,
                "connector": "id standard format power_type voltage amperage tariff_id? terms_and_conditions?"
                " last_updated",
                "tariff": _TARIFF,
                "session": "id start_datetime end_datetime? kwh auth_id auth_method location meter_id?"
                " currency charging_periods? total_cost? status last_updated",
                "cdr": "id start_date_time stop_date_time auth_id auth_method location meter_id? currency"
                " tariffs? charging_periods total_cost total_energy total_time total_parking_time? remark?"
                " last_updated",
                "credentials": "token url business_details party_id country_code",
            },
            platform=True,
        ),
        Edition("2.2", _LATER, token_owner=False),
        Edition("2.2.1", {**_LATER, **_OWNED_TOKEN}),
        Edition(
            "2.3.0",
            {
                **_LATER,
                **_OWNED_TOKEN,
                "location": f"{_LATER['location']} parking_places? help_phone?",
                "evse": f"{_EVSE} parking? accepted_service_providers?",
                "connector": f"{_CONNECTOR} capabilities?",
                "tariff": f"{_OWNED_TARIFF} tax_included",
                "price": "before_taxes taxes?",
                "credentials": "token url roles hub_party_id?",
            },
        ),
    )
}
USUAL = EDITIONS["2.2.1"]
