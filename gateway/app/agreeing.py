"""Which terms a session runs under: the connector's tariffs, or those agreed with the driver's partner.

Rules: TAR-06, TAR-07, CDR-05. Called within units of work.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from gateway.app.ports import Tx
from gateway.domain.ids import PartnerId
from gateway.domain.selection import AD_HOC_PAYMENT, REGULAR, applicable_tariff, assigned_tariff_ids
from gateway.domain.sites import PlugSnapshot
from gateway.domain.tariffs import Tariff
from gateway.domain.terms import Terms
from gateway.domain.tokens import SessionToken

NO_CURRENCY = "X" * 3
"""ISO 4217 "no currency", for a session that has no price where nobody ever named a currency."""

_AD_HOC_USER = "AD_HOC_USER"


def agree(
    tx: Tx, plug: PlugSnapshot, at: datetime, token: SessionToken | None, partner_id: PartnerId | None
) -> Terms:
    """The terms of a session that starts now, with a copy of the tariff as it is now."""
    party = plug.location.party
    preferred = assigned_tariff_ids(
        tx.assignments.all(),
        partner_id=partner_id,
        parties=() if token is None else (token.party,),
        location_id=plug.location.id,
    )
    offered = [t for i in (*preferred, *plug.tariff_ids) if (t := tx.tariffs.get(party, i)) is not None]
    known = {i.casefold(): i for i in (t.id for t in offered)}
    tariff = applicable_tariff(
        offered,
        at,
        preferred=[known[i.casefold()] for i in preferred if i.casefold() in known],
        type_=_type_for(token),
    )
    return Terms(
        tariffs=(tariff,) if tariff else (),
        tariff_id=tariff.id if tariff else None,
        currency=tariff.currency if tariff else _currency(tx, offered, plug),
        time_zone=plug.location.time_zone,
        max_power_w=plug.max_power_w,
    )


def _type_for(token: SessionToken | None) -> str:
    """Cards and apps charge regularly; who pays at the charger without a contract pays ad hoc."""
    return AD_HOC_PAYMENT if token is not None and token.type == _AD_HOC_USER else REGULAR


def _currency(tx: Tx, offered: Sequence[Tariff], plug: PlugSnapshot) -> str:
    """The currency in which a session without a price costs nothing: what is usual at this place."""
    everything = tx.tariffs.all()
    own = [tariff for tariff in everything if tariff.party == plug.location.party]
    usual = Counter(tariff.currency for tariff in (offered or own or everything))
    return max(usual, key=lambda code: (usual[code], code), default=NO_CURRENCY)
