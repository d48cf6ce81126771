# SPDX-License-Identifier: MIT
"""What a template says: its front matter, what it may name there, and where all templates lie."""
