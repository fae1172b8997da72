"""The chain rule of one leaf in words: `∂l/∂w = 2r · 1 · x = -3.92 · 1 · 2 = -7.84`."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.equation import agree, grouped, product
from bptui.render.tape.paths import FACTORS, Chain, Path
from bptui.render.tape.reveal import ALL, Reveal
from bptui.render.text.brief import short
from bptui.render.text.fit import cut, first_that_fits, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG, WARN

ALTERED = "a hook changed it on the way"


def _with_gap(path: Path, texts: list[str], head: int = FACTORS // 2, tail: int = FACTORS // 2 - 1) -> list[str]:
    """The texts of a path's factors; of many only the first and the last, and how many there are between."""
    gap = path.gap + len(texts) - head - tail
    if not path.gap and len(texts) <= head + tail + 1:
        return texts
    return [*texts[:head], f"… {gap:,} more …", *texts[len(texts) - tail :]]


def symbols(path: Path, *ends: int) -> str:
    """`2r · 1 · x`; a derivative where there is no formula. Of many factors so many at each end."""
    texts = [grouped(each.formula) if each.formula else each.derivative for each in path.factors]
    if not any(each.summed for each in path.factors):
        return product(_with_gap(path, texts, *ends)) or "1"
    if path.gap:
        return f"product and sums of {len(texts) + path.gap:,} factors"
    parts: list[str] = []
    for text, factor in zip(texts, path.factors, strict=True):
        parts = [f"{factor.summed}({product([*parts, text])})"] if factor.summed else [*parts, text]
    return product(parts)


def numbers(path: Path, reveal: Reveal = ALL) -> str:
    """`-3.92 · 1 · 2`; `?` for what is not known yet. Nothing where a factor is no number."""
    if path.product is None:
        return ""
    texts = [short(each.local) if reveal.ran(each.node) else "?" for each in path.factors]
    return product(_with_gap(path, texts)) or "1"


def norms(path: Path, reveal: Reveal = ALL) -> str:
    """`norms 4.2 → 0.3`: of the gradients sent down a path, as far as they are known."""
    if path.gap or any(each.norm is None for each in path.factors):
        return ""
    return "norms " + " → ".join(short(each.norm) if reveal.ran(each.node) else "?" for each in path.factors)


def result(chain: Chain, reveal: Reveal = ALL) -> str:
    """The gradient that came: the recorded one, and the sum too where that is another number."""
    if not reveal.ran(chain.node):
        return "?"
    recorded, total = chain.recorded, chain.total
    if recorded is None:
        return chain.text or ("" if total is None else short(total))
    if total is not None and not agree([total], [recorded], 1e-12) and total == total:
        return f"{short(total)}, recorded {short(recorded)}"
    return short(recorded)


def _products(path: Path, reveal: Reveal) -> list[str]:
    """What a path is equal to, from the richest to the poorest."""
    symbolic, numeric = symbols(path), numbers(path, reveal)
    count = len(path.factors) + path.gap
    products = [f"{symbolic} = {numeric}", numeric] if numeric and symbolic != numeric else [symbolic]
    if not numeric and (rest := norms(path, reveal)):
        products.insert(0, f"{symbolic}  {rest}")
    if not numeric and count > 3:
        products.append(symbols(path, 1, 1))
    return products if count < 2 else [*products, f"product of {count:,} factors"]


def lines(chain: Chain, width: int, reveal: Reveal = ALL) -> list[Text]:
    """`∂l/∂w = 2r · 1 · x = -3.92 · 1 · 2 = -7.84`; of several paths a line for each, and their sum."""
    if chain.count == 1:
        return [headline(chain, width, reveal), *_accumulated(chain, width, reveal)]
    shown = [_path_line(at, path, width, reveal) for at, path in enumerate(chain.paths, 1)]
    if chain.count > len(chain.paths):
        rest = chain.count - len(chain.paths)
        shown.append(cut(piece(f"and {_many(rest)} more path{'s' if rest != 1 else ''}", QUIET), width))
    return [*shown, headline(chain, width, reveal), *_accumulated(chain, width, reveal)]


def _accumulated(chain: Chain, width: int, reveal: Reveal) -> list[Text]:
    """`w.grad = -2 + (-7.84) = -9.84`, where there was a gradient already."""
    if not chain.old or chain.new is None or chain.recorded is None:
        return []
    there = reveal.ran(chain.node)
    if there and not agree([chain.old + chain.recorded], [chain.new], 1e-6 * (abs(chain.old) + abs(chain.recorded))):
        return [cut(piece(f"{chain.leaf}.grad: {short(chain.old)} -> {short(chain.new)}", QUIET), width)]
    more = short(chain.recorded) if there else "?"
    total = f"{short(chain.old)} + {f'({more})' if more.startswith('-') else more}"
    return [_line(f"{chain.leaf}.grad =", [total], short(chain.new) if there else "?", width)]


def headline(chain: Chain, width: int, reveal: Reveal = ALL) -> Text:
    """The chain rule in one line."""
    end = result(chain, reveal)
    if chain.altered and reveal.ran(chain.node) and (chain.total is None or chain.recorded is None):
        return first_that_fits([_said(chain.name, end, f"  {ALTERED}"), _said(chain.name, end, "")], width)
    if chain.count == 1:
        return _line(f"{chain.name} =", _products(chain.paths[0], reveal), end, width)
    products = [f"sum of {_many(chain.count)} paths", f"{_many(chain.count)} paths"]
    if chain.count == len(chain.paths):
        terms = [_value(path, reveal) for path in chain.paths]
        if all(terms):
            products.insert(0, " + ".join(f"({each})" if each.startswith("-") else each for each in terms))
        else:
            products.insert(0, " + ".join(f"path {at}" for at in range(1, chain.count + 1)))
    return _line(f"{chain.name} =", products, end, width)


def _said(name: str, end: str, more: str) -> Text:
    return piece(f"{name} = ", QUIET).append(end, LIT).append(more, WARN)


def _many(count: int) -> str:
    """How many paths, also where there are more than there are atoms."""
    return f"{count:,}" if count < 10**9 else f"10^{len(str(count)) - 1}" if count < 10**4000 else "countless"


def _value(path: Path, reveal: Reveal) -> str:
    """The product of a path's numbers; nothing where one is none."""
    if path.product is None:
        return ""
    return short(path.product) if reveal.ran(path.node) else "?"


def _path_line(at: int, path: Path, width: int, reveal: Reveal) -> Text:
    return _line(f"path {at}:", _products(path, reveal), _value(path, reveal), width, STRONG)


def _line(start: str, products: list[str], end: str, width: int, style: str = LIT) -> Text:
    """The first product that fits, and what it comes to."""
    variants = []
    start, end = one_line(start) + " ", one_line(end)
    for each in products:
        line = piece(start, QUIET) + piece(each.replace("\n", " "))
        ends_so = each == end or each.endswith(f" = {end}") or ("norms " in each and end.startswith(("norm ", "?")))
        if end and not ends_so:
            line += piece(" = ", QUIET) + piece(end, FAINT if end == "?" else style)
        variants.append(line)
    if end:
        variants.append(piece(start, QUIET) + piece(end, FAINT if end == "?" else style))
    return first_that_fits(variants, width)
