"""Writing a file so that it is either the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from qauvern.errors import QauvernError, Remedy


def write_text_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Puts the text, as UTF-8, in place of the file, or makes it.

    It goes to a temporary file in the same folder first, which then takes the file's place. A symbolic link stays
    one, and its target is written. An existing file keeps its permissions and, where this process may give it away,
    its owner; a new one gets what the umask allows. A `private` one is its owner's alone in any case (0600).

    Raises:
        QauvernError: the file cannot be written; it is as it was.
    """
    try:
        content = text.encode("utf-8")
        target = Path(os.path.realpath(path))
        _replace(target, content, _existing(target), private=private)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise QauvernError(
            f"{path} cannot be written ({reason}), and was left as it was", remedy=Remedy.WRITE_ELSEWHERE, path=path
        ) from error


def copy_atomically(source: Path, target: Path) -> None:
    """Puts a copy of the source, with its permissions and times, in place of the target, or makes it.

    A symbolic link at the target is replaced, not followed.

    Raises:
        OSError: the source cannot be read or the target not written; the target is as it was.
    """
    status = source.stat()
    _replace(target, source.read_bytes(), status, private=False)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _existing(target: Path) -> os.stat_result | None:
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise OSError("it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")
    return status


def _replace(target: Path, content: bytes, existing: os.stat_result | None, *, private: bool) -> None:
    kept = None if private else existing
    temporary = target.with_name(f".qauvern-{secrets.token_hex(8)}.tmp")
    # Narrow until the content of a private file has its own permissions again.
    created_mode = 0o666 if kept is None and not private else 0o600
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, created_mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if kept is not None:
                _take_over(temporary, kept)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _take_over(temporary: Path, kept: os.stat_result) -> None:
    own = temporary.stat()
    if hasattr(os, "chown") and (own.st_uid, own.st_gid) != (kept.st_uid, kept.st_gid):
        with suppress(OSError):
            os.chown(temporary, kept.st_uid, kept.st_gid)
    temporary.chmod(stat.S_IMODE(kept.st_mode))


def _sync_folder(folder: Path) -> None:
    """Makes the replacement itself last. The file is in place by now: a file system that cannot do this is no error."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
