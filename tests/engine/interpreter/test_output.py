"""What the script writes is kept; the caller's own streams come back."""

from __future__ import annotations

import io
import logging
import os
import sys

from bptui.engine.interpreter.output import Output


def test_only_what_was_written_since_the_mark_is_read() -> None:
    output = Output.in_process()
    output.stdout.write("before")
    mark = output.mark()
    with output.redirecting():
        print("héllo", end="")
        sys.stderr.write("\r 50%")
    assert output.since(mark) == ("héllo", "\r 50%")
    assert output.since(output.mark()) == ("", "")
    assert output.since((0, 0)) == ("beforehéllo", "\r 50%")


def test_the_callers_streams_come_back_also_after_an_exception() -> None:
    output = Output.in_process()
    before = sys.stdout, sys.stderr
    try:
        with output.redirecting():
            raise KeyError
    except KeyError:
        pass
    assert (sys.stdout, sys.stderr) == before


def test_a_stream_that_the_script_put_in_place_stays_for_its_next_lines_until_it_begins_again() -> None:
    output = Output.in_process()
    own = io.StringIO()
    with output.redirecting():
        sys.stdout = own
    assert sys.stdout is not own
    with output.redirecting():
        print("kept")
    assert own.getvalue() == "kept\n"
    output.forget()
    with output.redirecting():
        print("ours")
    assert output.since((0, 0)) == ("ours\n", "")


def test_a_log_handler_made_by_the_script_writes_there_later_too() -> None:
    output = Output.in_process()
    with output.redirecting():
        handler = logging.StreamHandler()
    handler.emit(logging.makeLogRecord({"msg": "later"}))
    assert output.since((0, 0)) == ("", "later\n")


def test_a_closed_stdout_does_no_harm() -> None:
    output = Output.in_process()
    with output.redirecting():
        print("last")
        sys.stdout.close()
    assert output.since((0, 0)) == ("last\n", "")


def test_bytes_that_are_not_text_are_replaced() -> None:
    output = Output.in_process()
    os.write(output.stdout.fileno(), b"a\xffb")
    assert output.since((0, 0))[0] == "a\ufffdb"
