"""What chargers said, as text for the person who looks at what was set aside."""

import json
from dataclasses import asdict

from gateway.domain.events import Metered, TransactionEnded, TransactionReported, TransactionStarted


def as_json(event: Metered | TransactionEnded | TransactionReported | TransactionStarted) -> str:
    """An event as text for a person to read."""
    return json.dumps(asdict(event), default=str)
