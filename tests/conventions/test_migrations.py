"""Migrations stand in one row, as their files are numbered: two that were written side by side would both be last."""

from pathlib import Path

from alembic.script import ScriptDirectory

from tests.conventions.reading import ROOT


def test_each_migration_follows_the_file_before() -> None:
    rows = ScriptDirectory(str(ROOT / "migrations"))
    in_row = [Path(one.path).name for one in reversed(list(rows.walk_revisions()))]
    assert rows.get_heads() == [rows.get_current_head()]
    assert in_row == sorted(in_row)
    assert len({name[:4] for name in in_row}) == len(in_row)
