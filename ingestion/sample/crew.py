"""Who works on the blocks: this process, or several that each keep every so-manieth block from month to month.

What comes out is the same: a block's work depends on nothing but what it is told in the conversation.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
import traceback
from collections import defaultdict, deque
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


_Heard = tuple[int, Said] | _Failed | None
"""A block and what it said; a fault; or that nothing more comes."""


_BEGUN = 2
"""Blocks that a process has at work: while one waits for its answer, the next is begun. More would only cost memory."""


def _serve(wire: Connection, run: Run, first: int, step: int) -> None:
    """Every `step`-th block from the `first` on, month by month. Both ways, what is said names its block."""
    blocks = cut(run.households, places(run.county_code), run.surrounding)[first::step]
    talks = {block.position: work(run, block) for block in blocks}
    try:
        with steady_memory():
            for period in run.periods:
                _serve_month(wire, talks, is_last=period == run.periods[-1])
    except EOFError:  # whoever asked is gone
        return
    except Exception as fault:  # noqa: BLE001 - told to the process that asked, which raises it
        wire.send(_Failed(fault, traceback.format_exc()))


def _serve_month(wire: Connection, talks: dict[int, Generator[Said, Answer, None]], *, is_last: bool) -> None:
    """All blocks of the process, in order; answers go before the beginning of further blocks."""
    to_begin = deque(talks)
    waiting: set[int] = set()
    while to_begin or waiting:
        if waiting and (wire.poll() or not to_begin or len(waiting) == _BEGUN):
            position, answer = wire.recv()
            said = talks[position].send(answer)
        else:
            position = to_begin.popleft()
            said = next(talks[position])
        waiting.add(position)
        if isinstance(said, Written):
            waiting.remove(position)
            if is_last:  # the block's people are no longer needed
                talks.pop(position).close()
        wire.send((position, said))


class Several:
    """Every process keeps the same blocks over all months. Its words are read as they come, so that it can go on."""

    def __init__(self, run: Run, processes: int) -> None:
        self.ahead = processes * _BEGUN
        context = multiprocessing.get_context("spawn")  # a fork would copy threads and locks of this process
        self._wires: list[Connection] = []
        self._heard: list[queue.Queue[_Heard]] = []
        self._early: dict[int, deque[Said]] = defaultdict(deque)
        """By block: what it said before it was asked."""
        self._workers = []
        for number in range(processes):
            mine, theirs = context.Pipe()
            worker = context.Process(target=_serve, args=(theirs, run, number, processes), daemon=True)
            worker.start()
            theirs.close()
            heard: queue.Queue[_Heard] = queue.Queue()
            threading.Thread(target=_listen, args=(mine, heard), daemon=True).start()
            self._wires.append(mine)
            self._heard.append(heard)
            self._workers.append(worker)

    def hear(self, block: Block) -> Said:
        early = self._early[block.position]
        while not early:
            position, said = self._next(block)
            self._early[position].append(said)
        return early.popleft()

    def _next(self, block: Block) -> tuple[int, Said]:
        """What the block's process says next, of whichever of its blocks."""
        number = block.position % len(self._wires)
        heard = self._heard[number].get()
        if isinstance(heard, _Failed):
            heard.fault.add_note(f"while block [{block.position}] was waited for:\n{heard.trace}")
            raise heard.fault
        if heard is None:
            self._workers[number].join(_PATIENCE)
            code = self._workers[number].exitcode
            raise RuntimeError(f"process of block [{block.position}] ended early with code [{code}]; out of memory?")
        return heard

    def tell(self, block: Block, answer: Answer) -> None:
        self._wires[block.position % len(self._wires)].send((block.position, answer))

    def close(self) -> None:
        for wire in self._wires:
            wire.close()
        for worker in self._workers:
            worker.terminate()
            worker.join(_PATIENCE)


def _listen(wire: Connection, heard: queue.Queue[_Heard]) -> None:
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
