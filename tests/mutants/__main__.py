"""`python -m tests.mutants [PART OF A NAME …]`: run every test on its mutants and print a table; exit 1 where a mutant
lives, a test has none, or a mutant no longer fits the sources."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("adversary", "conventions", "rights", "races")
COPIED = ("labshare", "migrations", "templates", "tests", "docs")
LINKED = (".venv", "static", "frontend", "config.py", "pyproject.toml", "Makefile", "README.md")
PATIENCE_SECONDS = 1_800
SEQUENCES = "150"
"""Of the adversary on each mutant; what it finds it mostly finds in the first ten."""
FAILED = 1
"""pytest's exit code where tests ran and some failed; others mean that nothing was tried."""


def every_test() -> Iterator[str]:
    """`folder/file.py::test` of each test function, parametrised ones once."""
    for folder in FOLDERS:
        for file in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield f"{folder}/{file.name}::{node.name}"


def make_copy(folder: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    for name in LINKED:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)


def misfits(mutant: Mutant) -> list[str]:
    """Edits whose text is not there exactly once: the sources have changed since."""
    return [
        f"{mutant.test}: {edit.file} does not hold {edit.old!r} once"
        for edit in mutant.edits
        if edit.old and (ROOT / edit.file).read_text().count(edit.old) != 1
    ]


def run(copy: Path, engine: str, *tests: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:schemathesis",
            *(f"tests/{test}" for test in tests),
        ],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS * len(tests),
        env={"LABSHARE_ADVERSARIES": SEQUENCES} | os.environ | {"PYTHONPATH": str(copy), "LABSHARE_TEST_DB": engine},
    )


def failing_anyway(mutants: Sequence[Mutant], copy: Path) -> set[tuple[str, str]]:
    """(test, engine) of those that fail where nothing is wrong: they would notice everything."""
    found = set()
    for engine in sorted({mutant.engine for mutant in mutants}):
        tests = {mutant.test + mutant.only: mutant.test for mutant in mutants if mutant.engine == engine}
        ran = run(copy, engine, *tests)
        failed = re.findall(r"^(?:FAILED|ERROR) tests/([^\s\[]+)", ran.stdout, re.MULTILINE)
        found |= {(test, engine) for test in tests.values() if test in failed or test.split("::")[0] in failed}
        print(f"{engine}: {len(tests)} tests as they are: {ran.stdout.strip().splitlines()[-1]}", flush=True)
    return found


def tried(mutant: Mutant, copy: Path) -> tuple[bool, str]:
    """Whether the test noticed the mutant, and how it failed; or what happened instead."""
    kept = {edit.file: (copy / edit.file).read_text() for edit in mutant.edits}
    for edit in mutant.edits:
        source = (copy / edit.file).read_text()
        changed = source.replace(edit.old, edit.new) if edit.old else f"{source.rstrip()}\n\n\n{edit.new}\n"
        (copy / edit.file).write_text(changed)
    try:
        ran = run(copy, mutant.engine, mutant.test + mutant.only)
    except subprocess.TimeoutExpired:
        return False, "ran too long"
    finally:
        for file, source in kept.items():
            (copy / file).write_text(source)
    failed = re.search(r"^FAILED \S+::\w+(?:\[.*?\])?(?: - (.*))?$", ran.stdout, re.MULTILINE)
    if ran.returncode == 0:
        return False, "it passes"
    if ran.returncode != FAILED or failed is None:
        return False, f"not tried, pytest ended with {ran.returncode}: {(ran.stdout + ran.stderr).strip()[-400:]}"
    if "Failed: Timeout" in ran.stdout:
        return False, "timed out, which says nothing"
    reason = re.search(r"^E +(.+)$", ran.stdout, re.MULTILINE)
    return True, failed[1] or (reason[1] if reason else "")


def main(wanted: Sequence[str]) -> int:
    tests = list(every_test())
    wrong = [f"{test}: no mutant" for test in tests if test not in {mutant.test for mutant in MUTANTS}]
    wrong += [f"{mutant.test}: no such test" for mutant in MUTANTS if mutant.test not in tests]
    chosen = [one for one in MUTANTS if not wanted or any(part in one.test for part in wanted)]
    wrong += [misfit for mutant in chosen for misfit in misfits(mutant)]
    lived = 0
    with tempfile.TemporaryDirectory(prefix="labshare-mutants-") as folder:
        make_copy(Path(folder))
        fitting = [mutant for mutant in chosen if mutant.test in tests and not misfits(mutant)]
        anyway = failing_anyway(fitting, Path(folder))
        wrong += [f"{test} ({engine}): fails where nothing is wrong" for test, engine in sorted(anyway)]
        for mutant in fitting:
            if (mutant.test, mutant.engine) in anyway:
                continue
            begun = time.monotonic()
            noticed, how = tried(mutant, Path(folder))
            lived += not noticed
            print(
                f"{'noticed' if noticed else 'LIVES':8}{time.monotonic() - begun:6.1f} s  {mutant.test} "
                f"({mutant.engine}): {mutant.wrong} -> {how[:100]}",
                flush=True,
            )
    print("\n".join(wrong))
    print(f"{len(tests)} tests, {len(chosen)} mutants tried, {lived} not noticed, {len(wrong)} missing or misfitting")
    return 1 if lived or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
