"""Reads one text out of a JSON object that comes in pieces, cut anywhere."""

from __future__ import annotations

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)


class JsonField:
    """The text of a field of the outermost object, as far as it has come; keys are compared in lower case."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth, self._key, self._awaits_key = 0, "", False
        self._string: _JsonString | None = None
        self._found: _JsonString | None = None

    @property
    def text(self) -> str:
        """What is known of it."""
        return self._found.text if self._found else ""

    @property
    def closed(self) -> bool:
        """Whether that is all."""
        return self._found is not None and self._found.closed

    def feed(self, piece: str) -> None:
        """The next piece of the object."""
        for sign in piece:
            if self.closed:
                return
            if self._string:
                self._add(self._string, sign)
            else:
                self._between(sign)

    def _add(self, string: _JsonString, sign: str) -> None:
        string.add(sign)
        if string.closed:
            self._string = None
            if self._awaits_key and self._depth == 1:
                self._key, self._awaits_key = string.text.strip().lower(), False

    def _between(self, sign: str) -> None:
        if sign == '"':
            self._string = _JsonString()
            if self._depth == 1 and not self._awaits_key and self._key == self._name:
                self._found = self._string
        elif sign in "{[":
            self._depth += 1
            self._awaits_key = self._depth == 1
        elif sign in "}]":
            self._depth -= 1
        elif sign == ",":
            self._awaits_key, self._key = True, ""


class _JsonString:
    """A string from behind its opening quotation mark; what comes after an escape that means nothing is not read."""

    def __init__(self) -> None:
        self._signs: list[str] = []
        self._escape, self._high = "", 0
        self._broken = False
        self.closed = False

    @property
    def text(self) -> str:
        """What has come; half of a surrogate pair waits for the other."""
        return "".join(self._signs)

    def add(self, sign: str) -> None:
        if self._escape:
            self._escape += sign
            self._unescape()
        elif sign == "\\":
            self._escape = sign
        elif sign == '"':
            self.closed = True
        else:
            self._say(sign)

    def _unescape(self) -> None:
        if self._escape[1] != "u":
            self._say(_ESCAPED.get(self._escape[1], ""))
        elif len(self._escape) == 6:
            self._unescape_code(self._escape[2:])
        else:
            return
        self._escape = ""

    def _unescape_code(self, digits: str) -> None:
        try:
            code = int(digits, 16)
        except ValueError:
            self._say("")
            return
        if code in _HIGH:
            self._high = code
        elif code in _LOW and self._high:
            self._say(chr(0x10000 + ((self._high - _HIGH.start) << 10) + code - _LOW.start))
        else:
            self._say(chr(code))

    def _say(self, sign: str) -> None:
        self._high = 0
        self._broken = self._broken or not sign
        if not self._broken:
            self._signs.append(sign)
