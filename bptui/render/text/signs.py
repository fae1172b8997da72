"""Signs beside the text: of a breakpoint, and of what changed."""

from __future__ import annotations

from bptui.render.text.style import BAD, LIT, QUIET, WARN

DOT = "●"
"""What the last step changed has it, so that colour alone does not say it."""
ON, LOG, OFF, NEVER = "●", "◆", "○", "✗"
"""It stops; it only says something; it is switched off; it can never be met."""
STYLES = {ON: BAD, LOG: LIT, OFF: QUIET, NEVER: WARN}
