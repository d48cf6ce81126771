# SPDX-License-Identifier: MIT
"""The conformance suite: the pytest modules that a user runs."""
