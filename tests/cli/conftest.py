"""The command line against a real gateway on a real socket, with a real database."""

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway, running_gateway
from gateway.cli import main
from gateway.config import load_settings
from tests.network.material import dumped, good


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str, stdin: str = "") -> Said:
    """Run a command in this process, as the console script does."""
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, ["gateway", *arguments]
    reading, sys.stdin = sys.stdin, io.StringIO(stdin)
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv, sys.stdin = argv, reading
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


class Shell:
    """A terminal in the gateway's working directory."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self.gateway = gateway
        self.directory = directory

    async def __call__(self, *arguments: str, stdin: str = "") -> Said:
        return await asyncio.to_thread(run, *arguments, stdin=stdin)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings of the outside."""
    for name in os.environ:
        if name.startswith("GATEWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.json").write_text(dumped(good()), encoding="utf-8")
    return tmp_path


@pytest.fixture
async def shell(directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    async with running_gateway(load_settings(port=0)) as gateway:
        monkeypatch.setenv("GATEWAY_URL", gateway.url)
        yield Shell(gateway, directory)
