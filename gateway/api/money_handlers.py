"""Operations about prices: corrections, explanations, signed meter data."""

from gateway.api import models, money_models, shown
from gateway.api.handlers import taken
from gateway.api.operations import Call, Download
from gateway.domain.errors import UnknownObject
from gateway.domain.explain import explain
from gateway.domain.flags import FlagReason
from gateway.domain.ids import CdrId, SessionId


async def credit_cdr(call: Call) -> money_models.Correction:
    """Credit a CDR, with or without a new one in its place."""
    body = taken(money_models.CreditRequest, call.body)
    done = await call.services.corrections.credit(
        CdrId(call.path["cdr_id"]), body.reason, replacement=body.replacement
    )
    new = done.replacement
    return money_models.Correction(
        credit=shown.cdr(await call.services.views.cdr(done.credit)),
        replacement=shown.cdr(await call.services.views.cdr(new)) if new is not None else None,
    )


async def release_session(call: Call) -> models.Session:
    """Let a session go on that waits for a person."""
    body = taken(money_models.ReleaseRequest, call.body)
    session_id = SessionId(call.path["session_id"])
    await call.services.releasing.release(session_id, [FlagReason(name) for name in body.accept], body.note)
    return shown.session(await call.services.views.session(session_id))


async def explain_cdr(call: Call) -> money_models.Explanation:
    """How a CDR's price came about, from the bill that is stored with it."""
    cdr = (await call.services.views.cdr(CdrId(call.path["cdr_id"]))).cdr
    rows = [
        money_models.ExplanationRow(
            when=row.when,
            what=row.what,
            volume=row.volume,
            billed=row.billed,
            unit_price=row.unit_price,
            tax=row.tax,
            amount=row.amount,
            why=row.why,
        )
        for row in explain(cdr.bill)
    ]
    total = shown.money(cdr.bill.total)
    return money_models.Explanation(cdr_id=cdr.id, currency=cdr.currency, total_cost=total, rows=rows)


async def signed_meter_data(call: Call) -> money_models.SignedMeterData:
    """Signed meter data and what its signatures are worth."""
    cdr_id = CdrId(call.path["cdr_id"])
    signed = await call.services.views.signed(cdr_id)
    checked = [(reading, call.services.signatures.check(reading)) for reading in signed.readings]
    return money_models.SignedMeterData(
        cdr_id=cdr_id,
        datasets=[
            money_models.SignedDataset(
                context=reading.context,
                encoding=reading.encoding,
                public_key=reading.public_key,
                data=reading.data,
                signature=check.state,
                reason=check.reason,
            )
            for reading, check in checked
        ],
    )


async def transparency_file(call: Call) -> Download:
    """The signed meter data as a file for transparency software."""
    cdr_id = CdrId(call.path["cdr_id"])
    signed = await call.services.views.signed(cdr_id)
    if not signed.readings:
        raise UnknownObject(f"CDR {cdr_id} has no signed meter data")
    content = call.services.signatures.transparency(signed.readings, signed.transaction)
    return Download(content, "application/xml", f"{cdr_id}.xml")
