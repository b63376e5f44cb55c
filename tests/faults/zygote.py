"""Starts `gateway serve` quickly, again and again: imports once, forks for each start.

Reads a JSON object per line (`argv`, `env`, `cwd`, `log`), answers `started PID`, and tells `ended PID CODE`
when one ends (a negative code is a signal). Every child is a process of its own, with nothing shared.
"""

import json
import os
import select
import signal
import sys


def _child(order: dict) -> None:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(order["cwd"])
    for name in [n for n in os.environ if n.startswith("GATEWAY_")]:
        del os.environ[name]
    os.environ.update(order["env"])
    sys.argv = ["gateway", *order["argv"]]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    from gateway.cli import main

    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        print(f"ended {pid} {os.waitstatus_to_exitcode(status)}", flush=True)


def main() -> None:
    import gateway.bootstrap
    import gateway.cli.serving  # noqa: F401

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    print("ready", flush=True)
    buffered = b""
    while True:
        ready, _, _ = select.select([0, reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _reap()
        if 0 not in ready:
            continue
        more = os.read(0, 1 << 16)
        if not more:
            return
        *lines, buffered = (buffered + more).split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                _child(json.loads(line))
            print(f"started {pid}", flush=True)


if __name__ == "__main__":
    main()
