"""Looking after chargers: what they report of themselves that is no charging (B07 to B09, C25, C27, T7)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.app.abilities import learn
from gateway.app.care_ports import CertificateAuthority
from gateway.app.operations import Operations
from gateway.app.ports import Clock, Ids, Store, Tx
from gateway.domain.capabilities import with_said
from gateway.domain.care import ProgressReported
from gateway.domain.chargers import SetAside
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Operation, OperationKind
from gateway.domain.variables import CustomerTold, VariablesReported

log = logging.getLogger(__name__)

_ALARMS = frozenset(
    {
        "invalidcentralsystemcertificate",
        "invalidchargepointcertificate",
        "invalidfirmwaresignature",
        "invalidfirmwaresigningcertificate",
        "invalidmessages",
        "invalidtlsciphersuite",
        "invalidtlsversion",
        "firmwareupdated",
        "failedtoauthenticateatcentralsystem",
        "centralsystemfailedtoauthenticate",
        "settingsystemtime",
        "startupofthedevice",
        "resetorreboot",
        "securitylogwascleared",
        "reconfigurationofsecurityparameters",
        "memoryexhaustion",
        "tamperdetectionactivated",
        "attemptedreplayattacks",
    }
)
_MINOR = frozenset({"firmwareupdated", "settingsystemtime", "startupofthedevice", "resetorreboot"})


@dataclass(frozen=True, slots=True)
class Repaired:
    """How often a repair was needed on one connection, and what it was about last."""

    times: int
    example: str


class Caring:
    """The use cases of looking after chargers. All raise StoreUnavailable when nothing could be committed."""

    def __init__(
        self,
        store: Store,
        operations: Operations,
        authority: CertificateAuthority | None,
        clock: Clock,
        ids: Ids,
        *,
        configure: bool = True,
    ) -> None:
        self._store = store
        self._operations = operations
        self._authority = authority
        self._clock = clock
        self._ids = ids
        self._configure = configure

    def connected(self) -> None:
        """A charger is on the line: tasks go on."""
        self._operations.wake()

    async def make(self, charger_id: ChargerId) -> tuple[str, str, str]:
        """Vendor, model and firmware as a charger last said; empty before its first boot."""
        state = await self._store.read(lambda tx: tx.chargers.state(charger_id))
        return ("", "", "") if state is None else (state.vendor, state.model, state.firmware or "")

    async def booted(self, charger_id: ChargerId, *, device_model: bool = False) -> None:
        """At a charger's first boot have the recipe applied (C25) and its device model reported (D02).

        Likewise at its first boot with another firmware, which may have other settings, or lost them.
        """
        if not self._configure:
            return
        now = self._clock.now()
        recipe, report = Operation(OperationKind.RECIPE), Operation(OperationKind.REPORT)

        def work(tx: Tx) -> None:
            known = tx.chargers.get(charger_id) is not None
            waits = any(t.operation == recipe and t.step(charger_id) for t in tx.tasks.open())
            if known and not waits:
                self._operations.begin(tx, recipe, (charger_id,), now)
                if device_model:
                    self._operations.begin(tx, report, (charger_id,), now)

        state = await self._store.read(lambda tx: tx.chargers.state(charger_id))
        care = await self._store.read(lambda tx: tx.care.get(charger_id))
        if not care.configured_for(state.firmware if state else None):
            await self._store.write(work)
            self._operations.wake()
        if care.tariffs:
            # What it was told to show may be gone with its memory.
            await self._store.write(lambda tx: tx.care.save(replace(tx.care.get(charger_id), tariffs="")))
            self._operations.tariffs_changed()

    async def progressed(self, event: ProgressReported) -> None:
        """Keep how far a firmware update or an upload is (C27)."""

        def work(tx: Tx) -> None:
            tx.care.save(tx.care.get(event.charger_id).progressed(event.progress))
            self._operations.progressed(tx, event)

        await self._store.write(work)

    async def variables_reported(self, event: VariablesReported) -> None:
        """Keep a part of a charger's device model, and what it says the charger can do (D02, 4.J)."""
        now = self._clock.now()

        def work(tx: Tx) -> None:
            tx.variables.save(event.charger_id, event.variables)
            if event.features:
                state = tx.chargers.state(event.charger_id)
                learn(tx, event.charger_id, with_said(state.features if state else (), event.features), now)
            self._operations.reported(tx, event)

        await self._store.write(work)
        if event.last:
            self._operations.tariffs_changed()

    async def customer_told(self, event: CustomerTold) -> None:
        """Hand what a charger holds about a person to whoever asked for it (D22)."""
        await self._store.write(lambda tx: self._operations.customer_told(tx, event))

    async def repaired(self, charger_id: ChargerId, repairs: Mapping[str, Repaired]) -> None:
        """Count the repairs a connection needed, by Q-id."""
        now = self._clock.now()

        def work(tx: Tx) -> None:
            care = tx.care.get(charger_id)
            for quirk, it in repairs.items():
                care = care.repaired(quirk, it.times, now, it.example)
            tx.care.save(care)

        if repairs:
            await self._store.write(work)

    async def security_event(self, charger_id: ChargerId, kind: str, payload: str) -> None:
        """Keep a security event; one that is no routine is an alarm for a person (B08)."""
        now, word = self._clock.now(), kind.casefold()
        level = logging.INFO if word in _MINOR else logging.WARNING
        log.log(level, "security event of %s: %s", charger_id, kind, extra={"charger_id": charger_id})
        if word in _MINOR:
            return
        reason = "security event" if word in _ALARMS else "security event unknown to the specification"
        item = SetAside(self._ids.new(), charger_id, now, "SecurityEventNotification", reason, payload)
        await self._store.write(lambda tx: tx.set_aside.add(item))

    async def certificate_asked(
        self, charger_id: ChargerId, request: str, request_id: int | None = None
    ) -> bool:
        """Take a charger's request; its certificate follows as a task. False if none will (B07).

        A request that was turned down is kept for a person, with the reason.
        """
        try:
            await self._check(request, charger_id)
        except InvalidInput as error:
            log.warning("no certificate for %s: %s", charger_id, error)
            reason = f"no certificate: {error}"
            item = SetAside(
                self._ids.new(), charger_id, self._clock.now(), "SignCertificate", reason, request
            )
            await self._store.write(lambda tx: tx.set_aside.add(item))
            return False
        operation = Operation(OperationKind.CERTIFICATE, value=request, request_id=request_id)
        now = self._clock.now()
        await self._store.write(lambda tx: self._operations.begin(tx, operation, (charger_id,), now))
        self._operations.wake()
        return True

    async def _check(self, request: str, charger_id: ChargerId) -> None:
        """Raises InvalidInput for a request that will not be signed."""
        if self._authority is None:
            raise InvalidInput("nobody signs certificates here")
        await self._authority.check(request, charger_id)
