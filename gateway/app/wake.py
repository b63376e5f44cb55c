"""Bells between use cases: something was committed that others should look at now."""

from dataclasses import dataclass, field
from datetime import timedelta

from gateway.app.supervise import Alarm
from gateway.domain.ids import ChargerId, PartnerId


@dataclass(frozen=True, slots=True)
class Wake:
    """Missing a bell only delays: every loop also looks by itself from time to time."""

    delivery_alarm: Alarm = field(default_factory=Alarm)
    closing_alarm: Alarm = field(default_factory=Alarm)
    tokens_alarm: Alarm = field(default_factory=Alarm)
    with_tokens: set[PartnerId] = field(default_factory=set)
    commands_alarm: Alarm = field(default_factory=Alarm)
    limits_alarm: Alarm = field(default_factory=Alarm)
    limited: set[ChargerId] = field(default_factory=set)

    def deliveries(self) -> None:
        """Something is owed."""
        self.delivery_alarm.ring()

    def deliveries_in(self, delay: timedelta) -> None:
        """Something will be due then. Until then nobody is woken: this is said with every meter value."""
        self.delivery_alarm.ring_in(delay.total_seconds())

    def tokens(self, partner_id: PartnerId) -> None:
        """A partner brought tokens."""
        self.with_tokens.add(partner_id)
        self.tokens_alarm.ring()

    def commands(self) -> None:
        """A partner's command has to be run, or undone."""
        self.commands_alarm.ring()

    def limits(self, charger_id: ChargerId) -> None:
        """A charger was told other limits, by whomever; it is asked what it follows now."""
        self.limited.add(charger_id)
        self.limits_alarm.ring()

    def closing(self) -> None:
        """A session ended."""
        self.closing_alarm.ring()
