"""What each operation does at one charger. Spec: C21, C23, C25 to C27; locations are never opened (T19)."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.app import charger_keys, installed, local_lists, recipe, station_tariffs
from gateway.app.asking import Ask
from gateway.app.care_ports import CertificateAuthority
from gateway.app.ports import Clock, Secrets, Store, Tx
from gateway.domain.commands import (
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    Command,
    CommandAnswer,
    GetConfiguration,
    Outcome,
    Reset,
    Trigger,
    UnlockConnector,
)
from gateway.domain.device_commands import CustomerInformation, ReportVariables
from gateway.domain.errors import ChargerRefused, InvalidInput
from gateway.domain.ids import ChargerId, ConnectorNumber
from gateway.domain.network_profiles import SetNetworkProfile, check_network_profile
from gateway.domain.station_commands import (
    CertificateSigned,
    ChangeKey,
    GetDiagnostics,
    GetLog,
    InstallCertificate,
    LogKind,
    UpdateFirmware,
)
from gateway.domain.tasks import Operation, OperationKind, StepState, Task

_SETTING_BYTES = "devicedatactrlr/bytespermessage[setvariables]"
_FINE = frozenset({Outcome.ACCEPTED, Outcome.SCHEDULED, Outcome.REBOOT_REQUIRED})
LONGEST_DETAIL = 4000
_NOT_THERE = frozenset({"NotImplemented", "NotSupported"})


@dataclass(frozen=True, slots=True)
class Result:
    """How a step went."""

    state: StepState
    detail: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What a step works with. `ask` is bound to the charger and its deadline; `hosts` are our own."""

    charger_id: ChargerId
    ask: Ask
    store: Store
    clock: Clock
    request_id: int
    secrets: Secrets
    hosts: frozenset[str]
    authority: CertificateAuthority | None


Performer = Callable[[Bench, Operation], Awaitable[Result]]


def request_id_of(task: Task, charger_id: ChargerId) -> int:
    """The number of a task at a charger, by which its progress is known: the same after a restart."""
    digest = hashlib.sha256(f"{task.id}/{charger_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


async def perform(bench: Bench, operation: Operation) -> Result:
    """Do an operation at a charger. Raises the errors of `Chargers.ask` and StoreUnavailable."""
    performer = _PERFORMERS.get(operation.kind)
    if performer is not None:
        return await performer(bench, operation)
    return _told(await bench.ask(_command(operation)))


def _command(operation: Operation) -> Command:
    """The one command that is the whole operation."""
    plug = None if operation.number is None else ConnectorNumber(operation.number)
    match operation.kind:
        case OperationKind.RESET:
            return Reset(operation.hard)
        case OperationKind.UNLOCK:
            if plug is None:
                raise InvalidInput("say which plug", field="number")
            return UnlockConnector(plug)
        case OperationKind.AVAILABILITY:
            return ChangeAvailability(operation.operative, plug)
        case OperationKind.TRIGGER:
            return Trigger(operation.message, plug)
        case _:
            return ClearCache()


def _words(answer: CommandAnswer) -> str:
    return answer.detail or answer.outcome


async def _read_configuration(bench: Bench, operation: Operation) -> Result:
    answer = await bench.ask(GetConfiguration((operation.key,) if operation.key else ()))
    pairs = (f"{k.key}={'' if k.value is None else k.value}" for k in answer.configuration)
    unknown = tuple(f"{key}: unknown" for key in answer.unknown_keys)
    return Result(StepState.DONE, "\n".join((*pairs, *unknown))[:LONGEST_DETAIL])


async def _change_configuration(bench: Bench, operation: Operation) -> Result:
    most_bytes = await bench.store.read(lambda tx: _most_bytes(tx, bench.charger_id))
    return _told(await bench.ask(ChangeConfiguration(operation.key, operation.value, most_bytes)))


def _most_bytes(tx: Tx, charger_id: ChargerId) -> int | None:
    """The longest request to change settings, as the device model says (D03)."""
    said = (v.value or "" for v in tx.variables.of(charger_id) if v.path.casefold() == _SETTING_BYTES)
    return next((int(value) for value in said if value.isdecimal() and int(value)), None)


async def _recipe(bench: Bench, operation: Operation) -> Result:
    del operation
    done = await recipe.apply(bench.ask)
    now = bench.clock.now()
    await bench.store.write(lambda tx: recipe.note(tx, bench.charger_id, now, done.features))
    return Result(StepState.DONE, done.sentence())


async def _local_list(bench: Bench, operation: Operation) -> Result:
    del operation
    written = await local_lists.synchronise(bench.store, bench.charger_id, bench.ask)
    return Result(StepState.FAILED if written.problem else StepState.DONE, written.problem or written.words)


async def _firmware(bench: Bench, operation: Operation) -> Result:
    command = UpdateFirmware(
        bench.request_id,
        operation.location,
        operation.retrieve_at or bench.clock.now(),
        signing_certificate=operation.signing_certificate,
        signature=operation.signature,
    )
    return _begun(await bench.ask(command))


async def _log(bench: Bench, operation: Operation) -> Result:
    """Ask for a log; chargers without the security extension know only diagnostics (C27)."""
    kind = LogKind.SECURITY if operation.security_log else LogKind.DIAGNOSTICS
    try:
        answer = await bench.ask(GetLog(bench.request_id, operation.location, kind))
    except ChargerRefused as refusal:
        if refusal.code not in _NOT_THERE or operation.security_log:
            raise
        answer = CommandAnswer(Outcome.NOT_SUPPORTED)
    if answer.outcome is Outcome.NOT_SUPPORTED and not operation.security_log:
        answer = await bench.ask(GetDiagnostics(operation.location))
        if answer.outcome is Outcome.ACCEPTED and answer.file_name is None:
            return Result(StepState.DONE, "the charger has nothing to upload")
    return _begun(answer)


async def _report(bench: Bench, operation: Operation) -> Result:
    """Ask for the device model; the charger sends it in parts (D02)."""
    del operation
    return _begun(await bench.ask(ReportVariables(bench.request_id)))


async def _tariffs(bench: Bench, operation: Operation) -> Result:
    """Have each EVSE show its tariff (E04)."""
    del operation
    told = await station_tariffs.tell(bench.store, bench.clock, bench.charger_id, bench.ask)
    return Result(StepState.FAILED if told.problem else StepState.DONE, told.problem or told.words)


async def _customer_information(bench: Bench, operation: Operation) -> Result:
    """Ask what is kept about the holder of a card; it comes in parts, also before it is cleared (D22)."""
    command = CustomerInformation(bench.request_id, operation.card, report=True, clear=operation.clear)
    return _begun(await bench.ask(command))


async def _certificate(bench: Bench, operation: Operation) -> Result:
    """Have a charger's request signed and hand the certificate over, or ask it to ask for one (B07)."""
    if not operation.value:
        return _told(await bench.ask(Trigger("SignChargePointCertificate")))
    if bench.authority is None:
        return Result(StepState.FAILED, "nobody signs certificates here: set GATEWAY_CHARGER_CA_FILE")
    now = bench.clock.now()
    signed = await bench.authority.sign(operation.value, bench.charger_id, now)
    answer = await bench.ask(CertificateSigned(signed.chain, operation.request_id))
    if answer.outcome in _FINE:
        await bench.store.write(lambda tx: _note_certificate(tx, bench.charger_id, signed.ends_at))
    return _told(answer)


async def _install_certificate(bench: Bench, operation: Operation) -> Result:
    if operation.use is None:
        raise InvalidInput("say what the certificate is for", field="use")
    return _told(await bench.ask(InstallCertificate(operation.use, operation.pem)))


async def _installed_certificates(bench: Bench, operation: Operation) -> Result:
    found = await installed.certificates(bench.ask, operation.use)
    return Result(StepState.DONE, installed.sentence(found)[:LONGEST_DETAIL])


async def _delete_certificate(bench: Bench, operation: Operation) -> Result:
    """The charger names its certificates by hashes of its own choice, people by their serial number."""
    found = await installed.certificates(bench.ask, operation.use)
    return _told(await bench.ask(installed.named(found, operation.serial_number)))


def _note_certificate(tx: Tx, charger_id: ChargerId, ends_at: datetime) -> None:
    tx.care.save(replace(tx.care.get(charger_id), certificate_ends_at=ends_at))


async def _renew_key(bench: Bench, operation: Operation) -> Result:
    del operation
    return await _with_key(bench, ChangeKey)


async def _with_key(bench: Bench, carrying: Callable[[str], Command]) -> Result:
    renewed = await charger_keys.renew(bench.store, bench.secrets, bench.charger_id, bench.ask, carrying)
    return Result(StepState.FAILED if renewed.problem else StepState.DONE, renewed.problem or renewed.words)


async def _network_profile(bench: Bench, operation: Operation) -> Result:
    """Nothing is sent that would lock the charger out, or send it to others (D03, B09, T7)."""
    profile = operation.network_profile
    if profile is None:
        raise InvalidInput("say what to keep", field="network_profile")
    held_to = await bench.store.read(lambda tx: _held_to(tx, bench.charger_id))
    check_network_profile(profile, held_to, bench.hosts)
    if profile.new_key:
        return await _with_key(bench, lambda key: SetNetworkProfile(profile, bench.charger_id, key))
    return _told(await bench.ask(SetNetworkProfile(profile)))


def _held_to(tx: Tx, charger_id: ChargerId) -> int:
    charger = tx.chargers.get(charger_id)
    return tx.care.get(charger_id).held_to(charger.security_profile if charger else None)


def _told(answer: CommandAnswer) -> Result:
    return Result(StepState.DONE if answer.outcome in _FINE else StepState.FAILED, _words(answer))


def _begun(answer: CommandAnswer) -> Result:
    """The charger works on it and will report; or it does not want to."""
    if answer.outcome not in _FINE:
        return Result(StepState.FAILED, _words(answer))
    if answer.nothing_follows:
        return Result(StepState.DONE, _words(answer))
    return Result(StepState.UNDER_WAY, answer.file_name or _words(answer))


_PERFORMERS: dict[OperationKind, Performer] = {
    OperationKind.READ_CONFIGURATION: _read_configuration,
    OperationKind.CHANGE_CONFIGURATION: _change_configuration,
    OperationKind.RECIPE: _recipe,
    OperationKind.LOCAL_LIST: _local_list,
    OperationKind.FIRMWARE: _firmware,
    OperationKind.LOG: _log,
    OperationKind.CERTIFICATE: _certificate,
    OperationKind.INSTALL_CERTIFICATE: _install_certificate,
    OperationKind.DELETE_CERTIFICATE: _delete_certificate,
    OperationKind.INSTALLED_CERTIFICATES: _installed_certificates,
    OperationKind.RENEW_KEY: _renew_key,
    OperationKind.NETWORK_PROFILE: _network_profile,
    OperationKind.REPORT: _report,
    OperationKind.TARIFFS: _tariffs,
    OperationKind.CUSTOMER_INFORMATION: _customer_information,
}
