# SPDX-License-Identifier: MIT
"""Frames survive any cut of the stream, and nothing else passes for one."""

from __future__ import annotations

import pytest

from pytest_vfork.running.agent import protocol
from pytest_vfork.running.agent.protocol import Decoder, Frame, Kind, ProtocolError, Run, encode

hypothesis = pytest.importorskip("hypothesis")
strategies = pytest.importorskip("hypothesis.strategies")

TAKES_ITS_TIME = hypothesis.settings(deadline=None)  # on a machine that others use
FRAMES = strategies.lists(
    strategies.builds(
        Frame, strategies.integers(0, 2**32 - 1), strategies.integers(0, 2**32 - 1), strategies.binary(max_size=300)
    ),
    max_size=8,
)


@TAKES_ITS_TIME
@hypothesis.given(FRAMES, strategies.lists(strategies.integers(1, 400)))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(encode, frames))
    decoder, out = Decoder(), []
    for length in [*cuts, len(stream)]:
        out += decoder.feed(stream[:length])
        stream = stream[length:]
    assert out == frames


@TAKES_ITS_TIME
@hypothesis.given(strategies.binary(min_size=16, max_size=200))
def test_what_is_no_frame_is_an_error_and_never_a_frame(noise: bytes) -> None:
    hypothesis.assume(not noise.startswith(b"PVFK"))
    with pytest.raises(ProtocolError):
        list(Decoder().feed(noise))


@TAKES_ITS_TIME
@hypothesis.given(strategies.binary(max_size=300), FRAMES.filter(bool))
def test_what_a_login_says_before_the_first_frame_is_told_apart(noise: bytes, frames: list[Frame]) -> None:
    hypothesis.assume(b"P" not in noise)
    decoder = Decoder()
    assert decoder.skip_to_frame(noise + b"".join(map(encode, frames))) == noise
    assert list(decoder.feed(b"")) == frames


def test_a_huge_length_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(ProtocolError, match="4294967295 bytes"):
        list(Decoder().feed(b"PVFK" + b"\x10\0\0\0" + b"\0\0\0\0" + b"\xff\xff\xff\xff"))
    with pytest.raises(ProtocolError, match="too many for one frame"):
        encode(Frame(Kind.RUN, 1, b"x" * (protocol.LONGEST + 1)))


@TAKES_ITS_TIME
@hypothesis.given(strategies.binary(max_size=300_000))
def test_a_file_goes_in_pieces_that_fit(data: bytes) -> None:
    frames = list(protocol.put_frames(7, "/a/b", 0o755, data))
    assert all(len(encode(frame)) < protocol.LONGEST for frame in frames)
    assert b"".join(frame.payload.partition(b"/a/b\0")[2] for frame in frames) == data


def test_a_word_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(ProtocolError, match="zero byte"):
        protocol.run_frame(1, Run(["a\0b"], {}, 1.0))


def test_another_version_is_told_with_both_numbers() -> None:
    with pytest.raises(ProtocolError, match="version 9 of the protocol; this is 2"):
        protocol.read_hello(b"version=9\nmachine=x86_64\n")
    with pytest.raises(ProtocolError, match="no status"):
        protocol.read_status(b"short")
