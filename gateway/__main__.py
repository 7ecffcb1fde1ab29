"""``python -m gateway``: serves until Ctrl-C. ``python -m gateway keys``: API keys. ``python -m
gateway doctor``: says what is wrong."""

from __future__ import annotations

import argparse
import sys

from settings import load_settings
from visavis.proxies import keep_proxies_outside

from .access.command import add_keys_command, run_keys_command
from .doctor import add_doctor_command, run_doctor_command
from .serve import serve


def main(arguments: list[str]) -> int:
    """Runs the command that ``arguments`` name; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway", description="Serves the API and the page, unless told otherwise."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until Ctrl-C; the default")
    add_keys_command(commands)
    add_doctor_command(commands)
    given = parser.parse_args(arguments)
    settings = load_settings()
    if given.command == "keys":
        return run_keys_command(given, settings)
    keep_proxies_outside(settings.livekit_url)
    if given.command == "doctor":
        return run_doctor_command(given, settings)
    serve(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
