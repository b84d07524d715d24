"""Opens a file or a pipe as a stream of UTF-8: decompressed and re-encoded."""

import bz2
import codecs
import gzip
import io
import lzma
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from iotflow.cli.errors import UsageError

_SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"PK\x03\x04": "zip",
}
_SIGNATURE_BYTES = 8
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 first: its mark begins with that of UTF-16."""
_UTF8 = ("utf-8", "utf-8-sig")
_BLOCK_BYTES = 2**16
_DAMAGE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    UnicodeDecodeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


class _Readable(Protocol):
    def read1(self, size: int = ..., /) -> bytes: ...


class _CountedStream(io.RawIOBase):
    """A stream that counts the bytes read. `start` was read before, to detect the format."""

    def __init__(self, stream: _Readable, start: bytes) -> None:
        self._stream = stream
        self._start = start
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # any buffer
        block = self._start[: len(buffer)]
        if block:
            self._start = self._start[len(block) :]
        else:
            block = self._stream.read1(len(buffer))
        buffer[: len(block)] = block
        self.count += len(block)
        return len(block)


class _RecodedStream(io.RawIOBase):
    """A stream of another encoding as UTF-8. Reading raises UnicodeDecodeError."""

    def __init__(self, stream: _Readable, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # any buffer
        is_end = False
        while not self._rest and not is_end:
            block = self._stream.read1(_BLOCK_BYTES)
            is_end = not block
            self._rest = self._decoder.decode(block, final=is_end).encode("utf-8", "surrogatepass")
        part = self._rest[: len(buffer)]
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


@dataclass(frozen=True, slots=True)
class Content:
    """An open file. `size` is its size in bytes, None for a pipe; `damage` lists the errors of reading."""

    path: Path
    stream: io.BufferedReader
    size: int | None
    compression: str | None
    encoding: str
    damage: tuple[type[Exception], ...]
    _raw: _CountedStream

    @property
    def name(self) -> str:
        """The name to show."""
        return "standard input" if str(self.path) == "-" else self.path.name

    @property
    def position(self) -> int:
        """The number of bytes read of the file itself, up to `size`."""
        return self._raw.count


@contextmanager
def open_content(path: Path, encoding: str | None) -> Iterator[Content]:
    """Open a file, or standard input for `-`. Raises UsageError if it is unreadable or its encoding unknown."""
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise UsageError(f"--encoding {encoding}: unknown; try utf-8, utf-16, cp1252 or latin-1") from None
    with ExitStack() as stack:
        try:
            file = _standard_input() if str(path) == "-" else stack.enter_context(path.open("rb"))
            size = None if str(path) == "-" else _regular_size(path)
            start = file.read(_SIGNATURE_BYTES)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        compression = next((name for sign, name in _SIGNATURES.items() if start.startswith(sign)), None)
        if compression == "zip" and size is None:
            raise UsageError(
                f"{path}: a zip archive cannot be read from a pipe; use unzip -p ARCHIVE | iotflow import -"
            )
        raw = _CountedStream(file, start)
        damage = _DAMAGE
        if compression == "zip":
            file.seek(0)
            stream = _open_zip(path, raw, stack)
        else:
            stream, more = _decompress(path, compression, io.BufferedReader(raw, _BLOCK_BYTES))
            damage += more
        found = encoding or _detect_encoding(stream, damage)
        if found.lower() not in _UTF8:
            stream = io.BufferedReader(_RecodedStream(stream, found), _BLOCK_BYTES)
        yield Content(path, stream, size, compression, found, damage, raw)


def _standard_input() -> io.BufferedIOBase:
    stream = sys.stdin.buffer
    if not isinstance(stream, io.BufferedIOBase):
        raise UsageError("-: standard input is no stream of bytes")
    return stream


def _regular_size(path: Path) -> int | None:
    status = path.stat()
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _decompress(
    path: Path, compression: str | None, raw: io.BufferedReader
) -> tuple[io.BufferedReader, tuple[type[Exception], ...]]:
    """Return the decompressed stream and further errors that damage raises."""
    match compression:
        case "gzip":
            return io.BufferedReader(gzip.open(raw), _BLOCK_BYTES), ()
        case "bz2":
            return io.BufferedReader(bz2.open(raw), _BLOCK_BYTES), ()
        case "xz":
            return io.BufferedReader(lzma.open(raw), _BLOCK_BYTES), ()
        case "zst":
            try:
                from backports import zstd
            except ImportError:
                raise UsageError(
                    f"{path}: zst needs a package: pip install 'iotflow[zst]', or zstdcat FILE | iotflow import -"
                ) from None
            return io.BufferedReader(zstd.open(raw), _BLOCK_BYTES), (zstd.ZstdError,)
        case _:
            return raw, ()


def _open_zip(path: Path, raw: _CountedStream, stack: ExitStack) -> io.BufferedReader:
    """Open the only file of an archive. Raises UsageError."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        if len(names) != 1:
            raise UsageError(
                f"{path}: the archive has {len(names)} files; import one with unzip -p ARCHIVE NAME | iotflow import -"
            )
        member = cast(zipfile.ZipExtFile, stack.enter_context(archive.open(names[0])))
        return io.BufferedReader(member, _BLOCK_BYTES)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise UsageError(f"{path}: damaged or encrypted zip: {error}") from None


def _detect_encoding(stream: io.BufferedReader, damage: tuple[type[Exception], ...]) -> str:
    try:
        start = stream.peek(4)
    except damage:
        return "utf-8"  # the first read reports the damage
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    return "utf-8"
