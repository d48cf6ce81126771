# SPDX-License-Identifier: MIT
# multiprocessing by each start method, concurrent.futures, asyncio's subprocesses, threads that spawn.
# prints: fork 285 spawn 285 forkserver 285
# prints: RuntimeError: from the child
# prints: futures 4950
# prints: asyncio [0, 1, 2, 3] 40
# prints: threads 160
import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor


def work(number):
    """Spawn, in the child too."""
    return number * int(subprocess.run(["echo", str(number)], capture_output=True, check=True).stdout)


def fail(_):
    raise RuntimeError("from the child")


def same(number):
    return number


async def many():
    command = (sys.executable, "-S", "-c", "import sys; sys.exit(int(sys.argv[1]) % 4)")
    spawned = [await asyncio.create_subprocess_exec(*command, str(number)) for number in range(40)]
    statuses = [await process.wait() for process in spawned]
    return f"{sorted(set(statuses))} {len(statuses)}"


def main():
    sums = []
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(4) as pool:
            sums.append(f"{method} {sum(pool.map(work, range(10)))}")
            if method == "spawn":
                try:
                    pool.map(fail, range(3))
                except RuntimeError as error:
                    failure = f"RuntimeError: {error}"
    print(*sums)
    print(failure)
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as executor:
        print("futures", sum(executor.map(same, range(100), chunksize=5)))
    print("asyncio", asyncio.run(many()))
    done = []

    def body():
        done.extend(os.waitstatus_to_exitcode(os.system("exit 3")) for _ in range(20))

    threads = [threading.Thread(target=body) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("threads", done.count(3))


if __name__ == "__main__":
    main()
