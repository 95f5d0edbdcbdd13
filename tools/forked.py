"""Work in a process forked from one that has heavy packages in memory: importing them takes longer than most work."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from onnxprune.words import cause

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Seconds of processor and of wall time, and bytes of memory (0: as much as there is).

    Whatever takes longer hangs. Processor time is what counts: a busy machine is no reason to give up.
    """

    cpu: int = 300
    wall: float = 1800.0
    memory: int = 0


class Died(Exception):
    """What was done in another process came to nothing, for the reason that is its text."""


def in_fork(preload: str, limits: Limits, work: Callable[..., T], *arguments: object) -> T:
    """The result of `work(*arguments)`, all of which can be pickled. Raises Died where it raises, hangs or crashes.

    `preload` is the module that is imported once, before the first fork; all calls of a process must name the same.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([preload])
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(send, limits, work, arguments))
    process.start()
    send.close()
    try:
        if not receive.poll(limits.wall):
            raise Died(f"takes more than {limits.wall:g} seconds")
        done, found = receive.recv()
    except EOFError:
        process.join()
        raise Died(f"the process ended with status {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if not done:
        raise Died(found)
    result: T = found
    return result


def _child(send: Connection[Any, Any], limits: Limits, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu))
    if limits.memory:
        resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    try:
        found = work(*arguments)
    except Exception as error:  # other people's code raises anything
        send.send((False, cause(error)))
    else:
        send.send((True, found))
