"""A file is either the old one or the new one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from qauvern.errors import QauvernError
from qauvern.files import copy_atomically, write_text_atomically


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestWriteTextAtomically:
    def test_a_new_file_gets_what_the_umask_allows(self, tmp_path: Path) -> None:
        path = tmp_path / "config.yaml"
        write_text_atomically(path, "é\n")
        assert path.read_bytes() == "é\n".encode()
        assert mode(path) == 0o644
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize(("private", "expected"), [(False, 0o664), (True, 0o600)])
    def test_an_existing_file_keeps_its_mode_unless_it_is_to_be_private(
        self, tmp_path: Path, private: bool, expected: int
    ) -> None:
        path = tmp_path / "config.yaml"
        path.write_text("old")
        path.chmod(0o664)
        write_text_atomically(path, "new", private=private)
        assert path.read_text() == "new"
        assert mode(path) == expected

    def test_a_new_private_file_is_its_owners_alone(self, tmp_path: Path) -> None:
        write_text_atomically(tmp_path / "plan.json", "new", private=True)
        assert mode(tmp_path / "plan.json") == 0o600

    @pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing yet"])
    def test_a_symbolic_link_stays_one(self, tmp_path: Path, exists: bool) -> None:
        target = tmp_path / "real" / "config.yaml"
        target.parent.mkdir()
        if exists:
            target.write_text("old")
        link = tmp_path / "config.yaml"
        link.symlink_to(target)
        write_text_atomically(link, "new")
        assert link.is_symlink()
        assert target.read_text() == "new"

    def test_a_failure_leaves_the_old_file_and_no_other(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "config.yaml"
        path.write_text("old")

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(QauvernError, match="No space left on device"):
            write_text_atomically(path, "new")
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_an_interrupt_leaves_no_temporary_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(_: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_text_atomically(tmp_path / "config.yaml", "new")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "answer"),
        [("", "it is a folder"), ("none/config.yaml", "No such file"), ("a\0b", "null"), ("x" * 300, "too long")],
    )
    def test_places_that_cannot_be_written(self, tmp_path: Path, name: str, answer: str) -> None:
        with pytest.raises(QauvernError, match=answer):
            write_text_atomically(tmp_path / name, "new")

    def test_a_loop_of_links_and_a_pipe(self, tmp_path: Path) -> None:
        loop = tmp_path / "loop"
        loop.symlink_to(loop)
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (loop, pipe):
            with pytest.raises(QauvernError, match="cannot be written"):
                write_text_atomically(path, "new")
        assert loop.is_symlink()

    def test_text_that_is_not_unicode(self, tmp_path: Path) -> None:
        with pytest.raises(QauvernError, match="cannot be written"):
            write_text_atomically(tmp_path / "a", "\ud800")


class TestCopyAtomically:
    def test_takes_content_permissions_and_times_over(self, tmp_path: Path) -> None:
        source, target = tmp_path / "config.yaml", tmp_path / "config.yaml.bak"
        source.write_text("new")
        source.chmod(0o640)
        os.utime(source, ns=(1_000_000_000, 2_000_000_000))
        target.write_text("old")
        copy_atomically(source, target)
        assert (target.read_text(), mode(target), target.stat().st_mtime_ns) == ("new", 0o640, 2_000_000_000)

    def test_leaves_the_target_as_it_was_where_the_source_cannot_be_read(self, tmp_path: Path) -> None:
        target = tmp_path / "config.yaml.bak"
        target.write_text("old")
        with pytest.raises(FileNotFoundError):
            copy_atomically(tmp_path / "nothing", target)
        assert target.read_text() == "old"
