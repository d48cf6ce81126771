# SPDX-License-Identifier: MIT
"""The client of an agent: puts files and runs programs at the other end of a stream."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

from .protocol import (
    Decoder,
    Frame,
    Kind,
    Output,
    ProtocolError,
    Run,
    Status,
    encode,
    put_frames,
    read_hello,
    read_status,
    run_frame,
)

_ANSWER_DEADLINE_S = 30.0  # for what takes no time; and more than a program's own deadline, for its end
_PING_EVERY_S = 20.0  # while a program runs; an agent that has not answered until the next is hung
_ENDING_S = 1.0
_NOISE_LIMIT = 1 << 16  # what may come before the first frame


class AgentLostError(Exception):
    """Nothing can be run at the other end of the stream any more; the message says what was found."""


class RefusedError(Exception):
    """The agent could not do what it was asked for; the message is its own."""


@dataclass
class Ran:
    """What an agent told of one program."""

    outputs: dict[Output, bytearray] = field(default_factory=lambda: {output: bytearray() for output in Output})
    where: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    status: Status | None = None
    failures: list[str] = field(default_factory=list)
    is_over: bool = False


class Client:
    """Speaks with one agent over two descriptors, which it closes at the end.

    `alive` is asked while nothing comes: it returns what is wrong with the other end, or None.
    """

    def __init__(self, reading: int, writing: int, alive: Callable[[], str | None] = lambda: None) -> None:
        self._in, self._out, self._alive = reading, writing, alive
        for fd in (reading, writing):
            os.set_blocking(fd, False)
        self._decoder = Decoder()
        self._before = bytearray()  # what came before the agent did
        self._last_id = 0
        self._running: dict[int, Ran] = {}
        self._answers: dict[int, Frame] = {}
        self._lost: str | None = None
        self.hello: Mapping[str, str] = {}
        self.noise = b""

    @classmethod
    def of_pipes(cls, reading: IO[bytes], writing: IO[bytes], alive: Callable[[], str | None]) -> Client:
        """Take the ends of pipes over from the objects that hold them."""
        client = cls(os.dup(reading.fileno()), os.dup(writing.fileno()), alive)
        reading.close()
        writing.close()
        return client

    def greet(self, deadline_s: float) -> Mapping[str, str]:
        """Wait for the agent's hello and return what it says of itself; raise AgentLostError."""
        until = time.monotonic() + deadline_s
        self.noise += self._decoder.skip_to_frame(bytes(self._before))
        while not self._decoder.rest.startswith(b"PVFK"):
            self.noise += self._decoder.skip_to_frame(self._read(until, "no agent answers"))
            if len(self.noise) > _NOISE_LIMIT:
                raise self._lose(f"no agent answers, but much else: {self.noise[:200]!r}")
        self._take(b"")
        self._pump(until, lambda: bool(self.hello), "no agent answers")
        return self.hello

    def write(self, data: bytes) -> None:
        """Send what is for somebody else than an agent, who comes first: a shell that is to become one."""
        self._send(data, time.monotonic() + _ANSWER_DEADLINE_S)

    def read_line(self, start: bytes, deadline_s: float) -> str:
        """Return the rest of the first line that starts so; whatever comes before it is passed over."""
        until = time.monotonic() + deadline_s
        while True:
            at = self._before.find(start)
            end = self._before.find(b"\n", at)
            if at >= 0 and end >= 0:
                line = bytes(self._before[at + len(start) : end])
                del self._before[: end + 1]
                return line.decode("utf-8", "replace").strip()
            if len(self._before) > _NOISE_LIMIT:
                raise self._lose(f"no shell answers, but much else: {bytes(self._before[:200])!r}")
            self._before += self._read(until, "no shell answers")

    def find(self, executable: str) -> str | None:
        """Return the path of an executable on the agent's PATH, or None."""
        found = self._ask(Kind.FIND, executable.encode(errors="surrogateescape") + b"\0")
        return found.decode("utf-8", "surrogateescape") or None

    def ping(self) -> None:
        """Return when the agent has answered; raise AgentLostError."""
        self._ask(Kind.PING)

    def put(self, path: str, mode: int, data: bytes) -> None:
        """Make a file there, and the folders above it; raise RefusedError."""
        id = self._next_id()
        for frame in put_frames(id, path, mode, data):
            self._send(encode(frame), time.monotonic() + _ANSWER_DEADLINE_S)
        self._answer(id)

    def start(self, run: Run) -> int:
        """Start a program and return its number; `{folder}` in its words is the folder of its own that it runs in."""
        id = self._next_id()
        folder = f"{self.hello['folder']}/{id}"
        argv = [word.replace("{folder}", folder) for word in run.argv]
        env = {name: value.replace("{folder}", folder) for name, value in run.env.items()}
        frame = encode(run_frame(id, replace(run, argv=argv, env=env)))
        self._running[id] = Ran()
        self._send(frame, time.monotonic() + _ANSWER_DEADLINE_S)
        return id

    def wait(self, id: int, deadline_s: float) -> Ran:
        """Wait until all of a program is told and return it; raise AgentLostError when the deadline passes."""
        ran = self._running[id]
        until = time.monotonic() + deadline_s + _ANSWER_DEADLINE_S
        what = f"the agent says nothing of the end of a program that it had {deadline_s:g} s for"
        try:
            while not self._pump_for(_PING_EVERY_S, until, lambda: ran.is_over or bool(ran.failures), what):
                self.ping()
        finally:
            del self._running[id]
        return ran

    def run(self, run: Run) -> Ran:
        """Start a program and wait until all of it is told; raise AgentLostError or RefusedError."""
        ran = self.wait(self.start(run), run.deadline_s + run.grace_s)
        if ran.failures:
            raise RefusedError(ran.failures[0])
        return ran

    def poll(self, id: int) -> Ran | None:
        """Return what a program came to if all of it has been told, None if it runs; raise AgentLostError."""
        ran = self._running[id]
        poll = select.poll()
        poll.register(self._in, select.POLLIN)
        while not ran.is_over and not ran.failures and poll.poll(0):
            self._take(self._read_now())
        return ran if ran.is_over or ran.failures else None

    def cancel(self, id: int) -> None:
        """Have a program ended at once; wait() still tells of it."""
        self._send(encode(Frame(Kind.CANCEL, id)), time.monotonic() + _ANSWER_DEADLINE_S)

    @property
    def lost(self) -> str | None:
        """What became of the agent, None while it is there."""
        return self._lost

    def close(self) -> None:
        """Close the stream: the agent ends all that it runs."""
        if self._in < 0:
            return
        os.close(self._in)
        if self._out != self._in:
            os.close(self._out)
        self._in = self._out = -1
        self._lost = self._lost or "it was closed"

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _ask(self, kind: Kind, payload: bytes = b"") -> bytes:
        id = self._next_id()
        self._send(encode(Frame(kind, id, payload)), time.monotonic() + _ANSWER_DEADLINE_S)
        return self._answer(id)

    def _answer(self, id: int) -> bytes:
        self._pump(time.monotonic() + _ANSWER_DEADLINE_S, lambda: id in self._answers, "the agent does not answer")
        frame = self._answers.pop(id)
        if frame.kind == Kind.FAILED:
            raise RefusedError(frame.payload.decode("utf-8", "replace"))
        return frame.payload

    def _send(self, data: bytes, until: float) -> None:
        """Write all, and read meanwhile: the agent may be writing too, and then it does not read."""
        view = memoryview(data)
        while view:
            if self._lost:
                raise AgentLostError(self._lost)
            try:
                view = view[os.write(self._out, view) :]
                continue
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                    raise
                raise self._lose("the stream to the agent broke") from error
            poll = select.poll()
            poll.register(self._out, select.POLLOUT)
            if self._in != self._out:
                poll.register(self._in, select.POLLIN)
            if not self._wait(poll, until):
                raise self._lose("the agent does not read what it is sent")
            if self.hello:
                self._take(self._read_now())
            else:
                self._before += self._read_now()

    def _pump_for(self, seconds: float, until: float, is_done: Callable[[], bool], what: str) -> bool:
        """Take what comes for some seconds at most; say whether it is done."""
        pause = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() >= pause:
                return False
            self._take(self._read(until, what, pause))
        return True

    def _pump(self, until: float, is_done: Callable[[], bool], what: str) -> None:
        while not is_done():
            self._take(self._read(until, what))

    def _read(self, until: float, what: str, pause: float = float("inf")) -> bytes:
        """Return what comes; nothing at the pause, and an AgentLostError after `until`."""
        if self._lost:
            raise AgentLostError(self._lost)
        poll = select.poll()
        poll.register(self._in, select.POLLIN)
        if not self._wait(poll, min(until, pause)):
            if pause < until:
                return b""
            raise self._lose(what)
        return self._read_now()

    def _wait(self, poll: select.poll, until: float) -> bool:
        """Wait for the descriptors, and look every second whether there is still somebody at the other end."""
        while True:
            left = until - time.monotonic()
            if poll.poll(max(0.0, min(left, 1.0)) * 1000):
                return True
            wrong = self._alive()
            if wrong:
                raise self._lose(wrong)
            if left <= 0:
                return False

    def _read_now(self) -> bytes:
        try:
            data = os.read(self._in, 1 << 18)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno not in (errno.ECONNRESET, errno.EIO):
                raise
            data = b""
        if not data:
            raise self._lose(self._end())
        return data

    def _end(self) -> str:
        """Say why the stream has ended: whoever closes it by ending may not have ended to the last."""
        until = time.monotonic() + _ENDING_S
        while not (why := self._alive()) and time.monotonic() < until:
            time.sleep(0.01)  # of a loop with a deadline
        return why or "the stream from the agent ended"

    def _take(self, data: bytes) -> None:
        try:
            for frame in self._decoder.feed(data):
                self._dispatch(frame)
        except ProtocolError as error:
            raise self._lose(str(error)) from error

    def _dispatch(self, frame: Frame) -> None:
        ran = self._running.get(frame.id)
        if frame.kind == Kind.HELLO:
            self.hello = read_hello(frame.payload)
        elif frame.kind == Kind.FAILED and frame.id == 0:
            raise ProtocolError(f"the agent gave up: {frame.payload.decode('utf-8', 'replace')}")
        elif ran is None:
            if frame.kind in (Kind.OK, Kind.FAILED):
                self._answers[frame.id] = frame
        elif frame.kind == Kind.FAILED:
            ran.failures.append(frame.payload.decode("utf-8", "replace"))
        elif frame.kind == Kind.OUTPUT and frame.payload and frame.payload[0] in list(Output):
            ran.outputs[Output(frame.payload[0])] += frame.payload[1:]
        elif frame.kind == Kind.WHERE:
            ran.where.append(frame.payload.decode("utf-8", "replace"))
        elif frame.kind == Kind.LEFT:
            ran.left.append(frame.payload.decode("utf-8", "replace"))
        elif frame.kind == Kind.STATUS:
            ran.status = read_status(frame.payload)
        elif frame.kind == Kind.OVER:
            ran.is_over = True
        else:
            raise ProtocolError(f"a frame of kind {frame.kind}, which says nothing here")

    def _lose(self, why: str) -> AgentLostError:
        self._lost = self._lost or why
        return AgentLostError(self._lost)
