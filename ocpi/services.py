"""What the partner-facing endpoints need, and where a request carries what was found out about it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from gateway.app.callers import Caller, Callers
from gateway.app.commands import Commands
from gateway.app.hubs import Hubs
from gateway.app.invoices import Invoices
from gateway.app.partner_views import PartnerViews
from gateway.app.ports import Clock, Recorder
from gateway.app.preferences import Wishes
from gateway.app.register import Registration
from gateway.app.tokens import Tokens
from gateway.domain.ids import Party
from ocpi.dialect import Dialect


@dataclass(frozen=True, slots=True)
class CommandServices:
    """What partners ask of chargers."""

    commands: Commands
    preferences: Wishes


@dataclass(frozen=True, slots=True)
class Services:
    """Use cases and settings of the OCPI side. `dialects` by version; `public_url` as partners reach us."""

    callers: Callers
    registration: Registration
    tokens: Tokens
    views: PartnerViews
    invoices: Invoices
    hubs: Hubs
    dialects: Mapping[str, Dialect]
    public_url: str
    clock: Clock
    recorder: Recorder | None = None
    commands: CommandServices | None = None
    body_deadline_s: float = 30
    failures_burst: int = 100
    failures_per_second: float = 2
    monotonic: Callable[[], float] = time.monotonic

    def url(self, *segments: str) -> str:
        """An absolute URL below /ocpi."""
        return "/".join((f"{self.public_url.rstrip('/')}/ocpi", *segments))


@dataclass(frozen=True, slots=True)
class Route:
    """The parties a request goes between, as its routing headers or the only choice say (TR-36 to TR-40)."""

    sender: Party | None = None
    receiver: Party | None = None
    named: bool = False
    """Whether the receiver was named by the request, and lists are about that party only."""


SERVICES = web.AppKey("ocpi_services", Services)
CALLER = web.RequestKey("ocpi_caller", Caller)
DIALECT = web.RequestKey("ocpi_dialect", Dialect)
BODY = web.RequestKey("ocpi_body", bytes)
ROUTE = web.RequestKey("ocpi_route", Route)
