"""What the operating system says of an error, in words that can be translated; it says it in English only."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from socket import EAI_AGAIN, EAI_FAIL, EAI_NODATA, EAI_NONAME, gaierror

from scheduler.texts import Text

_SYSTEM: Mapping[int | None, Text] = {
    errno.EACCES: Text("Permission denied"),
    errno.EADDRINUSE: Text("Address already in use"),
    errno.EADDRNOTAVAIL: Text("Cannot assign requested address"),
    errno.EBUSY: Text("Device or resource busy"),
    errno.ECONNABORTED: Text("Software caused connection abort"),
    errno.ECONNREFUSED: Text("Connection refused"),
    errno.ECONNRESET: Text("Connection reset by peer"),
    errno.EDQUOT: Text("Disk quota exceeded"),
    errno.EEXIST: Text("File exists"),
    errno.EFBIG: Text("File too large"),
    errno.EHOSTUNREACH: Text("No route to host"),
    errno.EIO: Text("Input/output error"),
    errno.EISDIR: Text("Is a directory"),
    errno.ELOOP: Text("Too many levels of symbolic links"),
    errno.EMFILE: Text("Too many open files"),
    errno.ENAMETOOLONG: Text("File name too long"),
    errno.ENETDOWN: Text("Network is down"),
    errno.ENETUNREACH: Text("Network is unreachable"),
    errno.ENFILE: Text("Too many open files in system"),
    errno.ENOENT: Text("No such file or directory"),
    errno.ENOEXEC: Text("Exec format error"),
    errno.ENOMEM: Text("Cannot allocate memory"),
    errno.ENOSPC: Text("No space left on device"),
    errno.ENOTDIR: Text("Not a directory"),
    errno.ENOTEMPTY: Text("Directory not empty"),
    errno.EPERM: Text("Operation not permitted"),
    errno.EPIPE: Text("Broken pipe"),
    errno.EROFS: Text("Read-only file system"),
    errno.ESTALE: Text("Stale file handle"),
    errno.ETIMEDOUT: Text("Connection timed out"),
}
_RESOLVER: Mapping[int | None, Text] = {
    EAI_AGAIN: Text("Temporary failure in name resolution"),
    EAI_FAIL: Text("Non-recoverable failure in name resolution"),
    EAI_NODATA: Text("No address associated with hostname"),
    EAI_NONAME: Text("Name or service not known"),
}


def word_system(error: BaseException) -> str:
    """Return why something failed, to be translated if the system often says it; else in the words of the error."""
    known: Text | None = None
    match error:
        case gaierror():
            known = _RESOLVER.get(error.errno)
        case TimeoutError(strerror=None):
            known = Text("no answer in time")
        case OSError(errno=int(number), strerror=str(words)) if words.startswith(os.strerror(number)):
            known = _SYSTEM.get(number)  # TLS has the same numbers, with other words; Python may add where it happened
    return known or getattr(error, "strerror", None) or str(error) or type(error).__name__
