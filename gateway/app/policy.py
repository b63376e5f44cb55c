"""Times and limits the use cases follow; set from the settings by the composition root."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How long to wait for what.

    `authorize_deadline` is the whole budget of a card at a charger, all partners together (TOK-10);
    `authorization_memory` is how long a decision at Authorize also serves the StartTransaction that follows;
    `orphan_grace` is how long an open transaction survives a free plug before it is closed as lost;
    `lost_after` is how long one whose charger is away waits for it;
    `first_retry` is the first interval of the delivery schedule, the later ones grow with it.
    `keep_samples`, `keep_authorizations` and `keep_deliveries`: how long what grows for ever is kept (None:
    always), see `Retention`. `nightly_questions`: how many objects a partner is asked for each night.
    `start_patience` is how long an accepted remote start may take to become a transaction (SES-04);
    `profile_interval` is the shortest time between two charging profiles of one session (CP-02);
    `profile_poll` how often chargers of steered sessions are asked what they follow, zero: never (CP-03);
    `charger_hosts` are the names and addresses at which chargers may be told to reach us.
    """

    cdr_grace: timedelta = timedelta(seconds=30)
    session_update: timedelta = timedelta(seconds=30)
    authorize_deadline: timedelta = timedelta(seconds=5)
    authorization_memory: timedelta = timedelta(minutes=15)
    heartbeat_interval: timedelta = timedelta(minutes=5)
    offline_grace: timedelta = timedelta(seconds=60)
    command_timeout: timedelta = timedelta(seconds=30)
    start_patience: timedelta = timedelta(minutes=5)
    profile_interval: timedelta = timedelta(seconds=30)
    profile_poll: timedelta = timedelta(minutes=5)
    invitation_life: timedelta = timedelta(days=7)
    token_overlap: timedelta = timedelta(hours=24)
    token_pull_interval: timedelta = timedelta(hours=24)
    orphan_grace: timedelta = timedelta(minutes=10)
    lost_after: timedelta = timedelta(days=7)
    first_retry: timedelta = timedelta(seconds=30)
    keep_samples: timedelta | None = timedelta(days=400)
    keep_authorizations: timedelta | None = timedelta(days=90)
    keep_deliveries: timedelta | None = timedelta(days=90)
    nightly_questions: int = 200
    charger_hosts: frozenset[str] = frozenset()
