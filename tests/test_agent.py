# SPDX-License-Identifier: MIT
"""The agent keeps what it starts, whatever comes over its stream, and ends all of it when the stream ends."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from waiting import has_ended, named_below, within

from pytest_vfork.building.builder import Builder, CompileError
from pytest_vfork.running.agent import program
from pytest_vfork.running.agent.client import AgentLostError, Client, RefusedError
from pytest_vfork.running.agent.protocol import Frame, Kind, Output, Run, encode

DEADLINE_S = 60


@dataclass
class Reached:
    process: subprocess.Popen[bytes]
    writing: int
    reading: int
    folder: Path

    def client(self) -> Client:
        client = Client(os.dup(self.reading), os.dup(self.writing))
        os.close(self.writing)
        self.writing = -1
        client.greet(DEADLINE_S)
        return client

    def answer(self, sent: bytes) -> bytes:
        """Send bytes, close that direction, and return all that comes."""
        with open(self.writing, "wb") as stream:
            stream.write(sent)
        self.writing = -1
        return b"".join(iter(lambda: os.read(self.reading, 65536), b""))


SANITIZED = ("-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(params=["as it is", "sanitized"])
def agent(builder: Builder, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reached]:
    """An agent; what AddressSanitizer and UndefinedBehaviorSanitizer find in it fails the test."""
    path, found = program.local(builder), tmp_path.with_name(f"{tmp_path.name}-found")
    if request.param == "sanitized":
        try:
            path = builder.shared_object("agent", sorted(Path(program.__file__).parent.glob("*.c")), SANITIZED)
        except CompileError:
            pytest.skip("the C compiler has no sanitizers: apt-get install gcc")
    found.mkdir()
    # what is left to the end is no leak, and nobody else's program is looked at
    options = f"log_path={found}/report:detect_leaks=0"
    environ = {**os.environ, "ASAN_OPTIONS": options, "UBSAN_OPTIONS": options}
    to_agent, from_agent = os.pipe(), os.pipe()
    process = subprocess.Popen([path, tmp_path], stdin=to_agent[0], stdout=from_agent[1], env=environ)
    os.close(to_agent[0])
    os.close(from_agent[1])
    reached = Reached(process, to_agent[1], from_agent[0], tmp_path)
    yield reached
    os.close(reached.reading)
    if reached.writing >= 0:
        os.close(reached.writing)
    process.kill()
    process.wait(DEADLINE_S)
    assert [report.read_text() for report in found.iterdir()] == []


def sh(script: str, *, deadline_s: float = DEADLINE_S, grace_s: float = 2.0) -> Run:
    return Run(["sh", "-c", script], {"PATH": os.environ["PATH"]}, deadline_s, grace_s)


def test_it_says_hello_and_answers(agent: Reached) -> None:
    client = agent.client()
    assert client.hello["machine"] == os.uname().machine
    assert client.hello["kernel"] == os.uname().release
    assert Path(client.hello["folder"]).parent == agent.folder
    client.ping()
    assert client.find("sh") == client.find(str(client.find("sh")))
    assert client.find("no-such-program") is None


def test_a_file_is_there_whole_with_its_mode(agent: Reached) -> None:
    client, data = agent.client(), os.urandom(300_000)
    client.put(f"{agent.folder}/new/folder/file", 0o750, data)
    file = agent.folder / "new/folder/file"
    assert (file.read_bytes(), file.stat().st_mode & 0o7777) == (data, 0o750)
    assert list(file.parent.iterdir()) == [file]
    with pytest.raises(RefusedError, match="Not a directory"):
        client.put(f"{file}/below", 0o644, b"")
    client.ping()


def test_several_programs_run_at_once_and_each_is_told_of_apart(agent: Reached) -> None:
    client = agent.client()
    fifo = agent.folder / "fifo"
    os.mkfifo(fifo)
    reader = client.start(sh(f"cat {fifo}; exit 3"))
    writer = client.start(sh(f"echo met > {fifo}; exit 4"))
    ran = {id: client.wait(id, DEADLINE_S) for id in (writer, reader)}
    assert [ran[id].status and ran[id].status.wait_status for id in (reader, writer)] == [3 << 8, 4 << 8]
    assert ran[reader].outputs[Output.STDOUT] == b"met\n"


def test_the_time_that_programs_got_is_told(agent: Reached) -> None:
    ran = agent.client().run(sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"))
    assert ran.status and 0.005 < ran.status.cpu_s <= ran.status.elapsed_s * os.cpu_count() + 0.1


def test_at_the_deadline_it_says_who_is_where_and_what_they_share(agent: Reached) -> None:
    ran = agent.client().run(sh("sleep 1000 & wait", deadline_s=0.5))
    assert ran.status and ran.status.wait_status is None
    assert sorted(line.split()[6] for line in ran.where) == ["sh", "sleep"]
    assert all(line.split()[2] == "S" for line in ran.where)


def test_a_program_is_ended_when_it_is_cancelled(agent: Reached) -> None:
    client = agent.client()
    id = client.start(sh("echo $$; exec sleep 1000"))
    assert within(DEADLINE_S, lambda: list(agent.folder.glob(f"*/{id}/stdout")))
    client.cancel(id)
    ran = client.wait(id, DEADLINE_S)
    assert (ran.status and ran.status.wait_status, ran.where) == (None, [])


def test_output_is_bounded_and_its_beginning_comes_back(agent: Reached) -> None:
    run = Run(["head", "-c", "3000000", "/dev/zero"], {"PATH": os.environ["PATH"]}, DEADLINE_S, output_limit=100_000)
    assert agent.client().run(run).outputs[Output.STDOUT] == b"\0" * 100_000


def test_when_the_stream_ends_all_ends(agent: Reached) -> None:
    client = agent.client()
    for _ in range(3):
        client.start(sh("setsid sleep 1000 & sleep 1000"))
    assert within(DEADLINE_S, lambda: len(named_below(agent.process.pid, "sleep")) == 6)
    everyone = psutil.Process(agent.process.pid).children(recursive=True)
    client.close()
    assert agent.process.wait(DEADLINE_S) == 0
    # whoever is reaped by somebody else than the agent may be a zombie for a while
    assert within(DEADLINE_S, lambda: all(map(has_ended, everyone)))
    assert list(agent.folder.iterdir()) == []


@pytest.mark.parametrize("victim", ["agent", "keeper"])
def test_when_it_is_killed_all_ends(agent: Reached, victim: str) -> None:
    client = agent.client()
    id = client.start(sh("setsid sleep 1000 & sleep 1000"))
    assert within(DEADLINE_S, lambda: len(named_below(agent.process.pid, "sleep")) == 2)
    everyone = psutil.Process(agent.process.pid).children(recursive=True)
    (keeper,) = named_below(agent.process.pid, "keeper")
    (agent.process if victim == "agent" else keeper).send_signal(signal.SIGKILL)
    assert within(DEADLINE_S, lambda: all(map(has_ended, everyone)))
    if victim == "agent":
        with pytest.raises(AgentLostError):
            client.wait(id, DEADLINE_S)
    else:
        assert client.wait(id, DEADLINE_S).failures == ["the keeper of the program was killed"]
        assert client.run(sh("exit 5")).status.wait_status == 5 << 8  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.0\r\n\r\n", os.urandom(5000), b"PVFK", encode(Frame(Kind.PUT, 1, b"x" * 100))[:50]]
    + [b"PVFK" + struct.pack("<III", Kind.RUN, 1, length) for length in (1 << 20, (1 << 20) + 1, 1 << 31, 2**32 - 1)],
    ids=["http", "noise", "cut header", "cut payload", "longest", "too long", "two gibibytes", "four gibibytes"],
)
def test_garbage_ends_it_in_order(agent: Reached, sent: bytes) -> None:
    told = agent.answer(sent)
    assert told.startswith(b"PVFK")
    assert agent.process.wait(DEADLINE_S) == 0
    assert list(agent.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "payload", "why"),
    [
        (Kind.RUN, b"", b"malformed: run"),
        (Kind.RUN, struct.pack("<6I", 1, 1, 0, 0, 0, 0), b"too many words, or none"),
        (Kind.RUN, struct.pack("<6I", 1, 1, 2**32 - 1, 0, 0, 0), b"too many words, or none"),
        (Kind.RUN, struct.pack("<6I", 1, 1, 2, 1, 0, 0) + b"one\0two\0", b"words are missing"),
        (Kind.RUN, struct.pack("<6I", 1, 1, 1, 0, 0, 0) + b"unterminated", b"words are missing"),
        (Kind.PUT, b"", b"malformed: put"),
        (Kind.PUT, struct.pack("<3I", 0o644, 1, 1) + b"no end", b"malformed: put"),
        (Kind.PUT, struct.pack("<3I", 0o644, 1, 1) + b"/proc/no/such\0", b"/proc/no"),
        (99, b"", b"unknown kind of frame"),
    ],
)
def test_a_malformed_request_is_refused_and_the_next_one_answered(
    agent: Reached, kind: int, payload: bytes, why: bytes
) -> None:
    told = agent.answer(encode(Frame(kind, 1, payload)) + encode(Frame(Kind.PING, 2)))
    assert why in told
    assert encode(Frame(Kind.OK, 2)) in told


def test_it_takes_no_more_programs_than_it_has_room_for(agent: Reached) -> None:
    client = agent.client()
    ids = [client.start(sh("sleep 1000")) for _ in range(65)]
    assert client.wait(ids[-1], DEADLINE_S).failures == ["too many programs at once"]
    client.close()
    assert agent.process.wait(DEADLINE_S) == 0


def test_a_client_finds_a_stream_without_an_agent_in_time() -> None:
    ours, theirs = socket.socketpair()
    fd = ours.detach()
    client = Client(fd, fd)
    theirs.sendall(b"Welcome to the box!\n")
    with pytest.raises(AgentLostError, match="no agent answers"):
        client.greet(0.2)
    client.close()
