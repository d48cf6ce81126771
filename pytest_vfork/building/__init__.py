# SPDX-License-Identifier: MIT
"""How a program is made: from a template to its source, and from that to what can be started."""
