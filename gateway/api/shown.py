"""Our words to the operator API's models. Pure; no secret has a place to go."""

from collections.abc import Iterable

from gateway.api import cdr_models, models
from gateway.app.network_plan import Changes
from gateway.app.partner_profiles import Preset
from gateway.app.views import (
    AuthorizationView,
    CdrView,
    ChargerView,
    DeliveryView,
    Overview,
    PartnerView,
    SessionView,
)
from gateway.domain.cdrs import Cdr
from gateway.domain.chargers import Charger, PlugMapping, PlugState, SetAside
from gateway.domain.commands import CommandAnswer
from gateway.domain.delivery import Debt, DebtState
from gateway.domain.partner_profiles import Profile, settings_of
from gateway.domain.tariffs import Price
from gateway.domain.units import kwh


def changes(result: Changes) -> models.Changes:
    """What applying a network file changed."""
    found = [
        models.Change.model_validate({"action": c.action.value, "kind": c.kind, "id": c.id})
        for c in result.changes
    ]
    return models.Changes(changes=found, unchanged=result.unchanged)


def charger(view: ChargerView) -> models.Charger:
    """A charger without its keys."""
    known, state = view.charger, view.state
    return models.Charger(
        id=view.id,
        state="online" if view.online else "knocking" if view.knocks else "offline",
        configured=known is not None,
        online=view.online,
        authentication=_authentication(known) if known else None,
        security_profile=known.security_profile if known else None,
        protocol=(state.protocol if state else None) or (known.protocol if known else None),
        vendor=state.vendor if state else "",
        model=state.model if state else "",
        serial_number=state.serial_number if state else None,
        meter_serial_number=state.meter_serial_number if state else None,
        firmware=state.firmware if state else None,
        booted_at=state.booted_at if state else None,
        last_seen_at=state.last_seen_at if state else None,
        connectors=list(_plugs(view)),
        open_sessions=list(view.open_sessions),
        knocks=[
            models.Knock(
                reason=k.reason, remote=k.remote, first_at=k.first_at, last_at=k.last_at, count=k.count
            )
            for k in view.knocks
        ],
    )


def _authentication(known: Charger) -> str:
    if known.certificate_subject is not None:
        return "certificate"
    return "password" if known.password_hashes else "none"


def _plugs(view: ChargerView) -> Iterable[models.Plug]:
    mappings = {plug.number: plug for plug in view.charger.plugs} if view.charger else {}
    states = {plug.number: plug for plug in view.state.plugs} if view.state else {}
    for number in sorted({*mappings, *states}):
        yield _plug(mappings.get(number), states.get(number))


def _plug(mapping: PlugMapping | None, state: PlugState | None) -> models.Plug:
    number = mapping.number if mapping else state.number if state else None
    return models.Plug(
        number=number.evse if number else 0,
        connector=number.connector if number else 0,
        evse_uid=mapping.evse_uid if mapping else None,
        connector_id=mapping.connector_id if mapping else None,
        status=state.status if state else None,
        status_at=state.at if state else None,
        error_code=state.error_code if state else None,
        info=state.info if state else None,
    )


def command_answer(answer: CommandAnswer) -> models.CommandAnswer:
    """A charger's answer."""
    keys = [
        models.ConfigurationKey(key=k.key, value=k.value, readonly=k.readonly) for k in answer.configuration
    ]
    return models.CommandAnswer(
        outcome=answer.outcome,
        detail=answer.detail,
        configuration=keys,
        unknown_keys=list(answer.unknown_keys),
    )


def partner(view: PartnerView) -> models.Partner:
    """A partner without its tokens."""
    who = view.partner
    return models.Partner(
        name=who.name,
        id=who.id,
        state=who.state,
        version=who.version,
        versions_url=who.versions_url,
        parties=list(dict.fromkeys(str(role.party) for role in who.roles)),
        allowed_parties=[str(party) for party in who.allowed_parties],
        roles=[
            models.PartyRole(role=r.role, party=str(r.party), name=r.name, website=r.website)
            for r in who.roles
        ],
        endpoints=[models.PartnerEndpoint(module=e.module, role=e.role, url=e.url) for e in who.endpoints],
        invited_until=view.invited_until,
        last_success_at=who.last_success_at,
        tokens_pulled_at=who.tokens_pulled_at,
        problem=who.problem,
        reach=who.reach.state,
        next_attempt_at=who.reach.hold_until,
        profile=who.profile.preset,
        deliveries_waiting=view.waiting,
        deliveries_parked=view.parked,
        created_at=who.created_at,
        last_updated=who.last_updated,
    )


def profile(found: Profile, preset: Preset | None) -> models.Profile:
    """A profile, every setting as text."""
    return models.Profile(
        preset=found.preset,
        certainty=preset.certainty if preset else None,
        about=preset.about if preset else None,
        settings=settings_of(found),
    )


def preset(it: Preset) -> models.Preset:
    """A preset."""
    return models.Preset(name=it.name, certainty=it.certainty, about=it.about, settings=dict(it.settings))


def session(view: SessionView) -> models.Session:
    """A session."""
    it = view.session
    return models.Session(
        id=it.id,
        status=it.status,
        party=str(it.party),
        charger_id=it.charger_id,
        number=it.number.evse,
        location_id=it.plug.location.id,
        evse_uid=it.plug.evse_uid,
        connector_id=it.plug.connector_id,
        transaction=it.transaction,
        started_at=it.started_at,
        ended_at=it.ended_at,
        kwh=kwh(it.energy_wh),
        token_uid=it.token.uid if it.token else None,
        contract_id=it.token.contract_id if it.token else None,
        presented=it.presented,
        partner=view.partner,
        auth_method=it.auth_method,
        authorization_reference=it.authorization_reference,
        currency=it.terms.currency,
        tariff_id=it.terms.tariff_id,
        stop_reason=it.stop_reason,
        refused=it.refused,
        waits=it.waits,
        flags=[models.SessionFlag(reason=flag.reason, detail=flag.detail) for flag in it.flags],
        accepted_flags=list(it.accepted_flags),
        notes=list(it.notes),
        cdrs=list(view.cdrs),
        last_updated=it.last_updated,
    )


def cdr(view: CdrView) -> cdr_models.Cdr:
    """A CDR in OCPI's field names."""
    it, bill, debt = view.cdr, view.cdr.bill, view.delivery
    return cdr_models.Cdr(
        id=it.id,
        party=str(it.party),
        partner=view.partner,
        session_id=it.session_id,
        start_date_time=it.started_at,
        end_date_time=it.ended_at,
        location_id=it.plug.location.id,
        evse_uid=it.plug.evse_uid,
        connector_id=it.plug.connector_id,
        token_uid=it.token.uid,
        contract_id=it.token.contract_id,
        auth_method=it.auth_method,
        authorization_reference=it.authorization_reference,
        currency=it.currency,
        total_cost=money(bill.total),
        total_fixed_cost=_perhaps(bill.fixed),
        total_energy_cost=_perhaps(bill.energy),
        total_time_cost=_perhaps(bill.time),
        total_parking_cost=_perhaps(bill.parking),
        total_reservation_cost=_perhaps(bill.reservation),
        total_energy=bill.energy_kwh,
        total_time=bill.time_h,
        total_parking_time=bill.parking_h,
        tariff_ids=[tariff.id for tariff in it.tariffs],
        charging_periods=_periods(it),
        remark=it.remark,
        credit_of=it.credit_of,
        credited_by=view.credited_by,
        replaces=it.replaces,
        warnings=list(bill.warnings),
        delivery=debt.state if debt else None,
        delivery_reason=_reason(debt),
        last_updated=it.last_updated,
    )


def _periods(record: Cdr) -> list[cdr_models.Period]:
    return [
        cdr_models.Period(
            start_date_time=p.starts_at,
            dimensions=[cdr_models.Volume(type=v.type, volume=v.amount) for v in p.volumes],
            tariff_id=p.tariff_id,
        )
        for p in record.periods
    ]


def _reason(debt: Debt | None) -> str | None:
    """Why a delivery is not settled."""
    return None if debt is None or debt.state is DebtState.SETTLED else debt.reason or debt.answer


def money(price: Price) -> cdr_models.Money:
    """An amount."""
    return cdr_models.Money(excl_vat=price.before_taxes, incl_vat=price.after_taxes)


def _perhaps(price: Price | None) -> cdr_models.Money | None:
    return None if price is None else money(price)


def delivery(view: DeliveryView) -> models.Delivery:
    """A debt."""
    debt = view.debt
    return models.Delivery(
        partner=view.partner,
        kind=debt.kind,
        key=debt.key,
        state=debt.state,
        revision=debt.revision,
        settled=debt.settled,
        attempts=debt.attempts,
        ambiguous=debt.ambiguous,
        reason=debt.reason,
        created_at=debt.created_at,
        next_attempt_at=debt.next_attempt_at,
        last_attempt_at=debt.last_attempt_at,
        request=debt.request,
        answer=debt.answer,
        partner_url=debt.partner_url,
    )


def set_aside(item: SetAside) -> models.SetAside:
    """Something that was set aside."""
    return models.SetAside(
        id=item.id,
        charger_id=item.charger_id,
        at=item.at,
        action=item.action,
        reason=item.reason,
        payload=item.payload,
        resolved_at=item.resolved_at,
        note=item.note,
    )


def authorization(view: AuthorizationView) -> models.AuthorizationEntry:
    """A decision about a card."""
    decision = view.authorization
    return models.AuthorizationEntry(
        at=view.at,
        charger_id=view.charger_id,
        presented=view.presented,
        verdict=decision.verdict,
        reason=decision.reason,
        method=decision.method,
        token_uid=decision.token.uid if decision.token else None,
        party=str(decision.token.party) if decision.token else None,
        reference=decision.reference,
    )


def counts(view: Overview) -> models.Counts:
    """Everything in numbers."""
    return models.Counts(
        **{name: getattr(view, name) for name in models.Counts.model_fields}  # the same names on both sides
    )
