"""F25: using nearly all the memory there may be is told once, shuts the door, and so is the end of it."""

import os
import resource
from pathlib import Path

import pytest

from gateway.memory_limit import MemoryWatch, allowances

MIB = 2**20


def machine(root: Path, used_mib: int, **files: str) -> Path:
    """A /proc and /sys of a process that uses so much; dots in names of files are two underscores."""
    pages = used_mib * MIB // os.sysconf("SC_PAGE_SIZE")
    for name, text in {"proc/self/statm": f"{2 * pages} {pages} 1 1 0 1 0", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


V2 = {"proc/self/cgroup": "0::/app\n", "sys/fs/cgroup/app/memory.max": f"{100 * MIB}\n"}
V1 = {
    "proc/self/cgroup": "3:cpu:/x\n4:memory:/app\n0::/\n",
    "sys/fs/cgroup/memory/app/memory.limit_in_bytes": f"{100 * MIB}\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**63 - 1}\n",
}
CONTAINER = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{100 * MIB}\n"}
UNSEEN = {"proc/self/cgroup": "0::/out/of/sight\n", "sys/fs/cgroup/memory.max": f"{100 * MIB}\n"}


@pytest.mark.parametrize("files", [V2, V1, CONTAINER, UNSEEN], ids=["v2", "v1", "container", "unseen"])
def test_f25_memory_that_runs_out_is_told_once_and_shuts_the_door(
    tmp_path: Path, files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[bool] = []
    watch = MemoryWatch(told.append, machine(tmp_path, 50, **files))
    for used_mib in (50, 95, 96, 92, 80):
        machine(tmp_path, used_mib)
        watch.look()
    assert told == [False, True, True, True, False]
    assert [record.getMessage() for record in caplog.records] == [
        "95 of 100 MiB of memory are used: no new charger gets in; raise the limit",
        "there is memory again: 80 of 100 MiB are used",
    ]


def test_f25_the_address_space_counts_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (400 * MIB, 400 * MIB))
    shares = [one.share for one in allowances(machine(tmp_path, 50, **V2))]
    assert shares == [0.25, 0.5]


@pytest.mark.parametrize("files", [{}, {**V2, "sys/fs/cgroup/app/memory.max": "max\n"}], ids=["no", "max"])
def test_f25_without_a_limit_nobody_is_sent_away(tmp_path: Path, files: dict[str, str]) -> None:
    told: list[bool] = []
    MemoryWatch(told.append, machine(tmp_path, 10_000, **files)).look()
    assert True not in told
