"""Reads the lines of a file, with their numbers."""

import codecs
from collections.abc import Iterator

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.content import Content

MAX_LINE_BYTES = 2**20
_BLOCK_BYTES = 2**16


class Lines:
    """The lines of a file in order. `number` is that of the last line, counted from 1.

    `bytes_read` counts the decompressed bytes. Reading raises UsageError for damage, another encoding or a line of more
    than MAX_LINE_BYTES.
    """

    def __init__(self, content: Content) -> None:
        self.content = content
        self.number = 0
        self.bytes_read = 0
        self._pending: list[str] = []
        self._failure: UsageError | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pending.pop() if self._pending else self._read()
        if line is None:
            raise StopIteration
        self.number += 1
        return line

    def push_back(self, lines: list[str]) -> None:
        """Return the last lines, which are then read again."""
        self._pending += reversed(lines)
        self.number -= len(lines)

    def peek(self, count: int) -> list[str]:
        """Return the next lines, at most `count` and about MAX_LINE_BYTES, without taking them.

        Fewer are returned before a damaged line.
        """
        taken: list[str] = []
        size = 0
        try:
            for line in self:
                taken.append(line)
                size += len(line)
                if len(taken) == count or size > MAX_LINE_BYTES:
                    break
        except UsageError as error:
            self._failure = error  # raised again when reading comes to this line
        self.push_back(taken)
        return taken

    def blocks(self) -> Iterator[str]:
        """Yield the rest of the file in blocks, whose ends are not those of lines."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        while True:
            try:
                block = self.content.stream.read1(_BLOCK_BYTES)
                text = decoder.decode(block, final=not block)
            except self.content.damage as error:
                raise self._damage(error) from None
            self.bytes_read += len(block)
            if text:
                yield text
            if not block:
                return

    def _read(self) -> str | None:
        if self._failure is not None:
            raise self._failure
        number = self.number + 1
        try:
            raw = self.content.stream.readline(MAX_LINE_BYTES + 1)
        except self.content.damage as error:
            raise self._damage(error) from None
        if not raw:
            return None
        if len(raw) > MAX_LINE_BYTES:
            raise UsageError(f"{self.content.path}, line {number}: longer than {MAX_LINE_BYTES:,} bytes")
        self.bytes_read += len(raw)
        try:
            return raw.decode("utf-8-sig" if self.bytes_read == len(raw) else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{self.content.path}, line {number}: not UTF-8: {error.reason}; name the --encoding, like cp1252"
            ) from None

    def _damage(self, error: Exception) -> UsageError:
        place = f"{self.content.path}, after line {self.number}"
        if isinstance(error, UnicodeDecodeError):
            return UsageError(f"{place}: not {self.content.encoding}: {error.reason}; name the --encoding")
        if isinstance(error, OSError) and error.strerror is not None:
            return UsageError(f"{place}: {error.strerror}")
        return UsageError(f"{place}: damaged {self.content.compression or 'file'}: {error}")
