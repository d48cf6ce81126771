# SPDX-License-Identifier: MIT
"""The agent, which runs programs wherever it is, and its client: sites say how the one is reached from the other."""
