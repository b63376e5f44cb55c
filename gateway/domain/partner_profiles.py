"""How a partner differs from the text of the specification. Differences are data, not code.

A profile is made of settings with names, so that presets and operators write the same words:
`header.NAME` is a header sent with every request, `limit.MODULE.FIELD` the longest text of a field.
"""

from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party
from gateway.domain.limits import SessionLimit

Value = TypeVar("Value")


class OnSilence(StrEnum):
    """What it means for a known card when its issuer gives no answer in time (TOK-05)."""

    WHITELIST = "whitelist"
    ALLOW = "allow"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Profile:
    """What was agreed with one partner, or found out about it.

    `preset`: where the settings came from. `token_base64` None: the version's default (raw in 2.1.1, Base64
    from 2.2 on, TR-04). `trailing_slash`: its URLs end with one. `cdr_days`: how long a CDR is retried.
    `cdr_id_prefix` is put before CDR ids it sees. `ordered_by_time` False: its `last_updated` says nothing
    about order. `session_patch` False: running sessions are always sent whole (SES-03). `our_parties`: the
    parties of ours it may see, all if there are none; `hidden_locations` it may not see at all. `modules`:
    what is agreed with it, everything if nothing is named; others are neither offered nor called. `limits`:
    longest texts by "module.field". `required`: fields an object must have for it, as "module.field.field".
    `session_kwh`, `session_minutes`, `session_cost`: the most of one session of its drivers at chargers that
    can keep to it (OCPP 2.1); 0 means no limit.
    """

    token_base64: bool | None = None
    authorize_timeout_s: Decimal = Decimal(3)
    requests_per_second: int = 20
    concurrency: int = 8
    zero_energy_cdrs: bool = True
    static_headers: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    trailing_slash: bool = False
    on_silence: OnSilence = OnSilence.WHITELIST
    cdr_days: int = 90
    credit_cdrs: bool = True
    cdr_id_prefix: str = ""
    ordered_by_time: bool = True
    session_patch: bool = True
    limits: tuple[tuple[str, int], ...] = ()
    our_parties: tuple[Party, ...] = ()
    hidden_locations: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    session_kwh: int = 0
    session_minutes: int = 0
    session_cost: int = 0

    @property
    def session_limit(self) -> SessionLimit | None:
        """What chargers are told about sessions of its drivers; None without any limit."""
        limit = SessionLimit(self.session_kwh, self.session_minutes, self.session_cost)
        return None if limit == SessionLimit() else limit

    def agreed_on(self, module: str) -> bool:
        """Whether the module is in use with this partner; credentials always are."""
        return not self.modules or module in self.modules or module == "credentials"


MODULES = (
    "cdrs",
    "chargingprofiles",
    "commands",
    "hubclientinfo",
    "invoicereconciliation",
    "locations",
    "sessions",
    "tariffs",
    "tokens",
)
"""Modules that may be agreed on."""

_HEADER, _LIMIT = "header.", "limit."
_OWN_HEADERS = frozenset({"authorization", "content-type", "content-length", "host", "connection"})
_BOUNDS = {
    "requests_per_second": (1, 1000),
    "concurrency": (1, 64),
    "cdr_days": (1, 3650),
    "session_kwh": (0, 10_000),
    "session_minutes": (0, 100_000),
    "session_cost": (0, 1_000_000),
}
_LONGEST_PREFIX = 4


def settings_of(profile: Profile) -> dict[str, str]:
    """Every setting as text, as `with_setting` reads it."""
    shown = {
        field.name: _text(getattr(profile, field.name))
        for field in fields(profile)
        if field.name not in ("preset", "static_headers", "limits")
    }
    shown |= {f"{_HEADER}{name}": value for name, value in profile.static_headers}
    return shown | {f"{_LIMIT}{path}": str(length) for path, length in profile.limits}


def with_setting(profile: Profile, name: str, text: str) -> Profile:
    """The profile with one setting changed; an empty text removes a header or limit. Raises InvalidInput."""
    text = text.strip()
    if name.startswith(_HEADER):
        header = name.removeprefix(_HEADER)
        _check_header(header, text)
        return replace(profile, static_headers=_put(profile.static_headers, header, text or None))
    if name.startswith(_LIMIT):
        length = _whole(name, text, 1, 100_000) if text else None
        return replace(profile, limits=_put(profile.limits, name.removeprefix(_LIMIT), length))
    reader = _READERS.get(name)
    if reader is None:
        known = ", ".join([*_READERS, f"{_HEADER}NAME", f"{_LIMIT}MODULE.FIELD"])
        raise InvalidInput(f"is no setting; there are {known}", field=name)
    return reader(profile, name, text)


def _text(value: object) -> str:
    match value:
        case None:
            return "default"
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(str(item) for item in value)
    return str(value)


def _put(
    pairs: tuple[tuple[str, Value], ...], key: str, value: Value | None
) -> tuple[tuple[str, Value], ...]:
    kept = tuple(pair for pair in pairs if pair[0].casefold() != key.casefold())
    return kept if value is None else (*kept, (key, value))


def _check_header(name: str, value: str) -> None:
    if not name or not name.isascii() or not name.replace("-", "").isalnum():
        raise InvalidInput("is not the name of a header", field=name)
    if name.lower() in _OWN_HEADERS or name.lower().startswith(("ocpi-", "x-request-id", "x-correlation-id")):
        raise InvalidInput("is set by the gateway itself", field=name)
    if not value.isascii() or not value.isprintable():
        raise InvalidInput("may only contain printable ASCII", field=name)


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise InvalidInput(f"must be a whole number from {least} to {most}", field=name)
    return int(text)


def _boolean(name: str, text: str) -> bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    if text.lower() not in words:
        raise InvalidInput("must be true or false", field=name)
    return words[text.lower()]


def _set_boolean(profile: Profile, name: str, text: str) -> Profile:
    return _with(profile, name, _boolean(name, text))


def _set_encoding(profile: Profile, name: str, text: str) -> Profile:
    return _with(profile, name, None if text in ("", "default") else _boolean(name, text))


def _set_whole(profile: Profile, name: str, text: str) -> Profile:
    return _with(profile, name, _whole(name, text, *_BOUNDS[name]))


def _set_seconds(profile: Profile, name: str, text: str) -> Profile:
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        seconds = Decimal(0)
    if not Decimal("0.1") <= seconds <= Decimal(30):
        raise InvalidInput("must be seconds from 0.1 to 30", field=name)
    return _with(profile, name, seconds)


def _set_silence(profile: Profile, name: str, text: str) -> Profile:
    if text not in set(OnSilence):
        raise InvalidInput(f"must be one of {', '.join(OnSilence)}", field=name)
    return _with(profile, name, OnSilence(text))


def _set_prefix(profile: Profile, name: str, text: str) -> Profile:
    if len(text) > _LONGEST_PREFIX or not text.isascii() or not f"x{text.replace('-', '')}".isalnum():
        raise InvalidInput(f"must be at most {_LONGEST_PREFIX} letters, digits or hyphens", field=name)
    return _with(profile, name, text)


def _set_parties(profile: Profile, name: str, text: str) -> Profile:
    try:
        parties = tuple(Party.parse(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InvalidInput(str(error), field=name) from None
    return _with(profile, name, parties)


def _set_modules(profile: Profile, name: str, text: str) -> Profile:
    chosen = _names(text)
    unknown = [module for module in chosen if module not in MODULES]
    if unknown:
        raise InvalidInput(f"{unknown[0]} is no module; there are {', '.join(MODULES)}", field=name)
    return _with(profile, name, chosen)


def _set_required(profile: Profile, name: str, text: str) -> Profile:
    paths = _names(text)
    for path in paths:
        module, _, field = path.partition(".")
        if module not in MODULES or not field.replace(".", "").replace("_", "").isalpha():
            raise InvalidInput(f"{path} is not MODULE.FIELD, such as locations.evses.evse_id", field=name)
    return _with(profile, name, paths)


def _set_names(profile: Profile, name: str, text: str) -> Profile:
    return _with(profile, name, _names(text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _with(profile: Profile, name: str, value: object) -> Profile:
    return replace(profile, **{name: value})  # type: ignore[arg-type]


_READERS = {
    "token_base64": _set_encoding,
    "trailing_slash": _set_boolean,
    "authorize_timeout_s": _set_seconds,
    "on_silence": _set_silence,
    "requests_per_second": _set_whole,
    "concurrency": _set_whole,
    "cdr_days": _set_whole,
    "zero_energy_cdrs": _set_boolean,
    "credit_cdrs": _set_boolean,
    "cdr_id_prefix": _set_prefix,
    "ordered_by_time": _set_boolean,
    "session_patch": _set_boolean,
    "our_parties": _set_parties,
    "hidden_locations": _set_names,
    "modules": _set_modules,
    "required": _set_required,
    "session_kwh": _set_whole,
    "session_minutes": _set_whole,
    "session_cost": _set_whole,
}
