"""The first lines that run: whoever presses Ctrl-C while the rest is still being read sees no traceback."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs for longer listens for itself


def main() -> None:
    """The command ``xiangyin``."""
    from gateway.cli import main as command_line

    command_line()
