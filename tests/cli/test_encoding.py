"""A script that is not in UTF-8 is told which encoding it looks like."""

from __future__ import annotations

import pytest

from bptui.cli.encoding import complaint, likely

CHINESE, JAPANESE, GERMAN = (
    "# 訓練循環：計算損失與梯度",
    "# これは学習のループです。ロスをけいさんする",
    "# Übergröße über die Flächen",
)
SIMPLE = "# 训练循环：计算损失与梯度"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLE, "gb18030"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"), (GERMAN, "latin-1"),
        (CHINESE.replace("：", ""), "big5"), (SIMPLE, "utf-16"), (f"{GERMAN} – 5 €", "cp1252"),
    ],
)  # fmt: skip
def test_the_encoding_is_recognised(text: str, encoding: str) -> None:
    assert likely(f"import torch\n{text}\nprint('ok')\n".encode(encoding)) == encoding


def test_it_says_what_python_says_and_which_line_to_add() -> None:
    said = complaint(f"import torch\n{SIMPLE}\n".encode("gbk"))
    assert said.startswith("cannot be read: Non-UTF-8 code starting with '\\xc1' on line 2, but no encoding declared. ")
    assert "the first line `# -*- coding: gb18030 -*-` helps" in said


def test_what_is_no_text_is_no_script() -> None:
    assert complaint(b"\x7fELF\0\0\xff") == "is not a Python script: it holds null bytes."
    assert "declare an encoding" in complaint(b"# coding: nosuch\n")
