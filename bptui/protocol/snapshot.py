"""The one value that crosses the wall: plain facts about the program after a step.

Everything here is numbers, strings and tuples, copied out of torch, since an update changes weights in place and a
snapshot must not change with it. `eq=False`: nan is not equal to nan, so equality of facts would lie.
"""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.fact import Fact, Named, summary
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.rows import Row
from bptui.protocol.tape import Op


@dataclass(frozen=True, eq=False)
class Param:
    """A parameter: a leaf tensor that the loss reaches."""

    name: str
    """As the script names it: `w`, `model.0.weight`."""
    value: Fact
    grad: Fact | None
    """None where `.grad` is None, which is not 0."""


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one backward added to a gradient."""

    epoch: int | None
    sample: int | None
    value: Fact


@dataclass(frozen=True, eq=False)
class Ledger:
    """What one parameter's `.grad` is made of: an entry for each backward since it was last None or zeroed."""

    name: str
    """The parameter's name."""
    contributions: tuple[Contribution, ...]
    """The latest ones, in order."""
    sum: Fact | None
    """All contributions added in order, in the tensor's own dtype; None where they were too large to keep."""
    difference: Fact | None
    """`.grad` minus `sum` where their bits differ (clipping, an unlisted write); None where they are equal."""
    earlier: int = 0
    """How many older contributions are not listed, only summed."""


@dataclass(frozen=True, eq=False)
class Change:
    """Something that a step changed."""

    name: str
    """As `Inspect` calls it: `w`, `w.grad`, what the script calls the loss, `y_pred`."""
    old: Fact | None
    """What it was before the step; None where there was nothing, as where `.grad` was None."""


@dataclass(frozen=True, eq=False)
class Upcoming:
    """The phase that `next` would run."""

    phase: Phase
    block: int
    """Its index among `ProgramInfo.blocks`."""
    line: int
    """The line about to run, from 1."""
    text: str
    """That statement as the script has it, on one line."""
    numbers: str
    """The same with its numbers in: `w.data = 1.2755 - 0.01 * -5.7962`; equal to `text` where there are none."""
    epoch: int | None
    sample: int | None


@dataclass(frozen=True, eq=False)
class Failure:
    """An exception that the script's own code raised."""

    type: str
    message: str
    line: int | None
    """The innermost line of the script that raised; None when it is not in the script's file."""
    traceback: str
    """As Python prints it, without bptui's own frames."""
    cause: str = ""
    """Of a backward that raised: in which node, and which line made it or wrote what it needs; empty if not known."""


@dataclass(frozen=True, eq=False)
class Watched:
    """An expression that is evaluated at each stop."""

    expression: str
    text: str
    """Its value as Python prints it; what it raised, where it cannot be evaluated."""
    failed: bool
    changed: bool = False
    """Whether it is another value than before the step that led here, as far as that is known."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The immutable facts after one step."""

    index: int
    """Its place in the timeline; the entry stop is 0."""
    phase: Phase | None
    """The phase that ran; None at entry."""
    block: int | None
    """Which of `ProgramInfo.blocks` ran; None at entry."""
    stop_reason: StopReason
    epoch: int | None
    """The epoch of the phase that ran, from 0; None where the script has no epochs."""
    sample: int | None
    """The sample of the phase that ran, from 0 in each epoch; None where the script has no loop."""
    epochs: int | None
    """How many epochs there are, where that is known."""
    samples: int | None
    """How many samples an epoch has, where that is known."""
    consumed: int
    """Samples consumed so far, over all epochs."""
    values: tuple[Named, ...]
    """The loop's targets (`x`, `y`) and then the values computed on the way by name (`y_pred`)."""
    targets: int
    """How many of `values`, from the front, are the loop's targets."""
    loss_name: str | None
    """What the script calls the loss; None before the first forward."""
    loss: Fact | None
    params: tuple[Param, ...]
    ledger: tuple[Ledger, ...]
    """One for each parameter that has a gradient."""
    zeroing: bool
    """Whether `next` runs zero_grad."""
    marks: tuple[Mark, ...]
    """How each of `ProgramInfo.blocks` stands in the current turn."""
    next: Upcoming | None
    """What `next` would run; None when the script has ended."""
    possible: tuple[Phase, ...]
    """The phases that can be asked for now."""
    explain: str
    """What the step did, in words."""
    printed: str
    """What the script wrote to stdout during the step."""
    errors: str
    """What the script wrote to stderr during the step."""
    failure: Failure | None
    """What the script raised, at an `exception` stop."""
    op: Op | None = None
    """Inside a phase: the op or node that ran last. `phase` is then not over, and `index` is the one it will have."""
    tape: int = 0
    """Grows with each change of the tape; 0 while there is none."""
    branch: int = 0
    """The branch of the timeline that it is on."""
    edit: str = ""
    """What was typed to make this step, where no phase ran but a person changed the program: `w = 1.5`."""
    met: str = ""
    """The breakpoint that stopped it, in words."""
    watches: tuple[Watched, ...] = ()
    """The watched expressions, as they are at this stop."""
    changes: tuple[Change, ...] = ()
    """What the step that led here changed; of a run, what its last step changed. Not listed: what did not change, and
    what was not looked at before that step (large tensors in a run), so that it is not known whether it did."""

    @property
    def line(self) -> int | None:
        """Where the program stands: the line that raised, inside a phase the op's, else the one about to run."""
        if self.failure is not None:
            return self.failure.line
        if self.op is not None:
            return self.op.line
        return self.next.line if self.next else None

    @property
    def loss_to_come(self) -> bool:
        """Whether the step was a part of a forward that computed no loss, and a later part may compute it."""
        more = self.next is not None and self.next.phase is not Phase.BACKWARD and self.next.block > (self.block or 0)
        return self.phase is Phase.FORWARD and self.loss is None and more

    def param(self, name: str | None) -> Param | None:
        """The parameter of that name; None if there is none."""
        return next((param for param in self.params if param.name == name), None)

    def change(self, name: str | None) -> Change | None:
        """What the step changed under that name; None where it is not known to have changed."""
        return next((change for change in self.changes if change.name == name), None)

    def row(self) -> Row:
        """The line that the timeline keeps of this snapshot."""
        return Row(
            self.index, self.phase, self.stop_reason, self.epoch, self.sample,
            self.loss.number if self.loss else None,
            tuple((p.name, summary(p.value), summary(p.grad)) for p in self.params),
            self.branch, self.edit,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class BlockInfo:
    """A phase block of the program: whole statements that one step runs."""

    phase: Phase
    line: int
    """The line of its first statement of the phase's own."""
    lines: tuple[int, ...]
    """All lines that it covers."""
    loop: int = 0
    """The line of the loop whose turns it belongs to; 0 if there is none. The phase bar shows one loop's blocks."""


@dataclass(frozen=True, eq=False)
class ProgramInfo:
    """A script with its loop cut into phase blocks."""

    path: str
    source: str
    argv: tuple[str, ...]
    """The script's arguments, without its own name."""
    blocks: tuple[BlockInfo, ...]
    """In the script's own order."""

    @property
    def name(self) -> str:
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]
