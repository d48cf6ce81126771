# SPDX-License-Identifier: MIT
"""The ptrace interposer and observer, a program of its own: `python -m pytest_vfork.running.tracer`.

python-ptrace (GPL-2.0-only, extra `ptrace`) is imported here and nowhere else: never in pytest's process.
docs/ptrace.md says how it works. Imports are few and light, since each traced program pays for them.
"""
