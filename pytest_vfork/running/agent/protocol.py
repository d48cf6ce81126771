# SPDX-License-Identifier: MIT
"""The frames that a client and the agent (agent/agent.h) exchange: bytes in, frames out, no I/O."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

VERSION = 2
_MAGIC = 0x4B465650  # "PVFK"
_HEADER = struct.Struct("<IIII")  # magic, kind, id, length
_RUN = struct.Struct("<IIIIII")  # deadline_ms, grace_ms, argc, envc, output_limit, inherits
_STATUS = struct.Struct("<iiQQQ")  # has_ended, wait status, elapsed_us, cpu_us, runnable_us
LONGEST = 1 << 20
PIECE = 1 << 16


class ProtocolError(Exception):
    """What came over the stream is not what an agent says, or what shall go over it is too long for one."""


class Kind(IntEnum):
    """What a frame is about: the first six are asked for by a client, the others told by an agent."""

    PUT = 1
    RUN = 2
    CANCEL = 3
    PING = 4
    FIND = 5
    END = 6
    HELLO = 16
    OK = 17
    FAILED = 18
    OUTPUT = 19
    WHERE = 20
    LEFT = 21
    STATUS = 22
    OVER = 23


class Output(IntEnum):
    """The files of a program's folder that come back."""

    EVENTS = 0
    SPAWNS = 1
    STDOUT = 2
    STDERR = 3


@dataclass(frozen=True)
class Frame:
    """One message; `id` numbers the program or request that it is about."""

    kind: int
    id: int
    payload: bytes = b""


@dataclass(frozen=True)
class Status:
    """How a program ended; `wait_status` is None when it had to be ended. Times in seconds."""

    wait_status: int | None
    elapsed_s: float
    cpu_s: float
    runnable_s: float


def encode(frame: Frame) -> bytes:
    """Return the frame as bytes; raise ProtocolError if it is too long."""
    if len(frame.payload) > LONGEST:
        raise ProtocolError(f"{len(frame.payload)} bytes are too many for one frame, which holds {LONGEST}")
    return _HEADER.pack(_MAGIC, frame.kind, frame.id, len(frame.payload)) + frame.payload


class Decoder:
    """Takes the bytes of a stream as they come and gives the frames that are whole; holds one unfinished frame."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that these bytes complete; raise ProtocolError if they are none."""
        self._bytes += data
        while len(self._bytes) >= _HEADER.size:
            magic, kind, id, length = _HEADER.unpack_from(self._bytes)
            if magic != _MAGIC:
                raise ProtocolError(f"no frame of an agent: {bytes(self._bytes[:60])!r}")
            if length > LONGEST:
                raise ProtocolError(f"a frame of {length} bytes, where {LONGEST} are the most")
            end = _HEADER.size + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[_HEADER.size : end])
            del self._bytes[:end]
            yield Frame(kind, id, payload)

    def skip_to_frame(self, data: bytes) -> bytes:
        """Take bytes of which the first may be somebody else's (a login's greeting); return those that are."""
        self._bytes += data
        magic = _MAGIC.to_bytes(4, "little")
        at = self._bytes.find(magic)
        if at < 0:  # the last bytes may be the beginning of it
            at = max(len(self._bytes) - len(magic) + 1, 0)
        skipped = bytes(self._bytes[:at])
        del self._bytes[:at]
        return skipped

    @property
    def rest(self) -> bytes:
        """The beginning of a frame that is not whole yet."""
        return bytes(self._bytes)


def put_frames(id: int, path: str, mode: int, data: bytes) -> Iterator[Frame]:
    """Yield the frames that put a file."""
    starts = range(0, len(data), PIECE) or (0,)
    for start in starts:
        head = struct.pack("<III", mode, start == 0, start == starts[-1])
        yield Frame(Kind.PUT, id, head + path.encode(errors="surrogateescape") + b"\0" + data[start : start + PIECE])


@dataclass(frozen=True)
class Run:
    """What is asked for: a program, for how long, and how much of its output comes back (bytes of each of the two).

    With `inherits` it gets the agent's environment, too. Times in seconds.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    deadline_s: float
    grace_s: float = 2.0
    output_limit: int = 1 << 20
    inherits: bool = False


def run_frame(id: int, run: Run) -> Frame:
    """Return the frame that starts a program; raise ProtocolError for a word that no program can be given."""
    words = [*run.argv, *(f"{name}={value}" for name, value in run.env.items())]
    if any("\0" in word for word in words):
        raise ProtocolError("a word of the command line or of the environment has a zero byte in it")
    times = (round(run.deadline_s * 1000), round(run.grace_s * 1000))
    head = _RUN.pack(*times, len(run.argv), len(run.env), run.output_limit, run.inherits)
    return Frame(Kind.RUN, id, head + b"".join(word.encode(errors="surrogateescape") + b"\0" for word in words))


def read_status(payload: bytes) -> Status:
    """Read what a STATUS frame holds; raise ProtocolError."""
    try:
        has_ended, status, elapsed_us, cpu_us, runnable_us = _STATUS.unpack(payload)
    except struct.error as error:
        raise ProtocolError(f"no status: {payload!r}") from error
    return Status(status if has_ended else None, elapsed_us / 1e6, cpu_us / 1e6, runnable_us / 1e6)


def read_hello(payload: bytes) -> Mapping[str, str]:
    """Read what an agent says of itself; raise ProtocolError if it is of another version than this client."""
    head, _, folder = payload.decode("utf-8", "surrogateescape").partition("\nfolder=")
    told = {**dict(line.split("=", 1) for line in head.splitlines() if "=" in line), "folder": folder}
    if told.get("version") != str(VERSION):
        raise ProtocolError(f"the agent speaks version {told.get('version')} of the protocol; this is {VERSION}")
    return told
