"""F25: running out of file descriptors is told, once, and so is the end of it."""

import resource
from pathlib import Path

import pytest

from gateway.descriptors import DescriptorWatch


def test_f25_a_process_that_runs_out_of_descriptors_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (100, 100))
    watch = DescriptorWatch(tmp_path)
    for name in range(95):
        (tmp_path / str(name)).touch()
    watch.look()
    watch.look()
    for name in range(10):
        (tmp_path / str(name)).unlink()
    watch.look()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "95 of 100 file descriptors are open: nobody new gets in; raise the limit",
        "there are file descriptors again: 85 of 100 are open",
    ]
