"""Settings of what is kept, and for how long."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings


class KeepingFields(BaseSettings):
    """What `Settings` has for keeping; sessions and CDRs are kept for ever."""

    keep_samples_days: float = Field(
        400,
        ge=0,
        le=36_500,
        description="How long meter samples of ended sessions are kept; after that a correction prices what "
        "was counted from them. 0: always.",
    )
    keep_authorizations_days: float = Field(
        90, ge=0, le=36_500, description="How long decisions about cards are kept. 0: always."
    )
    keep_deliveries_days: float = Field(
        90,
        ge=0,
        le=36_500,
        description="How long acknowledged deliveries of sessions and command results are kept, and what was "
        "sent for a CDR; that a CDR was delivered is kept for ever. 0: always.",
    )
    nightly_questions: int = Field(
        200,
        ge=0,
        le=100_000,
        description="How many objects a partner is asked for when its books are compared each night, one a "
        "second; 0: it is not asked.",
    )


def term(days: float) -> timedelta | None:
    """How long something is kept; None: always."""
    return timedelta(days=days) if days else None
