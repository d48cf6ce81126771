# SPDX-License-Identifier: MIT
"""Two fuzzers of the shim, of calls and of programs: docs/reliability.md."""
