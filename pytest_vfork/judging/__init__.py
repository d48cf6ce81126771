# SPDX-License-Identifier: MIT
"""How it is judged: events, their order, the verdict, known deviations, the ladder."""
