"""Where a debuggee starts: this file is run by its path, in a Python in which bptui need not be installed.

bptui is loaded from where it lies. The directory that holds it stays out of `sys.path`: it may be another Python's
site-packages, from which the script must not import.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if entry != HERE]  # Python put it there, since it runs this file

import importlib.util  # noqa: E402 (after `sys.path` is right)
import signal  # noqa: E402


def load_bptui() -> None:
    """Make `import bptui` find the package that this file belongs to."""
    package = os.path.dirname(HERE)
    spec = importlib.util.spec_from_file_location(
        "bptui", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["bptui"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["bptui"])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the server handles it
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever says --python may name an older one)
        sys.exit("bptui needs Python 3.11 or newer; this is %s" % sys.version.split()[0])  # noqa: UP031
    load_bptui()
    from functools import partial

    from bptui.engine.server import main, open_script

    link_file, beacon_file, seed = map(int, sys.argv[1:])
    main(link_file, beacon_file, partial(open_script, seed=seed))
