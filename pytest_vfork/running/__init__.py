# SPDX-License-Identifier: MIT
"""Where and under what a program runs: sites, interposers, observers, and a session of them."""
