# SPDX-License-Identifier: MIT
"""The commands of `pytest-vfork`."""
