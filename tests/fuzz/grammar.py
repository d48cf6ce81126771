# SPDX-License-Identifier: MIT
"""The small programs of programs.c: made from a seed, written as text, made smaller."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

VFORK, CLONE, CLONE_STACK, CLONE3, CLONE3_STACK, COPY, FORK, MEMORY = range(8)
# linux/sched.h; flags of 64 bits go with clone3 alone
FILES, FS, SIGHAND, PARENT_SETTID, CHILD_CLEARTID, CHILD_SETTID = 0x400, 0x200, 0x800, 0x100000, 0x200000, 0x1000000
CLEAR_SIGHAND = 0x100000000
HUP, QUIT, KILL, USR1, SEGV, USR2, TERM, CHLD, URG, RT = 1, 3, 9, 10, 11, 12, 15, 17, 23, 34
SYS = 31
# asm/signal.h
ONSTACK, RESTART, NODEFER, RESETHAND, SIGINFO, NOCLDWAIT = 0x08000000, 0x10000000, 0x40000000, 0x80000000, 4, 2
SIGNALS = (HUP, QUIT, USR1, USR2, TERM, RT)
DEEPEST = 4


@dataclass(frozen=True)
class Node:
    """One statement: `op words { block } ...`."""

    op: str
    words: tuple[int, ...] = ()
    blocks: tuple[Block, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.op, *map(str, self.words), *(f"{{ {text(block)} }}" for block in self.blocks)])


Block = tuple[Node, ...]


def text(block: Block) -> str:
    """Write a program as one line."""
    return " ".join(map(str, block))


def _bit(sig: int) -> int:
    return 1 << (sig - 1)


class Maker:
    """Makes one program."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def program(self) -> Block:
        """Begin with what a child inherits, more often than not."""
        return (*self.block(0, 2, 8), Node("show"))

    def block(self, depth: int, least: int, most: int) -> Block:
        count = self.random.randint(least, most)
        return tuple(node for _ in range(count) for node in self.nodes(depth))

    def nodes(self, depth: int) -> list[Node]:
        ways: list[tuple[int, Callable[[int], list[Node]]]] = [
            (26 if depth < DEEPEST else 0, self._spawn),
            (6 if depth < DEEPEST else 0, self._posix),
            (3 if depth == 0 else 0, self._threads),
            (9, self._mask),
            (10 if depth < DEEPEST else 2, self._action),
            (9, self._raise),
            (6 if depth else 0, self._send),
            (10 if depth else 1, self._exec),
            (6 if depth else 1, self._exit),
            (5, self._altstack),
            (8, self._descriptor),
            (8, self._wait),
            (5, lambda depth: [Node("show")]),
            (5, lambda depth: [Node("set", (self.random.randrange(2), self.random.randrange(1000)))]),
            (3, lambda depth: [Node("linger")]),
            (2 if depth else 0, lambda depth: [Node("drop", (self.random.randrange(2),))]),
            (3, lambda depth: [Node("suspend", (self._set(),))]),
            (3, lambda depth: [Node("sigwait", (self._set() | _bit(USR1),))]),
        ]
        weights = [weight for weight, _ in ways]
        return self.random.choices([make for _, make in ways], weights)[0](depth)

    def _set(self) -> int:
        pick = self.random.randrange(6)
        if pick == 0:
            return 0
        if pick == 1:
            return (1 << 64) - 1
        if pick == 2:
            return _bit(SYS)
        return sum({_bit(self.random.choice((*SIGNALS, CHLD))) for _ in range(self.random.randint(1, 3))})

    def _spawn(self, depth: int) -> list[Node]:
        way = self.random.choices(range(8), (6, 3, 4, 2, 4, 2, 2, 2))[0]
        flags = 0
        for flag in (FILES, FS, SIGHAND, PARENT_SETTID, CHILD_CLEARTID, CHILD_SETTID):
            flags |= flag if self.random.random() < 0.15 else 0
        if way in (CLONE3, CLONE3_STACK) and self.random.random() < 0.25:
            flags = flags & ~SIGHAND | CLEAR_SIGHAND
        exit_signal = self.random.choices((CHLD, 0, URG), (8, 1, 1))[0]
        child = Node("spawn", (way, flags, exit_signal), (self.block(depth + 1, 1, 5),))
        return [child, *(self._wait(depth) if self.random.random() < 0.7 else [])]

    def _posix(self, depth: int) -> list[Node]:
        path = self.random.choice((0, 1, 2, 3, 4, 4, 4))
        return [Node("posix", (self.random.randrange(16), path), (self.block(depth + 1, 1, 3),) if path == 4 else ())]

    def _threads(self, depth: int) -> list[Node]:
        return [Node("threads", (), tuple(self.block(depth + 1, 1, 4) for _ in range(self.random.randint(1, 3))))]

    def _mask(self, depth: int) -> list[Node]:
        return [Node("mask", (self.random.randrange(3), self._set()))]

    def _action(self, depth: int) -> list[Node]:
        sig = self.random.choice((*SIGNALS, CHLD))
        flags = 0
        for flag in (ONSTACK, ONSTACK, RESTART, NODEFER, RESETHAND, SIGINFO):
            flags |= flag if self.random.random() < 0.3 else 0
        if sig == CHLD and self.random.random() < 0.2:
            flags |= NOCLDWAIT
        op = self.random.choices(("handle", "ignore", "default"), (6, 2, 1))[0]
        if op != "handle":
            return [Node(op, (sig, flags & ~ONSTACK, self._set()))]
        return [Node(op, (sig, flags, self._set()), (self.block(depth + 2, 0, 3),))]

    def _raise(self, depth: int) -> list[Node]:
        return [Node("raise", (self.random.choice((*SIGNALS, USR1, USR2, SEGV, KILL if depth else USR1)),))]

    def _send(self, depth: int) -> list[Node]:
        return [Node("send", (self.random.choice((*SIGNALS, USR1, USR2, KILL)),))]

    def _exec(self, depth: int) -> list[Node]:
        path = self.random.choice((0, 1, 2, 3, 4, 4, 4))
        return [Node("exec", (path,), (self.block(depth + 1, 1, 4),) if path == 4 else ())]

    def _exit(self, depth: int) -> list[Node]:
        return [Node("exit", (self.random.choice((0, 1, 2, 127, 255)),))]

    def _altstack(self, depth: int) -> list[Node]:
        return [Node("altstack", (int(self.random.random() < 0.8),))]

    def _descriptor(self, depth: int) -> list[Node]:
        which = self.random.randrange(4)
        return [
            Node("close", (which,)) if self.random.random() < 0.4 else Node("dup", (which, self.random.randrange(2)))
        ]

    def _wait(self, depth: int) -> list[Node]:
        return [Node("wait", (self.random.choice((0, 1, 1, 2, 3, 4)),))]


def smaller(block: Block) -> Iterator[Block]:
    """Yield what is left of a program with less in it, the most at once first."""
    if len(block) > 2:
        half = len(block) // 2
        yield block[half:]
        yield block[:half]
    for at, node in enumerate(block):
        yield block[:at] + block[at + 1 :]
        for inner in node.blocks:
            yield block[:at] + inner + block[at + 1 :]
        for which, inner in enumerate(node.blocks):
            for less in smaller(inner):
                blocks = (*node.blocks[:which], less, *node.blocks[which + 1 :])
                yield (*block[:at], replace(node, blocks=blocks), *block[at + 1 :])
        if node.op == "spawn" and node.words[1]:
            for bit in range(33):
                if node.words[1] & 1 << bit:
                    words = (node.words[0], node.words[1] & ~(1 << bit), node.words[2])
                    yield (*block[:at], replace(node, words=words), *block[at + 1 :])


def read(line: str) -> Block:
    """Read a program that was written as one line."""
    words = iter(line.split())
    block, _ = _read(words)
    return block


def _read(words: Iterator[str]) -> tuple[Block, bool]:
    nodes: list[Node] = []
    for word in words:
        if word == "}":
            return tuple(nodes), True
        if word == "{":
            inner, _ = _read(words)
            nodes[-1] = replace(nodes[-1], blocks=(*nodes[-1].blocks, inner))
        elif word.isdigit():
            nodes[-1] = replace(nodes[-1], words=(*nodes[-1].words, int(word)))
        else:
            nodes.append(Node(word))
    return tuple(nodes), False


def known() -> list[Block]:
    """Return the programs that once differed, of which each is run each time."""
    lines = (Path(__file__).parent / "programs.txt").read_text("utf-8").splitlines()
    return [read(line) for line in lines if line and not line.startswith("#")]
