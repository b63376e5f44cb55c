"""DataTransfer, which is the same in every version of OCPP: vendors' own messages (C28, D24)."""

from ocpp_side.translate.lenient import Payload
from ocpp_side.translate.v16 import vendor_message
from ocpp_side.vendors import Transfer
from ocpp_side.version import Request, Station


async def on_data_transfer(station: Station, request: Request) -> Payload:
    """DataTransfer: what a vendor's plug-in makes of it."""
    vendor, message_id, data = vendor_message(request.payload)
    transfer = Transfer(station.id, message_id, data, station.authorizing)
    answer = await station.vendors.answer(vendor, transfer)
    return {"status": answer.status.value, **({"data": answer.data} if answer.data is not None else {})}
