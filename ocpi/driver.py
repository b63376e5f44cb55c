"""Runs a flow: sends what it asks for, gives it what came back."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TypeVar

from ocpi.flows import Ask, Items
from ocpi.replies import Reply

R = TypeVar("R")

Send = Callable[[Ask], Awaitable[Reply]]


async def run(flow: Generator[Ask, Reply, R], send: Send) -> R:
    """Run a dialogue to its end; its errors are raised here."""
    try:
        ask = next(flow)
        while True:
            ask = flow.send(await send(ask))
    except StopIteration as end:
        result: R = end.value
        return result


async def stream(flow: Generator[Ask | Items, Reply | None, None], send: Send) -> AsyncGenerator[Items, None]:
    """Run a list flow, handing its items out as they come."""
    reply: Reply | None = None
    try:
        while True:
            step = flow.send(reply)
            if isinstance(step, Items):
                reply = None
                yield step
            else:
                reply = await send(step)
    except StopIteration:
        return
    finally:
        flow.close()
