# SPDX-License-Identifier: MIT
"""What pytest sees: hooks, options, fixtures, and the way of results to the reporters."""
