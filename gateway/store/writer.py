"""The one writer: many units of work in one commit (ADR 2).

Statements run on the event-loop thread and take microseconds. Waiting happens elsewhere: for another
process's lock and for the disk at COMMIT. While a commit is on its way, new works queue.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from gateway.app.crashpoints import crash_point
from gateway.app.ports import Tx
from gateway.domain.errors import StoreUnavailable

T = TypeVar("T")
TxT = TypeVar("TxT", bound=Tx)
Work = Callable[[TxT], Any]

QUEUE: Final = 20_000
"""Works that may wait; beyond that, callers are refused, and chargers send again later."""
BATCH: Final = 200
SLICE_S: Final = 0.005
"""How long one batch may occupy the event loop."""
LOCK_WAIT_MS: Final = 10_000
"""How long another process may hold the lock before callers are told."""

_log = logging.getLogger(__name__)


class Connection(Protocol):
    """What the writer needs of its connection."""

    changed: bool

    def begin(self, wait_ms: int) -> bool: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def begin_work(self) -> None: ...
    def touch(self) -> None: ...
    def keep_work(self) -> None: ...
    def undo_work(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class Statistics:
    """Works and commits so far; their ratio is the grouping."""

    works: int = 0
    commits: int = 0
    failures: int = 0
    failures_in_a_row: int = 0


@dataclass(slots=True)
class _Asked(Generic[TxT]):
    work: Work[TxT]
    reply: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        if self.reply.done():  # the caller went away; what it asked for is committed all the same
            return
        if self.error is None:
            self.reply.set_result(self.result)
        else:
            self.reply.set_exception(self.error)


class Writer(Generic[TxT]):
    """Runs units of work one after another, as many per commit as are waiting."""

    def __init__(
        self, connection: Connection, tx: TxT, *, lock_wait_ms: int = LOCK_WAIT_MS, batch: int = BATCH
    ) -> None:
        self._connection = connection
        self._tx = tx
        self._lock_wait_ms = lock_wait_ms
        self._batch = batch
        self._queue: asyncio.Queue[_Asked[TxT] | None] = asyncio.Queue(QUEUE)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="store-commit")
        self._closed = False
        self.problem: str | None = None
        self.statistics = Statistics()
        self._task = asyncio.get_running_loop().create_task(self._serve(), name="store writer")

    @property
    def queued(self) -> int:
        """Works that wait for the next batch."""
        return self._queue.qsize()

    async def write(self, work: Callable[[TxT], T]) -> T:
        """Run the work in the next commit; see `ports.Store.write`."""
        if self._closed:
            raise StoreUnavailable("The database is closed.")
        asked = _Asked(work, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(asked)
        except asyncio.QueueFull:
            raise StoreUnavailable("The database cannot keep up.") from None
        result: T = await asked.reply
        return result

    async def health(self) -> str | None:
        """None if writing works, else the problem. After a failure it tries a commit, so that it can end."""
        if self._task.done():
            return "The database is closed."
        if self.problem is not None:
            try:
                async with asyncio.timeout(1):
                    await self.write(lambda tx: self._connection.touch())
            except (StoreUnavailable, TimeoutError) as error:
                return self.problem or str(error)
        return None

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        if not self._closed:
            self._closed = True
            await self._queue.put(None)
        await self._task

    async def _serve(self) -> None:
        try:
            while (first := await self._queue.get()) is not None:
                await self._serve_batch(first)
        finally:
            self._closed = True
            self._fail(self._waiting(), StoreUnavailable("The database is closed."))
            await asyncio.get_running_loop().run_in_executor(self._disk, self._connection.close)
            self._disk.shutdown()

    async def _serve_batch(self, first: _Asked[TxT]) -> None:
        batch = [first]
        try:
            await self._begin()
            self._run(batch)
            crash_point("store", "worked")
            await self._commit()
            crash_point("store", "committed")
        except asyncio.CancelledError:
            self._fail(batch, StoreUnavailable("The database is closing."))
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a supervised loop: it must outlive any batch
            await self._recover(batch, error)
            return
        if self._connection.changed:
            self._note_that_it_works()
        self.statistics.commits += 1
        self.statistics.works += len(batch)
        for asked in batch:
            asked.settle()

    def _note_that_it_works(self) -> None:
        """A commit reached the disk; one that changed nothing proves nothing (F22)."""
        if self.statistics.failures_in_a_row:
            _log.warning("store: commits work again after %d failures", self.statistics.failures_in_a_row)
        self.problem = None
        self.statistics.failures_in_a_row = 0

    async def _begin(self) -> None:
        """Usually the lock is free and taking it is cheap; only waiting for it needs the other thread."""
        if self._connection.begin(0):
            return
        self.problem = "The database is locked by another process."
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._disk, self._connection.begin, self._lock_wait_ms):
            raise StoreUnavailable(self.problem)

    async def _commit(self) -> None:
        """Only changes need the disk; works that turned out to change nothing are not made to wait for it."""
        if self._connection.changed:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._connection.commit)
        else:
            self._connection.commit()

    def _run(self, batch: list[_Asked[TxT]]) -> None:
        """Run the first work and what else is waiting, as far as the slice allows; collects into `batch`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SLICE_S
        self._run_one(batch[0])
        while len(batch) < self._batch and loop.time() < until and not self._queue.empty():
            asked = self._queue.get_nowait()
            if asked is None:
                self._queue.put_nowait(None)
                return
            batch.append(asked)
            self._run_one(asked)

    def _run_one(self, asked: _Asked[TxT]) -> None:
        if asked.reply.cancelled():
            return
        self._connection.begin_work()
        try:
            asked.result = asked.work(self._tx)
        except Exception as error:
            asked.error = error
            if not self._connection.undo_work():
                raise StoreUnavailable(str(error)) from error
        else:
            self._connection.keep_work()

    async def _recover(self, batch: list[_Asked[TxT]], error: Exception) -> None:
        """Nobody in the batch got anything committed; the next batch starts afresh."""
        unavailable = error if isinstance(error, StoreUnavailable) else StoreUnavailable(f"{error}")
        news = self.statistics.failures_in_a_row == 0
        self.problem = str(unavailable)
        self.statistics.failures += 1
        self.statistics.failures_in_a_row += 1
        level = logging.ERROR if news else logging.DEBUG  # chargers try again and again; one line says it all
        _log.log(level, "store: a batch of %d was not committed: %s", len(batch), error, exc_info=error)
        await asyncio.get_running_loop().run_in_executor(self._disk, self._connection.rollback)
        self._fail([*batch, *self._waiting()], unavailable)

    def _waiting(self) -> list[_Asked[TxT]]:
        """Everything queued: it would only wait for the same failure."""
        waiting: list[_Asked[TxT]] = []
        while not self._queue.empty():
            asked = self._queue.get_nowait()
            if asked is None:
                self._queue.put_nowait(None)
                break
            waiting.append(asked)
        return waiting

    def _fail(self, asked: list[_Asked[TxT]], error: StoreUnavailable) -> None:
        for one in asked:
            one.error = StoreUnavailable(str(error))
            one.settle()
