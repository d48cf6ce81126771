# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_vfork.building.cache import Cache

WANT = """
import sys
from pathlib import Path
from pytest_vfork.building.cache import Cache

def make(folder):
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    (folder / "object").write_text("x" * 100000)

folder = Cache(Path(sys.argv[1])).get(("key",), make)
assert len((folder / "object").read_text()) == 100000
"""


def test_eight_processes_that_want_the_same_object_make_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    root = tmp_path / "cache"
    root.mkdir()
    processes = [subprocess.Popen([sys.executable, "-c", WANT, str(root), str(log)]) for _ in range(8)]
    assert [process.wait(60) for process in processes] == [0] * 8
    assert log.read_text() == "made\n"


def test_an_object_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("made")
        raise RuntimeError("no")

    cache = Cache(tmp_path)
    with pytest.raises(RuntimeError, match="no"):
        cache.get(("key",), fail)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert (cache.get(("key",), lambda folder: None)).is_dir()


def test_the_users_cache_is_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    assert stat.S_IMODE(Cache.of_user().root.stat().st_mode) == 0o700


def test_pruning_deletes_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    folders = [cache.get((name,), lambda folder: _fill(folder)) for name in ("old", "older", "new")]
    for folder, age in zip(folders, (7200, 9000, 0), strict=True):
        os.utime(folder, (time.time() - age,) * 2)
    cache.prune(limit_bytes=2500)
    assert [folder.is_dir() for folder in folders] == [True, False, True]
    cache.prune(limit_bytes=0)
    assert [folder.is_dir() for folder in folders] == [False, False, True], "what was used in the last hour stays"


def test_what_a_killed_process_left_half_made_goes(tmp_path: Path) -> None:
    left, fresh = tmp_path / ".making-left", tmp_path / ".making-fresh"
    for folder in (left, fresh):
        folder.mkdir()
    os.utime(left, (time.time() - 7200,) * 2)
    Cache(tmp_path).prune()
    assert (left.exists(), fresh.exists()) == (False, True), "what somebody may still be making stays"


def _fill(folder: Path) -> None:
    (folder / "object").write_bytes(b"x" * 1000)
