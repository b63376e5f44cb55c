"""What `gateway doctor` looks at, one function a question."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from gateway.api.models import Partner, PartnerList, Status
from gateway.cli.client import call, call_all
from gateway.config import Settings, is_public, load_settings, unknown_variables, warnings
from gateway.domain.errors import GatewayError
from gateway.secret_files import known_admin_token

_CLOCK_TOLERANCE_S = 5
_REACHED = "UP"
_LITTLE_SPACE = 512 * 1024 * 1024


class Finding(BaseModel):
    """An answer: ok, a warning or a problem, and what to do."""

    verdict: Literal["ok", "warning", "problem"]
    what: str
    detail: str
    advice: str | None = None


def examine(url: str | None = None, config: Path | None = None) -> Sequence[Finding]:
    """All findings, in the order in which one would repair."""
    try:
        settings = load_settings(config, url=url)
    except GatewayError as error:
        return [_problem("settings", str(error), "Repair the setting and run this again.")]
    found = [*_settings(settings), *_database(settings), *_token(settings)]
    before = datetime.now(UTC)
    try:
        status = call(Status, "GET", "/status", url=url, config=config)
    except GatewayError as error:
        first, _, hint = str(error).partition("\n")
        return [*found, _problem("server", first, hint or "Start it with `gateway serve`.")]
    found += [*_server(settings, status), _clock(before, status)]
    partners = call_all(PartnerList, "/partners", url=url, config=config)
    return [*found, *_network(status), *_partners(partners)]


def _settings(settings: Settings) -> Iterator[Finding]:
    misspelt = unknown_variables(os.environ)
    for sentence in [*warnings(settings), *misspelt]:
        yield Finding(verdict="warning", what="settings", detail=sentence)
    if not misspelt:
        yield _ok("settings", "understood")


def _database(settings: Settings) -> Iterator[Finding]:
    path = settings.database_path
    if path is None:
        yield _ok("database", "not a file")
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        yield _problem(
            "database", f"{folder} does not exist", "Make the folder, or set GATEWAY_DATABASE_URL."
        )
        return
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        yield _problem("database", f"{path} cannot be written", "Give the gateway's user write access.")
        return
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < _LITTLE_SPACE:
        yield Finding(
            verdict="warning",
            what="database",
            detail=f"{free // 2**20} MiB are free",
            advice="Free some space.",
        )
    yield _ok("database", f"{path}" if path.exists() else f"{path} will be made")


def _token(settings: Settings) -> Iterator[Finding]:
    if known_admin_token(settings) is None:
        yield _problem(
            "admin token", "GATEWAY_ADMIN_TOKEN is not set", "Set it to the gateway's admin token."
        )
    else:
        yield _ok("admin token", "known")


def _server(settings: Settings, status: Status) -> Iterator[Finding]:
    yield _ok(
        "server", f"version {status.version} at {settings.command_url}, since {status.started_at:%F %TZ}"
    )
    if status.ready:
        yield _ok("ready", "the database can be written")
    else:
        yield _problem(
            "ready", status.problem or "not ready", "Chargers and partners wait until this is repaired."
        )
    if is_public(status.public_url):
        yield _ok("public URL", status.public_url)
    else:
        yield Finding(
            verdict="warning",
            what="public URL",
            detail=f"{status.public_url} is for this machine or network only",
            advice="Set GATEWAY_PUBLIC_URL to the https address under which partners reach the gateway.",
        )


def _clock(before: datetime, status: Status) -> Finding:
    after = datetime.now(UTC)
    off = max((before - status.now).total_seconds(), (status.now - after).total_seconds(), 0.0)
    if off > _CLOCK_TOLERANCE_S:
        return Finding(
            verdict="warning",
            what="clock",
            detail=f"this machine and the gateway differ by {off:.0f} s",
            advice="Let both machines set their clocks by NTP.",
        )
    return _ok("clock", f"{status.now:%F %TZ}")


def _network(status: Status) -> Iterator[Finding]:
    counts = status.counts
    if counts.chargers == 0:
        yield Finding(
            verdict="warning",
            what="network",
            detail="no chargers",
            advice="Apply a network file: gateway apply FILE",
        )
    else:
        yield _ok(
            "network",
            f"{counts.locations} locations, {counts.chargers_online} of {counts.chargers} chargers online",
        )
    waiting: tuple[tuple[int, str, str], ...] = (
        (counts.chargers_knocking, "chargers are turned away", "See `gateway charger list`."),
        (counts.set_aside, "messages of chargers were set aside", "See `gateway set-aside list`."),
        (counts.books_disagreeing, "partners' books differ from ours", "See `gateway reconcile --last`."),
        (counts.deliveries_parked, "deliveries need a person", "See `gateway delivery list --failed`."),
    )
    for number, text, advice in waiting:
        if number:
            yield Finding(verdict="warning", what="attention", detail=f"{number} {text}", advice=advice)


def _partners(partners: Sequence[Partner]) -> Iterator[Finding]:
    for partner in partners:
        judge = _VERDICTS.get(partner.state)
        if judge is not None:
            yield judge(partner)


def _invited(partner: Partner) -> Finding:
    if partner.problem:
        return Finding(
            verdict="warning",
            what=f"partner {partner.name}",
            detail=partner.problem,
            advice="Repair the cause, then connect or invite again.",
        )
    if partner.invited_until is None:
        return Finding(
            verdict="warning",
            what=f"partner {partner.name}",
            detail="the invitation is over",
            advice=f"Invite again: gateway partner invite {partner.name!r}",
        )
    return _ok(f"partner {partner.name}", f"invited until {partner.invited_until:%F %TZ}")


def _locked_out(partner: Partner) -> Finding:
    advice = "Ask the partner for a new token and connect again, or invite it anew; what it is owed is kept."
    return _problem(f"partner {partner.name}", partner.problem or "it refuses our token", advice)


def _registered(partner: Partner) -> Finding:
    waiting, parked = partner.deliveries_waiting, partner.deliveries_parked
    detail = f"OCPI {partner.version}, {waiting} deliveries waiting, {parked} parked"
    if partner.problem:
        return Finding(verdict="warning", what=f"partner {partner.name}", detail=partner.problem)
    if partner.reach != _REACHED:
        again = f", next attempt {partner.next_attempt_at:%F %TZ}" if partner.next_attempt_at else ""
        return Finding(
            verdict="warning",
            what=f"partner {partner.name}",
            detail=f"{partner.reach}: it gave no usable answer lately; {detail}{again}",
            advice=f"Its answers: gateway delivery list --partner {partner.name!r}. "
            f"What is wrong there: gateway partner check {partner.name!r}",
        )
    return _ok(f"partner {partner.name}", detail)


_VERDICTS: dict[str, Callable[[Partner], Finding]] = {
    "INVITED": _invited,
    "AUTH_FAILED": _locked_out,
    "REGISTERED": _registered,
}


def _ok(what: str, detail: str) -> Finding:
    return Finding(verdict="ok", what=what, detail=detail)


def _problem(what: str, detail: str, advice: str) -> Finding:
    return Finding(verdict="problem", what=what, detail=detail, advice=advice)
