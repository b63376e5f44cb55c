"""Starts `gateway serve` in a world that can be changed while it runs: names, time, stalls, limits.

In the child, a directory named by FAULTS_WORLD holds `names.json` (a stub resolver: name to addresses; a name
that is missing is not found), `clock` (seconds by which the machine's time is wrong) and `next-version` (what
the next version will change in the schema); all may be absent.
SIGUSR1 blocks the event loop for two seconds.
"""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STALL_S = 2.0
NEXT_VERSION, NEXT_SCHEMA = "next-version", "9999"


class AlteredLauncher:
    """Does what `process.Launcher` does, in a world of its own."""

    def __init__(
        self, world: Path, *, open_files: int | None = None, address_space: int | None = None, **env: str
    ) -> None:
        self._world = world
        self._env = env
        self._limits = {resource.RLIMIT_NOFILE: open_files, resource.RLIMIT_AS: address_space}
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def names(self, **addresses: list[str]) -> None:
        """What the resolver knows from now on; an underscore in a name is a dot."""
        known = {name.replace("_", "."): found for name, found in addresses.items()}
        self._write("names.json", json.dumps(known))

    def clock(self, wrong_by: timedelta) -> None:
        """The machine's time jumps."""
        self._write("clock", str(wrong_by.total_seconds()))

    def next_version(self, after: str, *steps: str) -> None:
        """From now on the next version starts, whose schema comes after this one by these SQL statements."""
        place = self._world / NEXT_VERSION
        place.mkdir(exist_ok=True)
        body = "".join(f"    op.execute({step!r})\n" for step in steps)
        (place / "next.py").write_text(
            f"from alembic import op\n\nrevision = {NEXT_SCHEMA!r}\ndown_revision = {after!r}\n\n\n"
            f"def upgrade() -> None:\n{body}"
        )

    def this_version(self) -> None:
        """From now on this version starts again."""
        shutil.rmtree(self._world / NEXT_VERSION)

    def _write(self, name: str, text: str) -> None:
        part = self._world / f"{name}.part"
        part.write_text(text)
        part.replace(self._world / name)

    def start(self, argv: list[str], env: dict[str, str], cwd: Path, log: Path) -> int:
        """Start one; returns its process id."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        added = {"PYTHONPATH": str(ROOT), "FAULTS_WORLD": str(self._world), **self._env, **env}
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__)), *argv],
                cwd=cwd,
                env={**inherited, **added},
                stdout=out,
                stderr=out,
                preexec_fn=self._limit,  # noqa: PLW1509 - it only sets limits
            )
        self._running[process.pid] = process
        return process.pid

    def _limit(self) -> None:
        for what, most in self._limits.items():
            if most is not None:
                resource.setrlimit(what, (most, most))

    def wait(self, pid: int, within: float) -> int | None:
        """The exit code, or None if it still runs."""
        try:
            return self._running[pid].wait(within)
        except subprocess.TimeoutExpired:
            return None


def _stub_names(world: Path) -> None:
    import aiohttp

    async def resolve(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        del self, family
        await asyncio.sleep(0)
        known = json.loads((world / "names.json").read_text())
        if host not in known:
            raise OSError(socket.EAI_NONAME, f"{host} is not known")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in known[host]
        ]

    aiohttp.ThreadedResolver.resolve = resolve  # type: ignore[method-assign, assignment]


def _stub_clock(world: Path) -> None:
    from gateway.machine import SystemClock

    def now(self: SystemClock) -> datetime:
        del self
        file = world / "clock"
        wrong_by_s = float(file.read_text()) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=wrong_by_s)

    SystemClock.now = now  # type: ignore[method-assign]


def _stub_version(place: Path) -> None:
    from alembic.config import Config

    from gateway.store import migrate, migrations

    class NextVersion(Config):
        def set_main_option(self, name: str, value: str) -> None:
            super().set_main_option(name, value)
            known = Path(str(migrations.__file__)).parent / "versions"
            super().set_main_option("path_separator", "newline")
            super().set_main_option("version_locations", f"{known}\n{place}")

    migrate.Config = NextVersion  # type: ignore[misc]


def main() -> None:
    """Run the command line in the world named by FAULTS_WORLD."""
    world = Path(os.environ["FAULTS_WORLD"])
    sys.argv = ["gateway", *sys.argv[1:]]
    if (world / "names.json").exists():
        _stub_names(world)
    _stub_clock(world)
    if (world / NEXT_VERSION).exists():
        _stub_version(world / NEXT_VERSION)
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(STALL_S))
    from gateway.cli import main as run

    run()


if __name__ == "__main__":
    main()
