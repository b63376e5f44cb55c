"""Invoice reconciliation: our records to read, partners' to keep (CDR-16). Spec: OCPI 2.3.0."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party
from ocpi.body import read_json
from ocpi.dialect import InvoiceWords
from ocpi.envelope import ABSENT, write_envelope
from ocpi.errors import UnknownPath
from ocpi.middleware import answer
from ocpi.operations import Operation
from ocpi.paging import page_headers, read_page_query
from ocpi.routing import read_party
from ocpi.services import CALLER, DIALECT, ROUTE, SERVICES
from ocpi.skipping import written


def _words(request: web.Request) -> InvoiceWords:
    words = request[DIALECT].INVOICES
    if words is None:
        raise UnknownPath
    return words


def _key(request: web.Request) -> tuple[Party, str]:
    path = request.match_info
    party = read_party(path["country_code"], path["party_id"], "country_code", "party_id")
    return party, path["record_id"]


def _answer(request: web.Request, data: object = ABSENT, *, http: int = 200) -> web.Response:
    services = request.app[SERVICES]
    return answer(services, write_envelope(services.clock.now(), data=data), http=http)


async def invoices(request: web.Request, operation: Operation) -> web.StreamResponse:
    """GET our records for the caller."""
    services, words, route = request.app[SERVICES], _words(request), request.get(ROUTE)
    party = route.receiver if route is not None and route.named else None
    query = read_page_query(request.query, party=party)
    page = await services.invoices.published(request[CALLER].partner, query)
    response = _answer(request, written(page.items, words.write, operation.module))
    url = services.url(request[DIALECT].VERSION, operation.module)
    response.headers.update(page_headers(url, query, page.total))
    return response


async def invoice_get(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET a record of the caller's."""
    party, record_id = _key(request)
    found = await request.app[SERVICES].invoices.received(request[CALLER].partner, party, record_id)
    return _answer(request, _words(request).write(found))


async def invoice_post(request: web.Request, _: Operation) -> web.StreamResponse:
    """POST a new record, to the endpoint itself although it is client owned (CDR-16)."""
    services, partner = request.app[SERVICES], request[CALLER].partner
    record = _words(request).read(await read_json(request, services.body_deadline_s), partner.id)
    await services.invoices.take(partner, record, new=True)
    return _answer(request, http=201)


async def invoice_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT a record in place of the one there is. Body and URL must name the same (TR-27)."""
    services, partner = request.app[SERVICES], request[CALLER].partner
    party, record_id = _key(request)
    record = _words(request).read(await read_json(request, services.body_deadline_s), partner.id)
    if (record.party, record.id.casefold()) != (party, record_id.casefold()):
        raise InvalidInput(f"must be {record_id} of {party} as in the URL", field="id")
    await services.invoices.take(partner, record, new=False)
    return _answer(request)


async def invoice_delete(request: web.Request, _: Operation) -> web.StreamResponse:
    """DELETE a record that was an error."""
    party, record_id = _key(request)
    await request.app[SERVICES].invoices.drop(request[CALLER].partner, party, record_id)
    return _answer(request)


INVOICE_HANDLERS: Mapping[str, Callable[[web.Request, Operation], Awaitable[web.StreamResponse]]] = {
    "invoices": invoices,
    "invoice_get": invoice_get,
    "invoice_post": invoice_post,
    "invoice_put": invoice_put,
    "invoice_delete": invoice_delete,
}
"""What answers each operation of the module."""
