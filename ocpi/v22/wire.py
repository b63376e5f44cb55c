"""OCPI 2.2 objects where they differ from 2.2.1, with the corrections of the bugfix branch."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from ocpi.v221 import wire as later
from ocpi.wire import CLEANED, AtLeastOne, String20, String45, Wire, ci_string, derived, verbatim

_Signed = Annotated[str, ci_string(512)]

_LOCATION = derived(later.Location, address=(String45, ...), state=(String20 | None, None))
_TOKEN: Any = derived(later.CdrToken, "country_code", "party_id")
_PLACE: Any = derived(later.CdrLocation, "state", postal_code=(Annotated[str, verbatim(10), CLEANED], ...))
_VALUE: Any = derived(later.SignedValue, plain_data=(_Signed, ...), signed_data=(_Signed, ...))
_SIGNED: Any = derived(
    later.SignedData,
    public_key=(_Signed | None, None),
    url=(_Signed | None, None),
    signed_values=(AtLeastOne[_VALUE], ...),
)
_CDR = derived(
    later.CDR,
    "home_charging_compensation",
    cdr_token=(_TOKEN, ...),
    cdr_location=(_PLACE, ...),
    signed_data=(_SIGNED | None, None),
)
_SESSION = derived(later.Session, cdr_token=(_TOKEN, ...))
_START = derived(later.StartSession, "connector_id")

MODELS: Final[Mapping[str, type[Wire]]] = {
    **{name: getattr(later, name) for name in later.__all__},
    **{
        model.__name__: model
        for model in (_LOCATION, _TOKEN, _PLACE, _VALUE, _SIGNED, _CDR, _SESSION, _START)
    },
}
"""Every object by its name in the specification."""
