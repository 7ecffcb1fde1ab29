"""``python -m sculpt fetch``, ``build [NAME…]``, ``sheet [NAME…] --out FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .sources import SourceError

_HERE = Path(__file__).parents[1]


def main() -> int:
    """Run one step; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sculpt", description=__doc__)
    parser.add_argument("step", choices=["fetch", "build", "sheet"])
    parser.add_argument("names", nargs="*", help="amy, ben, maya (default: all)")
    parser.add_argument("--inputs", type=Path, default=_HERE / ".cache/inputs")
    parser.add_argument("--out", type=Path, default=_HERE / "out", help="folder for the results")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        if args.step == "fetch":
            from .sources import fetch

            print(f"{fetch(args.inputs)} files fetched into {args.inputs}")
        elif args.step == "build":
            _build(args.names, args.inputs, args.out)
        else:
            from .sheet import draw_sheets

            draw_sheets(args.names, args.out)
    except SourceError as error:
        sys.stderr.write(f"sculpt: {error}\n")
        return 1
    return 0


def _build(names: list[str], inputs: Path, out: Path) -> None:
    from .build import build_head
    from .people import PEOPLE
    from .report import describe, write_report
    from .sources import check

    check(inputs)
    entries = {}
    for name in names or sorted(PEOPLE):
        path = out / f"{name}.glb"
        entries[name] = describe(path, build_head(inputs, PEOPLE[name], path))
        print(
            f"{path}: {entries[name]['bytes']} bytes, {entries[name]['triangles']['all']} triangles"
        )
    write_report(entries)


if __name__ == "__main__":
    sys.exit(main())
