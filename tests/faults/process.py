"""The real gateway as a process: started, killed, told to stop, asked over its operator API."""

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import aiohttp

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "fault-tests-admin-token"
KEY = "fault-tests-secret-key-0123456789abcdef"


class Launcher:
    """Forks gateways from one process that has imported everything."""

    def __init__(self) -> None:
        self._zygote = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        self._started: queue.Queue[int] = queue.Queue()
        self._ended: dict[int, int] = {}
        self._news = threading.Condition()
        self._turn = threading.Lock()
        assert self._zygote.stdout is not None
        assert self._zygote.stdout.readline() == "ready\n"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            what, *numbers = line.split()
            with self._news:
                if what == "ended":
                    self._ended[int(numbers[0])] = int(numbers[1])
                else:
                    self._started.put(int(numbers[0]))
                self._news.notify_all()

    def start(self, argv: list[str], env: dict[str, str], cwd: Path, log: Path) -> int:
        """Start one; returns its process id."""
        order = {"argv": argv, "env": env, "cwd": str(cwd), "log": str(log)}
        with self._turn:
            assert self._zygote.stdin is not None
            self._zygote.stdin.write(json.dumps(order) + "\n")
            self._zygote.stdin.flush()
            return self._started.get(timeout=20)

    def wait(self, pid: int, within: float) -> int | None:
        """The exit code, or None if it still runs."""
        until = time.monotonic() + within
        with self._news:
            while pid not in self._ended:
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)
            return self._ended[pid]

    def close(self) -> None:
        """End the zygote; its children were stopped by whoever started them."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._zygote.stdout.close()


class GatewayProcess:
    """One database in one directory, served by one process after another at the same port."""

    def __init__(self, launcher: Launcher, directory: Path, network: dict, **settings: str) -> None:
        self.directory = directory
        self.database = directory / "gateway.db"
        self.log = directory / "gateway.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid: int | None = None
        self.starts = 0
        self._launcher = launcher
        (directory / "network.json").write_text(json.dumps(network))
        self.env = {
            "GATEWAY_DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_ADMIN_TOKEN": TOKEN,
            "GATEWAY_SECRET_KEY": KEY,
            "GATEWAY_ALLOW_PRIVATE_PARTNERS": "1",
            "GATEWAY_CDR_GRACE_SECONDS": "0",
            "GATEWAY_SESSION_UPDATE_SECONDS": "1",
            "GATEWAY_DELIVERY_RETRY_SECONDS": "0.2",
            "GATEWAY_LOG_FORMAT": "json",
            **{f"GATEWAY_{name.upper()}": value for name, value in settings.items()},
        }

    @property
    def ocpp_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def keep_database_in(self, directory: Path) -> None:
        """Keep the database elsewhere from the next start on."""
        self.database = directory / "gateway.db"
        self.env["GATEWAY_DATABASE_URL"] = f"sqlite+aiosqlite:///{self.database}"

    def launch(self, *, crash_at: str = "") -> None:
        """Start without waiting."""
        env = {**self.env, **({"GATEWAY_CRASH_AT": crash_at} if crash_at else {})}
        self.starts += 1
        argv = ["serve", "--network", "network.json"]
        self.pid = self._launcher.start(argv, env, self.directory, self.log)

    async def start(self, *, crash_at: str = "", within: float = 20) -> float:
        """Start and wait until it is ready, or gone; returns after how many seconds."""
        began = time.monotonic()
        self.launch(crash_at=crash_at)
        while time.monotonic() - began < within:
            if await self.ready() or (crash_at and self.exit_code() is not None):
                return time.monotonic() - began
            assert crash_at or self.exit_code() is None, f"it ended:\n{self.log_tail()}"
            await asyncio.sleep(0.02)
        raise AssertionError(f"not ready within {within:g} s:\n{self.log_tail()}")

    async def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            return (await self.readyz())[0] == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def readyz(self) -> tuple[int, dict]:
        limit = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=limit) as http, http.get(f"{self.url}/readyz") as answer:
            return answer.status, await answer.json()

    async def ask(self, method: str, path: str, body: object = None) -> dict:
        """Call the operator API."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, f"{self.url}/api/v1{path}", json=body) as answer,
        ):
            said = await answer.json()
            assert answer.status < 300, (method, path, answer.status, said)
            return said

    async def metrics(self) -> dict[str, float]:
        """Samples without labels, and those with labels as `name{label="value"}`."""
        limit = aiohttp.ClientTimeout(total=20)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit) as http,
            http.get(f"{self.url}/metrics") as answer,
        ):
            lines = (await answer.text()).splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line, as a person uses it."""
        return subprocess.run(
            [sys.executable, "-c", "from gateway.cli import main; main()", *arguments],
            cwd=self.directory,
            env={**self.env, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def signal(self, number: int) -> None:
        assert self.pid is not None
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        if self.exit_code() is None:
            self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self, within: float = 20) -> int:
        """SIGTERM; returns the exit code."""
        if self.exit_code() is None:
            self.signal(signal.SIGTERM)
        return await self.ended(within)

    async def ended(self, within: float = 20) -> int:
        """Wait until it is gone; returns the exit code."""
        assert self.pid is not None
        code = await asyncio.to_thread(self._launcher.wait, self.pid, within)
        assert code is not None, f"still running after {within:g} s\n{self.log_tail()}"
        return code

    def exit_code(self) -> int | None:
        """None while it runs."""
        return 0 if self.pid is None else self._launcher.wait(self.pid, 0)

    def log_tail(self, characters: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def memory_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
