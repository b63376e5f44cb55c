"""An object as one partner takes it: field lengths, CDR ids, demands. Everything else is the dialect's."""

from collections.abc import Iterator, Mapping

from gateway.app.parcels import CdrParcel, ConnectorParcel, LocationParcel, Parcel, TariffParcel
from gateway.domain.errors import NotRepresentable
from gateway.domain.partner_profiles import Profile
from gateway.domain.sites import EvseStatus
from ocpi.dialect import Json

_LONGEST_ID = 36
_CDR_IDS = ("id", "credit_reference_id")
_NAMED = 8
_BELOW: Mapping[type[Parcel], str] = {
    LocationParcel: "",
    TariffParcel: "",
    CdrParcel: "",
    ConnectorParcel: "evses.connectors.",
}
"""Parcels that are whole objects, by where they lie in what their module is about."""


def sendable(parcel: Parcel, module: str, value: Json, profile: Profile) -> Json:
    """The JSON value as it is sent. Raises NotRepresentable if it lacks a field the partner demands."""
    below = _BELOW.get(type(parcel))
    if below is not None:
        root = f"{module}.{below}"
        fields = [path.removeprefix(root).split(".") for path in profile.required if path.startswith(root)]
        lacking = [found for field in fields for found in _lacking(value, field, "")]
        if lacking:
            more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
            raise NotRepresentable(f"lacks what this partner demands: {', '.join(lacking[:_NAMED])}{more}")
    return fitted(module, value, profile)


def fitted(module: str, value: Json, profile: Profile) -> Json:
    """The JSON value within the profile's limits ("module.field", through lists and objects)."""
    for path, longest in profile.limits:
        owner, _, field = path.partition(".")
        if owner == module:
            value = _cut(value, field.split("."), longest)
    if module == "cdrs" and profile.cdr_id_prefix and isinstance(value, Mapping):
        ids = {name: prefixed(profile.cdr_id_prefix, value[name]) for name in _CDR_IDS if name in value}
        value = {**value, **ids}
    return value


def prefixed(prefix: str, id_: str) -> str:
    """The id behind the prefix; hyphens go where both together would be too long for OCPI (CDR-04)."""
    whole = prefix + id_
    return whole if len(whole) <= _LONGEST_ID else prefix + id_.replace("-", "")


def _cut(value: Json, path: list[str], longest: int) -> Json:
    if isinstance(value, list):
        return [_cut(item, path, longest) for item in value]
    if not path:
        return value[:longest] if isinstance(value, str) else value
    if isinstance(value, Mapping) and path[0] in value:
        return {**value, path[0]: _cut(value[path[0]], path[1:], longest)}
    return value


def _lacking(value: Json, path: list[str], where: str) -> Iterator[str]:
    """Where a field is missing, null or empty. An EVSE that was removed needs none."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _lacking(item, path, f"{where}[{index}]")
    elif isinstance(value, Mapping) and value.get("status") != EvseStatus.REMOVED:
        name = f"{where}.{path[0]}".lstrip(".")
        found = value.get(path[0])
        if found in (None, "", [], {}):
            # A location may have no EVSE; what each of them must have is then no question.
            if len(path) == 1 or path[0] != "evses":
                yield name
        elif len(path) > 1:
            yield from _lacking(found, path[1:], name)
