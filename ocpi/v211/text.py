"""Texts of OCPI 2.1.1: printable ASCII, and shorter than ours in places (TR-32, LOC-19)."""

import unicodedata

from ocpi.wire import clean

_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "–": "-",
        "—": "-",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "…": "...",
        "€": "EUR",
    }
)


def plain(text: str, length: int) -> str:
    """The text in ASCII letters, cut to a length.

    Accents are dropped. What has no Latin letters at all stays as it is: question marks would say nothing.
    """
    folded = unicodedata.normalize("NFKD", clean(text).translate(_LETTERS))
    ascii_ = folded.encode("ascii", "ignore").decode()
    return (ascii_ if any(map(str.isalnum, ascii_)) or not text.strip() else clean(text))[:length]


def plain_or_none(text: str | None, length: int) -> str | None:
    """The same for a text that may be missing."""
    return plain(text, length) if text else None
