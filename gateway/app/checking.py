"""What was found out about a partner's endpoints: for people who bring two platforms together."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding weighs. UNKNOWN: it could not be looked at."""

    GOOD = "GOOD"
    ODD = "ODD"
    WRONG = "WRONG"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a partner's endpoint. `path` is the field it is about, as a JSON path."""

    mark: Mark
    subject: str
    sentence: str
    path: str | None = None
