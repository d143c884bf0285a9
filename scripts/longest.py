"""Prints the five longest functions and files: that is where bugs hide.

Runs in: any
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREES = ("kea_mp", "workers", "tests", "scripts")


def functions(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and place of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def main() -> None:
    files = [path for tree in TREES for path in sorted((ROOT / tree).rglob("*.py"))]
    every = [found for path in files for found in functions(path)]
    sizes = [(len(path.read_text().splitlines()), str(path.relative_to(ROOT))) for path in files]
    for title, rows in (("functions", every), ("files", sizes)):
        print(f"longest {title}:")
        for lines, place in sorted(rows, reverse=True)[:5]:
            print(f"  {lines:5} {place}")


if __name__ == "__main__":
    main()
