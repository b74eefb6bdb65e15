"""An advisory lock on a file, which ends with the process that holds it, however that ends."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def try_lock(stream: IO[str]) -> bool:
        """Lock an open file unless another process holds it; return whether it is ours."""
        stream.seek(2**20)  # beyond the text, so that the holder can be read
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        stream.seek(0)
        return True

else:
    import fcntl

    def try_lock(stream: IO[str]) -> bool:
        """Lock an open file unless another process holds it; return whether it is ours."""
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
