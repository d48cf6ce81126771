# SPDX-License-Identifier: MIT
# CPython's own test_subprocess and test_posix; left out are those that wait for seconds (slow, red under load).
# needs: {python} -c "import test.test_subprocess" = libpython3.11-testsuite
import unittest
from importlib import import_module

WAITS = ("timeout", "_dead", "test_communicate_repeated_call_after_stdout_close")


def tests(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests(test)
        elif not any(name in test.id() for name in WAITS):
            yield test


load = unittest.defaultTestLoader.loadTestsFromModule
chosen = unittest.TestSuite(tests(load(import_module(f"test.{name}")) for name in ("test_subprocess", "test_posix")))
result = unittest.TestResult()
chosen.run(result)
for test, trace in (*result.failures, *result.errors):
    print("not ok:", test.id(), trace)
print(f"ran {result.testsRun}, skipped {len(result.skipped)}")
