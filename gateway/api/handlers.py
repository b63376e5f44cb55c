"""What each operation does: one use case or view, and its answer."""

from typing import TypeVar

from pydantic import BaseModel

from gateway.api import cdr_models, models, requests, shown
from gateway.api.operations import Call
from gateway.app.views import SessionView
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import UnknownObject
from gateway.domain.ids import CdrId, ChargerId, Party, SessionId

M = TypeVar("M", bound=BaseModel)


def taken(kind: type[M], value: BaseModel | None) -> M:
    """The query or body as the model its operation declares."""
    if not isinstance(value, kind):
        raise TypeError(f"the operation does not declare {kind.__name__}")
    return value


async def status(call: Call) -> models.Status:
    """How the gateway is, in words and numbers."""
    services, about = call.services, call.services.about
    problem = await services.health()
    charger_url = about.public_url.replace("http", "ws", 1)
    return models.Status(
        version=about.version,
        ready=problem is None,
        problem=problem,
        now=services.clock.now(),
        started_at=about.started_at,
        public_url=about.public_url,
        versions_url=f"{about.public_url}/ocpi/versions",
        charger_url=f"{charger_url}/ocpp/",
        warnings=list(about.warnings),
        counts=shown.counts(await services.views.overview()),
    )


async def apply_network(call: Call) -> models.Changes:
    """Apply a network file; nothing is applied if anything is wrong."""
    query = taken(requests.NetworkQuery, call.query)
    return shown.changes(await call.services.network.apply(query.name, call.text, prune=query.prune))


async def list_chargers(call: Call) -> models.ChargerList:
    """Chargers, those that only knock included."""
    paging = taken(requests.Paging, call.query)
    found = await call.services.views.chargers(paging.limit, paging.offset)
    return models.ChargerList(items=[shown.charger(view) for view in found.items], total=found.total)


async def show_charger(call: Call) -> models.Charger:
    """One charger."""
    return shown.charger(await call.services.views.charger(ChargerId(call.path["charger_id"])))


async def command_charger(call: Call) -> models.CommandAnswer:
    """Send a command and wait for the charger's answer."""
    charger_id = ChargerId(call.path["charger_id"])
    view = await call.services.views.charger(charger_id)
    if view.charger is None:
        raise UnknownObject(f"charger {charger_id} is not configured")
    command = taken(requests.CommandRequest, call.body).root.ours()
    return shown.command_answer(await call.services.remote.ask(charger_id, command))


async def list_partners(call: Call) -> models.PartnerList:
    """Partners."""
    paging = taken(requests.Paging, call.query)
    views = await call.services.views.partners()
    page = views[paging.offset : paging.offset + paging.limit]
    return models.PartnerList(items=[shown.partner(view) for view in page], total=len(views))


async def show_partner(call: Call) -> models.Partner:
    """One partner."""
    return shown.partner(await call.services.views.partner(call.path["name"]))


async def invite_partner(call: Call) -> models.Invitation:
    """Make an invitation."""
    body = taken(requests.InviteRequest, call.body)
    call.services.profiles.check(body.profile)
    made = await call.services.registration.invite(body.name, [Party.parse(p) for p in body.parties])
    if body.profile is not None:
        await call.services.profiles.change(body.name, body.profile, {})
    return models.Invitation(name=made.name, token=made.token, versions_url=made.versions_url)


async def connect_partner(call: Call) -> models.Partner:
    """Register with a partner now."""
    body = taken(requests.ConnectRequest, call.body)
    parties = [Party.parse(party) for party in body.parties]
    call.services.profiles.check(body.profile)
    await call.services.registration.connect(body.name, body.versions_url, body.token, parties)
    if body.profile is not None:
        await call.services.profiles.change(body.name, body.profile, {})
    return shown.partner(await call.services.views.partner(body.name))


async def show_profile(call: Call) -> models.Profile:
    """A partner's profile."""
    profiles = call.services.profiles
    found = await profiles.of(call.path["name"])
    return shown.profile(found, profiles.presets.get(found.preset))


async def change_profile(call: Call) -> models.Profile:
    """Change a partner's profile."""
    body, profiles = taken(requests.ProfileRequest, call.body), call.services.profiles
    found = await profiles.change(call.path["name"], body.preset, body.settings)
    return shown.profile(found, profiles.presets.get(found.preset))


async def list_presets(call: Call) -> models.PresetList:
    """Presets of profiles."""
    paging = taken(requests.Paging, call.query)
    every = [shown.preset(preset) for preset in call.services.profiles.presets.values()]
    return models.PresetList(items=every[paging.offset : paging.offset + paging.limit], total=len(every))


async def check_partner(call: Call) -> models.CheckReport:
    """Look at a partner's endpoints now."""
    view = await call.services.views.partner(call.path["name"])
    if call.services.check is None:
        raise UnknownObject("this gateway cannot check partners")
    found = await call.services.check(view.partner)
    items = [
        models.CheckFinding(mark=f.mark.value, subject=f.subject, sentence=f.sentence, path=f.path)
        for f in found
    ]
    return models.CheckReport(items=items, total=len(items))


async def rotate_partner(call: Call) -> models.Partner:
    """Replace both tokens."""
    await call.services.registration.rotate(call.path["name"])
    return shown.partner(await call.services.views.partner(call.path["name"]))


async def remove_partner(call: Call) -> models.Partner:
    """End a partnership; its history stays."""
    await call.services.registration.remove(call.path["name"])
    return shown.partner(await call.services.views.partner(call.path["name"]))


async def list_sessions(call: Call) -> models.SessionList:
    """Sessions, newest first."""
    query = taken(requests.SessionQuery, call.query)
    if query.open or query.flagged:
        views = await _some_sessions(call, query)
        page = views[query.offset : query.offset + query.limit]
        return models.SessionList(items=[shown.session(view) for view in page], total=len(views))
    found = await call.services.views.sessions(query.limit, query.offset, query.partner)
    return models.SessionList(items=[shown.session(view) for view in found.items], total=found.total)


async def _some_sessions(call: Call, query: requests.SessionQuery) -> list[SessionView]:
    views = call.services.views
    found = await views.open_sessions() if query.open else await views.waiting_sessions()
    return [view for view in found if query.partner in (None, view.partner)]


async def show_session(call: Call) -> models.Session:
    """One session."""
    return shown.session(await call.services.views.session(SessionId(call.path["session_id"])))


async def withdraw_reservation(call: Call) -> models.Session:
    """Cancel a partner's reservation."""
    session_id = SessionId(call.path["session_id"])
    if call.services.withdraw is None:
        raise UnknownObject("this gateway cannot withdraw reservations")
    await call.services.withdraw(session_id)
    return shown.session(await call.services.views.session(session_id))


async def list_cdrs(call: Call) -> cdr_models.CdrList:
    """CDRs, newest first."""
    query = taken(requests.PartnerPaging, call.query)
    found = await call.services.views.cdrs(query.limit, query.offset, query.partner)
    return cdr_models.CdrList(items=[shown.cdr(view) for view in found.items], total=found.total)


async def show_cdr(call: Call) -> cdr_models.Cdr:
    """One CDR."""
    return shown.cdr(await call.services.views.cdr(CdrId(call.path["cdr_id"])))


async def list_deliveries(call: Call) -> models.DeliveryList:
    """What is or was owed to partners."""
    query = taken(requests.DeliveryQuery, call.query)
    state = DebtState(query.state) if query.state else None
    found = await call.services.views.deliveries(query.limit, query.partner, state)
    return models.DeliveryList(items=[shown.delivery(view) for view in found.items], total=found.total)


async def show_delivery(call: Call) -> models.Delivery:
    """One delivery with its last request and answer."""
    partner, kind, key = call.path["partner"], owed(call.path["kind"]), call.path["key"]
    return shown.delivery(await call.services.views.delivery(partner, kind, key))


async def retry_delivery(call: Call) -> models.Delivery:
    """Try a delivery again now."""
    partner, kind, key = call.path["partner"], owed(call.path["kind"]), call.path["key"]
    await call.services.attention.retry(partner, kind, key)
    return shown.delivery(await call.services.views.delivery(partner, kind, key))


def owed(kind: str) -> Owed:
    """A kind of delivery by its name. Raises UnknownObject."""
    try:
        return Owed(kind.upper())
    except ValueError as error:
        raise UnknownObject(f"{kind} is none of {', '.join(Owed)}") from error


async def list_set_aside(call: Call) -> models.SetAsideList:
    """What could not be attributed."""
    paging = taken(requests.Paging, call.query)
    items = await call.services.views.set_aside()
    page = items[paging.offset : paging.offset + paging.limit]
    return models.SetAsideList(items=[shown.set_aside(item) for item in page], total=len(items))


async def resolve_set_aside(call: Call) -> models.SetAside:
    """Close an item with a note."""
    note = taken(requests.ResolveRequest, call.body).note
    return shown.set_aside(await call.services.attention.resolve(call.path["item_id"], note))


async def list_authorizations(call: Call) -> models.AuthorizationList:
    """Decisions about cards."""
    limit = taken(requests.Limit, call.query).limit
    found = await call.services.views.authorizations(limit)
    items = [shown.authorization(view) for view in found.items]
    return models.AuthorizationList(items=items, total=found.total)
