"""Who works on the blocks: this process, or several that each keep every so-manieth block from month to month.

What comes out is the same: a block's work depends on nothing but what it is told in the conversation.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

from ingestion.sample.block_work import Answer, Run, Said, Written, steady_memory, work
from ingestion.sample.blocks import Block, cut
from ingestion.sample.places import places

_PATIENCE = 30
"""Seconds that a process may take to end once there is nothing left to do."""


class Crew(Protocol):
    """Talks with blocks. Blocks take turns in the order of the county; `ahead` of them may be at work at once."""

    ahead: int

    def hear(self, block: Block) -> Said:
        """The next thing that the block has to say."""
        ...

    def tell(self, block: Block, answer: Answer) -> None:
        """Answer it."""
        ...

    def close(self) -> None:
        """Nothing more is wanted."""
        ...


class Alone:
    """All blocks in this process."""

    def __init__(self, run: Run) -> None:
        self.ahead = 1
        self._run = run
        self._talks: dict[int, Generator[Said, Answer, None]] = {}
        self._answers: dict[int, Answer] = {}
        self._left: dict[int, int] = {}

    def hear(self, block: Block) -> Said:
        at = block.position
        if at not in self._talks:
            self._talks[at], self._left[at] = work(self._run, block), len(self._run.periods)
        talk = self._talks[at]
        with steady_memory():
            said = talk.send(self._answers.pop(at)) if at in self._answers else next(talk)
        if isinstance(said, Written):
            self._left[at] -= 1
            if not self._left[at]:  # the block's people are no longer needed
                self._talks.pop(at).close()
        return said

    def tell(self, block: Block, answer: Answer) -> None:
        self._answers[block.position] = answer

    def close(self) -> None:
        for talk in self._talks.values():
            talk.close()


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a process says before it ends early."""

    fault: Exception
    trace: str


def _serve(wire: Connection, run: Run, first: int, step: int) -> None:
    """Every `step`-th block from the `first` on, month by month."""
    blocks = cut(run.households, places(run.county_code), run.surrounding)[first::step]
    talks = {block.position: work(run, block) for block in blocks}
    try:
        with steady_memory():
            for period in run.periods:
                for position in list(talks):
                    talk = talks[position]
                    said = next(talk)
                    while not isinstance(said, Written):
                        wire.send(said)
                        said = talk.send(wire.recv())
                    wire.send(said)
                    if period == run.periods[-1]:
                        talks.pop(position).close()
    except EOFError:  # whoever asked is gone
        return
    except Exception as fault:  # noqa: BLE001 - told to the process that asked, which raises it
        wire.send(_Failed(fault, traceback.format_exc()))


class Several:
    """Every process keeps the same blocks over all months. Its words are read as they come, so that it can go on."""

    def __init__(self, run: Run, processes: int) -> None:
        self.ahead = processes
        context = multiprocessing.get_context("spawn")  # a fork would copy threads and locks of this process
        self._wires: list[Connection] = []
        self._heard: list[queue.Queue[Said | _Failed | None]] = []
        self._workers = []
        for number in range(processes):
            mine, theirs = context.Pipe()
            worker = context.Process(target=_serve, args=(theirs, run, number, processes), daemon=True)
            worker.start()
            theirs.close()
            heard: queue.Queue[Said | _Failed | None] = queue.Queue()
            threading.Thread(target=_listen, args=(mine, heard), daemon=True).start()
            self._wires.append(mine)
            self._heard.append(heard)
            self._workers.append(worker)

    def hear(self, block: Block) -> Said:
        number = block.position % self.ahead
        said = self._heard[number].get()
        if isinstance(said, _Failed):
            said.fault.add_note(f"in block [{block.position}]:\n{said.trace}")
            raise said.fault
        if said is None:
            self._workers[number].join(_PATIENCE)
            code = self._workers[number].exitcode
            raise RuntimeError(f"process of block [{block.position}] ended early with code [{code}]; out of memory?")
        return said

    def tell(self, block: Block, answer: Answer) -> None:
        self._wires[block.position % self.ahead].send(answer)

    def close(self) -> None:
        for wire in self._wires:
            wire.close()
        for worker in self._workers:
            worker.terminate()
            worker.join(_PATIENCE)


def _listen(wire: Connection, heard: queue.Queue[Said | _Failed | None]) -> None:
    try:
        while True:
            heard.put(wire.recv())
    except (EOFError, OSError):
        heard.put(None)


def crew(run: Run, blocks: int, processes: int) -> Crew:
    """As many processes as are wanted and have something to do. Raises ValueError for none."""
    if processes < 1:
        raise ValueError(f"[{processes}] processes: ask for at least one")
    wanted = min(processes, blocks)
    return Several(run, wanted) if wanted > 1 else Alone(run)
