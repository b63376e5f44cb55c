"""What the demo remembers between runs, so that a second run finds its partner and repeats nothing."""

import json
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.domain.errors import InvalidInput
from gateway.sim.ocpi_wire import JsonObject, write_json

DEFAULT_DIRECTORY = Path(".demo")
_HOST = "127.0.0.1"


@dataclass(slots=True)
class DemoState:
    """Ports, the charger's password and the partner's memory; kept in `demo.json`, mode 0600."""

    directory: Path
    charger_password: str
    gateway_port: int
    partner_port: int
    partner: JsonObject | None = None
    register_wh: int = 1_000_000

    @property
    def database(self) -> Path:
        """The gateway's database."""
        return self.directory / "gateway.db"

    @property
    def log(self) -> Path:
        """Where the gateway's log goes."""
        return self.directory / "gateway.log"

    def save(self) -> None:
        """Write the file anew; a crash leaves the old one."""
        content: JsonObject = {
            "charger_password": self.charger_password,
            "gateway_port": self.gateway_port,
            "partner_port": self.partner_port,
            "partner": self.partner,
            "register_wh": self.register_wh,
        }
        draft = self.directory / "demo.json.new"
        draft.touch(mode=0o600)
        draft.write_bytes(write_json(content))
        draft.replace(_file(self.directory))


def load_state(directory: Path) -> DemoState:
    """The state of the last run in this directory, with ports that are free now; or a new one.

    Raises InvalidInput if the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        known: dict[str, Any] = json.loads(_file(directory).read_bytes()) if _file(directory).exists() else {}
        return DemoState(
            directory,
            known.get("charger_password") or secrets.token_hex(10),
            _free_port(known.get("gateway_port", 0)),
            _free_port(known.get("partner_port", 0)),
            known.get("partner"),
            known.get("register_wh", 1_000_000),
        )
    except (OSError, ValueError, AttributeError) as unusable:
        raise InvalidInput(f"{directory}: {unusable}; remove the directory to start afresh") from unusable


def _file(directory: Path) -> Path:
    return directory / "demo.json"


def _free_port(wanted: int) -> int:
    """The wanted port if it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")
