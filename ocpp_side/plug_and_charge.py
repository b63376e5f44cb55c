"""ISO 15118 over OCPP 1.6: DataTransfer of vendor `org.openchargealliance.iso15118pnc`, answered honestly.

This gateway authorizes contracts (eMAID) with their issuers. It is no certificate broker: without a plug-in
(`contracts`) it says so instead of inventing an answer (C28, 3.1 of the security notes).
"""

import orjson

from gateway.domain.authorization import Verdict
from gateway.domain.events import IdToken
from ocpp_side.contracts import certificate_status_answer, ev_certificate_answer, installed_broker
from ocpp_side.translate.lenient import Payload
from ocpp_side.vendors import Answer, NotKnown, Transfer, TransferStatus

VENDOR = "org.openchargealliance.iso15118pnc"
_STATUS = {
    Verdict.ALLOWED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.NO_CREDIT: "Blocked",
    Verdict.NOT_ALLOWED: "Invalid",
    Verdict.UNKNOWN: "Invalid",
}
_LONGEST_CONTRACT = 36


async def answer(transfer: Transfer) -> Answer:
    """One message. Raises NotKnown."""
    match transfer.message_id:
        case "Authorize":
            return await _authorize(transfer)
        case "GetCertificateStatus":
            return _said(await certificate_status_answer(installed_broker(), _object(transfer.data)))
        case "Get15118EVCertificate":
            return _said(await ev_certificate_answer(installed_broker(), _object(transfer.data)))
        case "SignCertificate":
            return _said({"status": "Rejected"})
        case _:
            raise NotKnown


async def _authorize(transfer: Transfer) -> Answer:
    contract = _contract(transfer.data)
    if contract is None:
        return Answer(TransferStatus.REJECTED)
    decision = await transfer.authorizing.by_card(transfer.charger_id, IdToken(contract, "eMAID"), None)
    return _said({"idTokenInfo": {"status": _STATUS[decision.verdict]}})


def _object(data: str) -> Payload:
    try:
        request = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return request if isinstance(request, dict) else {}


def _contract(data: str) -> str | None:
    """The eMAID of an Authorize; the token is a text, or an object with one."""
    token = _object(data).get("idToken")
    if isinstance(token, dict):
        token = token.get("idToken")
    return token if isinstance(token, str) and 0 < len(token) <= _LONGEST_CONTRACT else None


def _said(payload: dict[str, object]) -> Answer:
    return Answer(TransferStatus.ACCEPTED, orjson.dumps(payload).decode())
