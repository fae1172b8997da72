"""What the tape pane costs with 10,000 ops in 500 nested modules: python tests/bench/tape.py

In a real app without a terminal, 120x40, painted as for a terminal. Each figure is a median and the worst, in ms. A
worst one above 100 is a full garbage collection, over all that belongs to the two tapes that are held.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

MODULES, EACH, BLOCKS = 500, 20, 25
ROUNDS = 25


async def main() -> None:
    """Print the figures."""
    from textual._compositor import CompositorUpdate

    from bptui.render.tape.folding import Fold
    from bptui.ui.panes.tape import TapePane
    from tests.handmade_tapes import at_node, at_op, deep
    from tests.ui.fakes.alone import Alone

    pane = TapePane()
    app = Alone(pane)

    def paint() -> None:
        """What the screen does once a widget asked to be drawn again, down to the text for the terminal."""
        compositor = app.screen._compositor
        compositor.update_widgets({pane})
        update = compositor.render_update(screen_stack=app._background_screens)
        if isinstance(update, CompositorUpdate):
            update.render_segments(app.console)

    async def measure(what: str, each: Callable[[int], None], rounds: int = ROUNDS) -> None:
        times = []
        for at in range(rounds):
            began = time.perf_counter()
            each(at)
            paint()
            times.append((time.perf_counter() - began) * 1_000)
            await pilot.pause()
        print(f"{what:<58} {statistics.median(times):7.1f} {max(times):7.1f}")

    async with app.run_test(size=(120, 40)) as pilot:
        tapes = [deep(MODULES, EACH, BLOCKS) for _ in range(2)]
        leaf = tapes[0].values[1].name
        count = len(tapes[0].ops)
        pane.focus()
        print(f"{count:,} ops, {len(tapes[0].nodes):,} nodes, {MODULES} modules in {BLOCKS} blocks")

        await measure("open: a new tape, folded", lambda at: pane.show(tapes[at % 2], None, leaf))
        await measure("open: a new tape, folded, no chain rule", lambda at: pane.show(tapes[at % 2], None, None))
        tape = tapes[-1]
        await measure("step: one op on", lambda at: pane.show(tape, at_op(5_000 + at), leaf))
        await measure("step: one node on", lambda at: pane.show(tape, at_node(5_000 + at, count - 5_001 - at), leaf))
        await measure("another parameter", lambda at: pane.show(tape, None, tape.values[1 + 21 * at].name))
        pane.show(tape, None, leaf)
        folding = pane._folding
        while shut := [row for row, _ in folding.rows() if isinstance(row, Fold) and not folding.is_open(row)]:
            for fold in shut:
                folding.set_open(fold, True)
        await measure("open: a new tape, all unfolded", lambda at: pane.show(tapes[at % 2], None, leaf))
        await measure("step: one op on, all unfolded", lambda at: pane.show(tape, at_op(5_000 + 7 * at), leaf))
        await measure("scroll: a line", lambda at: pane.scroll_to(y=1_000 + at, animate=False, immediate=True))
        await measure("scroll: a page", lambda at: pane.scroll_to(y=2_000 + 38 * at, animate=False, immediate=True))
        await measure("cursor: a row", lambda _at: pane.action_move(1))
        await measure("cursor: to the end and back", lambda at: pane.action_end(at % 2 == 0))


if __name__ == "__main__":
    asyncio.run(main())
