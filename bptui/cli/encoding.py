"""What to say of a script whose bytes Python cannot read: what Python says, and which encoding they look like."""

from __future__ import annotations

import re

KANA = re.compile("[\u3041-\u30fa]")
HANGUL = re.compile("[\uac00-\ud7a3]")
ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
"""A byte of its own between ASCII, as an accented letter in Europe's encodings is; Asia's take two and more."""


def complaint(data: bytes) -> str:
    """Why these bytes are no Python script, and what to do, in one or two sentences."""
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is not a Python script: it holds null bytes."
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = f"Non-UTF-8 code starting with '\\x{data[error.start]:02x}' on line {line}, but no encoding declared"
        return f"cannot be read: {wrong}. {_advice(likely(data))}"
    return "is not a Python script: its first lines declare an encoding that Python cannot read it in."


def likely(data: bytes) -> str:
    """The encoding that the bytes look like, by Python's name for it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    high = len(re.findall(rb"[\x80-\xff]", data))
    if 2 * len(ALONE.findall(data)) > high:
        return "cp1252" if _reads(data, "cp1252") and re.search(rb"[\x80-\x9f]", data) else "latin-1"
    for encoding in ("euc_jp", "shift_jis"):
        text = _reads(data, encoding)
        if text and len(KANA.findall(text)) * 4 > len(re.findall(r"[^\x00-\x7f]", text)):
            return encoding
    for encoding, known in (("gb2312", "gb18030"), ("big5", "big5"), ("gb18030", "gb18030"), ("euc_kr", "euc_kr")):
        if _reads(data, encoding):
            return known
    return "latin-1"


def _reads(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _advice(encoding: str) -> str:
    if encoding == "utf-16":
        return "It looks like utf-16, which Python does not read: save it as UTF-8."
    return f"It looks like {encoding}: then the first line `# -*- coding: {encoding} -*-` helps, or saving it as UTF-8."
