# ruff: noqa: E501 (a table: a line is a row)
"""ONE table of every command: from it come the keys, the footer, the help, the palette, plain mode's words and the README."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.phase import Phase


@dataclass(frozen=True)
class Command:
    """Something that a person can ask for."""

    id: str
    """Stable name: the Textual action, and the id by which a key can be remapped."""
    keys: tuple[str, ...]
    """Keys as Textual names them; the first is shown."""
    label: str
    """One or two words for the footer and the phase bar."""
    help: str
    """One sentence for help, the palette and the README."""
    words: tuple[str, ...] = ()
    """How plain mode calls it; empty where it makes no sense there."""
    argument: str = ""
    """What plain mode's word takes, for its help: `on|off`, `[N]`."""
    phase: Phase | None = None
    """The phase that it runs, if it runs one."""
    footer: int = 0
    """Its rank in the footer: where it is too narrow, the highest ranks go first; 0 is never shown."""


COMMANDS = (
    Command("next", ("n", "space"), "next", "Run the phase that comes next in the script's own order.", ("next", "n"), "[N]", footer=1),
    Command("forward", ("f",), "forward", "Run the forward now: of the next sample once this one went backward, else of this one again.", ("forward", "f"), "[N]", Phase.FORWARD),
    Command("backward", ("b",), "backward", "Run the backward now; its gradients are added to those already there.", ("backward", "b"), "[N]", Phase.BACKWARD),
    Command("update", ("u",), "update", "Run the update now: the parameters move by their gradients.", ("update", "u"), "[N]", Phase.UPDATE),
    Command("zero_grad", ("z",), "zero_grad", "Zero the gradients now, also while zeroing is off.", ("zero_grad", "z"), "[N]", Phase.ZERO_GRAD),
    Command("zeroing", ("a",), "zeroing", "Turn zeroing off and on: while it is off, next passes over zero_grad and gradients accumulate.", ("zeroing", "a"), "on|off", footer=1),
    Command("in", ("s",), "in", "Step in: one op of the phase on, or one autograd node of the backward.", ("in", "s"), "[N]", footer=1),
    Command("in_back", ("S",), "op back", "Go one op or node back inside the phase.", ("in-back",), "[N]"),
    Command("over", ("v",), "over", "Step over the nn.Module that comes next, as one.", ("over", "v"), "[N]"),
    Command("up", ("O",), "up", "Step out of the nn.Module around, to its last op.", ("up",), "[N]"),
    Command("out", ("o",), "out", "Step out: to the end of the phase.", ("out", "o"), footer=3),
    Command("tape", ("t",), "tape", "Show the tape: every op with its value, and its gradient once a backward was stepped into.", ("tape", "t"), footer=3),
    Command("check", ("k",), "check", "Check the gradients: autograd's beside central differences in float64, on a copy.", ("check", "k")),
    Command("sample", ("m",), "sample", "Run on to the next sample.", ("sample", "m"), "[N]", footer=2),
    Command("epoch", ("e",), "epoch", "Run on to the end of this epoch.", ("epoch", "e"), "[N]", footer=2),
    Command("continue", ("c",), "continue", "Run at full speed, to a breakpoint or the end.", ("continue", "c"), footer=1),
    Command("back", ("N", "backspace"), "back", "Undo one step, bit for bit; printed text, files and the network stay as they are.", ("back",), "[N]", footer=1),
    Command("back_run", ("C",), "back to", "Go backwards to where the latest breakpoint was met, or to the entry.", ("reverse-continue", "rc")),
    Command("first", ("g",), "first", "Go to the first stop.", ("first",)),
    Command("last", ("G",), "last", "Go to the last step of this branch.", ("last",)),
    Command("goto", (), "go to", "Go to a step of the timeline; `1:40` is step 40 of branch 1.", ("goto",), "N"),
    Command("branches", (), "branches", "List the branches of the timeline.", ("branches",)),
    Command("command", ("colon",), "command", "Type a command, or Python to evaluate in the script's namespace.", footer=2),
    Command("breakpoints", ("B",), "breakpoints", "List the breakpoints; add, edit, switch off and remove them.", ("break", "breakpoints"), "[WHERE]", footer=3),
    Command("watch", (), "watch", "Keep an expression in sight: it is evaluated at each stop.", ("watch",), "[EXPR]"),
    Command("unwatch", (), "unwatch", "No longer watch an expression, or any.", ("unwatch",), "[EXPR]"),
    Command("eval", (), "evaluate", "Evaluate Python in the script's namespace, as a Python prompt would.", ("eval",), "PYTHON"),
    Command("set", (), "set", "Edit a variable, a tensor or an optimizer's setting, and go on: `set lr = 0.1`.", ("set",), "NAME = VALUE"),
    Command("compare", (), "compare", "Run on two branches from here, zeroing on and off, and show both losses.", ("compare",), "zeroing [N]"),
    Command("plot", ("l",), "plot", "Plot the loss, a parameter or a gradient over the steps, in the curve's place.", ("plot",), "[NAME]", footer=3),
    Command("save", (), "save", "Keep the timeline in a file that bptui opens without PyTorch.", ("save",), "FILE"),
    Command("export", (), "export", "Write the timeline as .csv or .jsonl, or the screen as .svg.", ("export",), "FILE"),
    Command("pause", ("escape", "ctrl+c"), "pause", "Stop what runs after the block it is in; once more interrupts the block itself.", footer=2),
    Command("play", ("p",), "play", "Step by itself, and stop doing so.", footer=2),
    Command("faster", ("plus,equals_sign",), "faster", "Play faster."),
    Command("slower", ("minus",), "slower", "Play more slowly."),
    Command("restart", ("r",), "restart", "Begin again from the initial state.", ("restart", "r"), footer=3),
    Command("inspect", ("enter",), "inspect", "Look into the value of the focused pane as Python sees it.", footer=3),
    Command("help", ("question_mark", "f1"), "help", "Show every key and what it does, or a page of the manual.", ("help", "?"), "[TOPIC]", footer=1),
    Command("quit", ("q",), "quit", "End the program and leave.", ("quit", "q"), footer=1),
)  # fmt: skip
"""Every command, in the order in which help lists them."""

BY_ID = {command.id: command for command in COMMANDS}
BY_WORD = {word: command for command in COMMANDS for word in command.words}

SIGNS = {
    "plus,equals_sign": "+", "minus": "-", "question_mark": "?", "escape": "esc", "ctrl+c": "^c", "enter": "⏎", "colon": ":",
    "backspace": "⌫", "up": "↑",
}  # fmt: skip
"""Keys whose name is not what stands on them."""


def sign(key: str) -> str:
    """A key as a person reads it: `+`, `esc`, `n`."""
    return SIGNS.get(key, key)


def called(command: Command) -> str:
    """How a command is given: by its keys, or where it has none, by its word on the command line."""
    return " ".join(map(sign, command.keys)) or f":{command.words[0]}"
