"""Settings: one frozen tree from arguments, environment, secret files and an optional TOML file.

This is the only module that reads the environment. Every field's description is a row of README's table.
"""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.app.policy import Policy
from gateway.charger_config import ChargerFields
from gateway.domain.errors import InvalidInput
from gateway.keeping_config import KeepingFields, term
from gateway.partner_config import PartnerFields

PREFIX = "GATEWAY_"
CONFIG_VARIABLE = "GATEWAY_CONFIG"
CRASH_VARIABLE = "GATEWAY_CRASH_AT"
"""For tests: where the process ends as by a power failure, see `gateway.app.crashpoints`."""
_config_file: ContextVar[str | None] = ContextVar("config_file", default=None)
_SQLITE = ("sqlite:", "sqlite+aiosqlite:")


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as https://roaming.example.com")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("expected an address without user, query and fragment")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Settings(KeepingFields, PartnerFields, ChargerFields):
    """How this gateway runs. Secrets may come from a file named by the same variable with `_FILE`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    database_url: str = Field(
        "sqlite+aiosqlite:///gateway.db",
        description="Where everything is stored. The default is a SQLite file in the working directory.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every interface.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    public_url: HttpUrl | None = Field(
        None,
        description="Address under which partners reach this gateway. Default: made of host and port.",
    )
    url: HttpUrl | None = Field(
        None, description="Where the commands find the running gateway. Default: made of host and port."
    )
    admin_token: SecretStr | None = Field(
        None,
        description="Bearer token of the operator API. On a loopback address with SQLite one is made and "
        "kept in a file beside the database; anywhere else it must be set.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="Bearer token that reads /metrics and nothing else, for a monitoring system. The admin "
        "token reads it too.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key that seals stored secrets; to change it, several separated by commas, newest first. "
        "On a loopback address with SQLite one is made and kept in a file beside the database; anywhere else "
        "it must be set.",
    )
    allow_plain_chargers: bool = Field(
        False, description="Let chargers connect without TLS (ws://) from other than loopback addresses."
    )
    allow_private_partners: bool = Field(
        False, description="Call partners at loopback and private addresses, and over http. For tests only."
    )
    cdr_grace_seconds: float = Field(
        30, ge=0, le=86_400, description="How long to wait for late meter values before a CDR is made."
    )
    session_update_seconds: float = Field(
        30,
        ge=0,
        le=3_600,
        description="Rising energy of a session is pushed at most this often; a new status goes at once.",
    )
    authorize_deadline_seconds: float = Field(
        5, gt=0, le=60, description="Whole time to answer a card at a charger, all partners together."
    )
    authorization_memory_seconds: float = Field(
        900, ge=0, le=86_400, description="How long a card's answer also serves the start that follows it."
    )
    heartbeat_seconds: int = Field(
        300, ge=10, le=86_400, description="Heartbeat interval that chargers are told when they boot."
    )
    offline_grace_seconds: float = Field(
        60, ge=0, le=3_600, description="How long a charger may be away before its EVSEs become UNKNOWN."
    )
    command_timeout_seconds: float = Field(
        30, gt=0, le=300, description="How long a charger may take to answer a command."
    )
    invitation_days: float = Field(
        7, gt=0, le=90, description="How long an invitation of a partner is valid."
    )
    token_overlap_hours: float = Field(
        24,
        ge=0,
        le=168,
        description="How long a replaced credentials token works if the new one is unused.",
    )
    token_pull_hours: float = Field(
        24, gt=0, le=168, description="How often partners' token lists are read in full."
    )
    orphan_grace_minutes: float = Field(
        10,
        ge=0,
        le=10_080,
        description="How long a transaction whose plug is free again waits for its end before it is closed.",
    )
    delivery_retry_seconds: float = Field(
        30,
        ge=0.01,
        le=3_600,
        description="Wait before a failed delivery is tried again; the later intervals grow in proportion.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe messages to log."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="Shape of the log: auto is console on a terminal and JSON elsewhere."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, that over secret files, those over the TOML file."""
        del dotenv_settings, file_secret_settings
        config = _config_file.get() or os.environ.get(CONFIG_VARIABLE)
        sources: tuple[PydanticBaseSettingsSource, ...] = (
            init_settings,
            env_settings,
            _SecretFiles(settings_cls),
        )
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(config))) if config else sources

    @model_validator(mode="after")
    def _surely_wrong(self) -> "Settings":
        """T39: partners at private addresses must not be reachable through a gateway in public."""
        if self.allow_private_partners and self.public_url is not None and is_public(self.public_url):
            raise ValueError(
                f"GATEWAY_ALLOW_PRIVATE_PARTNERS is for tests and must not be on while GATEWAY_PUBLIC_URL "
                f"is {self.public_url}: a partner could make the gateway call addresses in your network"
            )
        return self

    @property
    def base_url(self) -> str:
        """Address under which partners reach this gateway, without a slash at the end."""
        return self.public_url or self.local_url

    @property
    def local_url(self) -> str:
        """Address under which this machine reaches the gateway."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def command_url(self) -> str:
        """Where the commands look for the gateway."""
        return self.url or self.local_url

    @property
    def database_path(self) -> Path | None:
        """The SQLite file, or None for another database or one in memory."""
        if not self.database_url.startswith(_SQLITE):
            return None
        path = self.database_url.partition(":///")[2].partition("?")[0]
        return Path(path) if path and path != ":memory:" else None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        return _is_loopback(self.host)

    def listening_on(self, port: int) -> "Settings":
        """The same settings with the port that was really bound (for port 0)."""
        return self.model_copy(update={"port": port})

    def policy(self) -> Policy:
        """Times and limits for the use cases."""
        return Policy(
            cdr_grace=timedelta(seconds=self.cdr_grace_seconds),
            session_update=timedelta(seconds=self.session_update_seconds),
            authorize_deadline=timedelta(seconds=self.authorize_deadline_seconds),
            authorization_memory=timedelta(seconds=self.authorization_memory_seconds),
            heartbeat_interval=timedelta(seconds=self.heartbeat_seconds),
            offline_grace=timedelta(seconds=self.offline_grace_seconds),
            command_timeout=timedelta(seconds=self.command_timeout_seconds),
            profile_poll=timedelta(seconds=self.charger_profile_poll_seconds),
            invitation_life=timedelta(days=self.invitation_days),
            token_overlap=timedelta(hours=self.token_overlap_hours),
            token_pull_interval=timedelta(hours=self.token_pull_hours),
            orphan_grace=timedelta(minutes=self.orphan_grace_minutes),
            lost_after=timedelta(days=self.charger_lost_days),
            first_retry=timedelta(seconds=self.delivery_retry_seconds),
            keep_samples=term(self.keep_samples_days),
            keep_authorizations=term(self.keep_authorizations_days),
            keep_deliveries=term(self.keep_deliveries_days),
            nightly_questions=self.nightly_questions,
            charger_hosts=self.hosts_for_chargers(self.base_url),
        )


SECRET_FIELDS = ("database_url", "admin_token", "metrics_token", "secret_key")
"""Fields whose value may be read from a file named by `GATEWAY_<FIELD>_FILE`."""


class _SecretFiles(PydanticBaseSettingsSource):
    """`GATEWAY_X_FILE` names a file whose content, without the last line's end, is the value of x."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if field_name not in SECRET_FIELDS or not path:
            return None, field_name, False
        if os.environ.get(variable.removesuffix("_FILE")):
            raise InvalidInput(f"set {variable} or {variable.removesuffix('_FILE')}, not both")
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{variable}: {path} cannot be read: {_why(error)}") from error
        if not value:
            raise InvalidInput(f"{variable}: {path} is empty")
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load_settings(config: Path | None = None, **given: object) -> Settings:
    """Settings from `given`, the environment, secret files and the TOML file (`config` or GATEWAY_CONFIG).

    Raises InvalidInput naming the variable and the rule it breaks.
    """
    named = str(config) if config is not None else os.environ.get(CONFIG_VARIABLE)
    _check_toml(named)
    token = _config_file.set(named)
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise InvalidInput("; ".join(_sentence(problem) for problem in error.errors())) from error
    finally:
        _config_file.reset(token)


def _check_toml(config: str | None) -> None:
    if not config:
        return
    try:
        given = tomllib.loads(Path(config).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{config} cannot be read: {_why(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{config} is not TOML: {error}") from error
    for name in given:
        if name not in Settings.model_fields:
            raise InvalidInput(f"{config}: unknown setting {name!r}{_suggest(name, Settings.model_fields)}")


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unknown reason" if isinstance(error, OSError) else "it is not UTF-8 text"


def _sentence(problem: Mapping[str, Any]) -> str:
    name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else ""
    reason = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {reason}" if name else reason


def _suggest(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Sentences about GATEWAY_ variables that no setting reads, most likely misspelt."""
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    files = {f"{PREFIX}{name.upper()}_FILE" for name in SECRET_FIELDS} | {CONFIG_VARIABLE, CRASH_VARIABLE}
    lower = {variable.lower(): variable for variable in known}
    sentences = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in known or variable in files:
            continue
        close = get_close_matches(variable.lower(), list(lower), n=1)
        hint = f"; did you mean {lower[close[0]]}?" if close else ""
        sentences.append(f"{variable} is not a setting{hint}")
    return sentences


def warnings(settings: Settings) -> list[str]:
    """Sentences about settings that are allowed and dangerous (T39)."""
    said = []
    if settings.allow_plain_chargers:
        said.append(
            "GATEWAY_ALLOW_PLAIN_CHARGERS is on: chargers' passwords and card numbers travel unencrypted. "
            "Use it only inside a network you control."
        )
    if settings.allow_private_partners:
        said.append(
            "GATEWAY_ALLOW_PRIVATE_PARTNERS is on: a partner can make the gateway call into your network. "
            "Use it only for tests."
        )
    if not settings.loopback and settings.public_url is None:
        said.append(
            f"GATEWAY_PUBLIC_URL is not set: partners are told {settings.base_url}, which they cannot reach."
        )
    return said


def is_public(url: str) -> bool:
    """Whether an address is meant for the internet: https, and not a local name or a private address."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        return parts.scheme == "https" and ipaddress.ip_address(host).is_global
    except ValueError:
        local = ("localhost", ".localhost", ".local", ".internal", ".test", ".lan", ".home.arpa")
        return parts.scheme == "https" and "." in host and not host.endswith(local)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One row of the settings table."""

    variable: str
    default: str
    description: str


def settings_table() -> list[SettingRow]:
    """Every setting, for README's table and `gateway doctor`."""
    return [
        SettingRow(PREFIX + name.upper(), _shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def settings_markdown() -> str:
    """README's settings table."""
    lines = ["| Variable | Default | What it does |", "|---|---|---|"]
    for row in settings_table():
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.variable}` | {default} | {row.description} |")
    return "\n".join(lines)


def _shown(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return "true" if default else "false"
        case _:
            return str(default)
