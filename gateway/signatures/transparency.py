"""The transparency file drivers check their bill with: signed meter data, byte for byte, in S.A.F.E.'s XML.

Spec: transparency software of S.A.F.E. e.V., container "values" with one "value" for each dataset.
"""

import base64
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from gateway.domain.readings import ReadingContext, SignedReading

_CONTEXTS = {ReadingContext.BEGIN: "Transaction.Begin", ReadingContext.END: "Transaction.End"}
_UNKNOWN_FORMAT = "UNKNOWN"
_OUTSIDE_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def transparency_file(readings: Sequence[SignedReading], transaction: str) -> bytes:
    """The file for these datasets, in their order and each once. UTF-8.

    What XML cannot carry as it is goes in as Base64, marked so.
    """
    values = "".join(_value(reading, transaction) for reading in dict.fromkeys(readings))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{values}</values>\n'.encode()


def _value(reading: SignedReading, transaction: str) -> str:
    context = _CONTEXTS.get(reading.context)
    about = f" transactionId={quoteattr(transaction)}" + (f' context="{context}"' if context else "")
    data, encoding = _carried(reading.data)
    key = ""
    if reading.public_key:
        text, form = _carried(reading.public_key)
        form = "hex" if _HEX.fullmatch(reading.public_key) else form
        key = f"    <publicKey encoding={quoteattr(form)}>{text}</publicKey>\n"
    how = f"format={quoteattr(_format(reading))} encoding={quoteattr(encoding)}"
    return f"  <value{about}>\n    <signedData {how}>{data}</signedData>\n{key}  </value>\n"


def _carried(text: str) -> tuple[str, str]:
    """Text that any XML reader gives back unchanged, and how it is encoded."""
    if _OUTSIDE_XML.search(text):
        return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode(), "base64"
    return escape(text, {"\r": "&#13;"}), "plain"


def _format(reading: SignedReading) -> str:
    if reading.data.startswith("OCMF|"):
        return "OCMF"
    return reading.encoding or _UNKNOWN_FORMAT
