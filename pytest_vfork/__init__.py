# SPDX-License-Identifier: MIT
"""pytest-vfork: does a program that uses vfork still behave as it does on Linux?"""

__version__ = "0.1.0"
