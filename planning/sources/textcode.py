"""Which encoding a text is in: what is stated, then strict UTF-8, then strict GB18030; and does it read as Chinese.

Almost any bytes decode as GB18030, so decoding alone proves nothing. What is decoded is weighed: Chinese as people
write it lives in level 1 of GB 2312 (the 3 755 commonest characters), UTF-8 misread as GBK hardly does. On the names of
166 595 housing estates, ten names weigh 0.91 or more, the same names misread 0.32 or less; `PLAUSIBLE` lies between.
Latin-1, which accepts any byte, is never tried, and a mark of it beside bytes above 0x7F is passed over.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from planning.errors import Fault, InputRefused

PLAUSIBLE: Final = 0.5
"""Text that weighs less, of at least `ENOUGH` letters, is not what was written."""
ENOUGH: Final = 4
_CERTAIN: Final = 0.8
_WIDE_SHARE: Final = 0.05
_WIDE_NOISE: Final = 0.01
_WEIGHED: Final = 20_000
_SHOWN: Final = 40
_LEVEL_1: Final = range(0xB0, 0xD8)
_LEVEL_2: Final = range(0xD8, 0xF8)
_LATIN: Final = frozenset(
    {"ascii", "iso8859-1", "iso8859-15", "cp1252", "cp1250", "cp437", "cp850", "mac-roman", "latin_1"}
)

Decode = Callable[[bytes, str], str]


@dataclass(frozen=True)
class Choice:
    """The encoding chosen, and what there is to say about it."""

    encoding: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Mark:
    """An encoding a file states of itself: where (``.cpg``), and as what; None where it is unknown or a Latin one."""

    where: str
    said: str
    encoding: str | None


def weight(text: str) -> tuple[float, int]:
    """Return how much ``text`` reads as Chinese, from 0 to 1, and of how many letters beyond ASCII that was told.

    A character of GB 2312 level 1 counts 1, of level 2 one half, any other letter 0; signs and digits do not count.
    Without letters the weight is 1: there is nothing to doubt.
    """
    found = Counter(text if len(text) <= _WEIGHED else "".join(re.findall(r"[^\x00-\x7f]", text))[:_WEIGHED])
    letters = {char: times for char, times in found.items() if char > "\x7f" and char.isalpha()}
    count = sum(letters.values())
    return (sum(_common(char) * times for char, times in letters.items()) / count if count else 1.0), count


def _common(char: str) -> float:
    try:
        lead = char.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if lead in _LEVEL_1 else 0.5 if lead in _LEVEL_2 else 0.0


def sample(text: str) -> str:
    """Return the first words beyond ASCII of a text, to be shown to a person."""
    words = re.findall(r"[^\x00-\x7f\s]+", text[: 1 << 20])
    return "、".join(dict.fromkeys(words))[:_SHOWN]


def known(name: str) -> str | None:
    """Return Python's name of an encoding as files state it (``936``, ``UTF8``); None for others and Latin ones."""
    word = name.strip().lower()
    number = word.removeprefix("ansi").removeprefix("cp").strip(" _-")
    numbered = {"936": "gbk", "54936": "gb18030", "65001": "utf-8", "950": "cp950", "932": "cp932", "oem": ""}
    try:
        found = codecs.lookup(numbered.get(number, word)).name
    except LookupError:
        return None
    return None if found in _LATIN else found


def choose(
    pieces: Sequence[bytes],
    *,
    file: str,
    stated: str | None = None,
    marks: Iterable[Mark] = (),
    decode: Decode = lambda raw, encoding: raw.decode(encoding),
) -> Choice:
    """Choose the encoding of ``pieces``, the text of a file that is not plain ASCII.

    Parameters
    ----------
    pieces : sequence of bytes
    file : str
        The name faults carry.
    stated : str, optional
        The plan's; it is taken or refused, never passed over.
    marks : iterable of Mark
        What the file states itself, the weightiest first.
    decode : callable
        Decodes one piece strictly.

    Returns
    -------
    Choice
        Faults: ``encoding_mark_wrong`` (a mark was passed over), ``encoding_guessed`` (no mark, and not UTF-8),
        ``encoding_doubtful`` (the plan's, but hardly Chinese); each with a sample.

    Raises
    ------
    InputRefused
        ``encoding_unknown``, ``encoding_latin``, ``encoding_undecided``, ``encoding_contradicted``,
        ``encoding_implausible``.
    """
    texts = _Texts(pieces, decode)
    if stated is not None:
        return _stated(stated, texts, file)
    passed: list[Mark] = []
    for mark in marks:
        if mark.encoding is not None and _holds(mark.encoding, texts):
            _refuse_implausible(mark.encoding, texts, file)
            return Choice(mark.encoding, _passed(passed, mark.encoding, texts, file))
        passed.append(mark)
    chosen = _guessed(texts, file)
    if chosen == "gb18030" and not passed:
        facts = {"said": chosen}
        said = Fault("encoding_guessed", "warning", file=file, value=sample(texts.get(chosen) or ""), facts=facts)
        return Choice(chosen, (said,))
    return Choice(chosen, _passed(passed, chosen, texts, file))


class _Texts:
    """The pieces decoded in one encoding after the other, each once."""

    def __init__(self, pieces: Sequence[bytes], decode: Decode) -> None:
        self._pieces, self._decode = pieces, decode
        self._made: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def get(self, encoding: str) -> str | None:
        """Return all text in ``encoding``, None where it does not decode."""
        if encoding not in self._made:
            try:
                self._made[encoding] = "\n".join(self._decode(piece, encoding) for piece in self._pieces)
            except (UnicodeDecodeError, LookupError):
                self._made[encoding] = None
        return self._made[encoding]

    def weight(self, encoding: str) -> float:
        """Return the weight of the text in ``encoding``; -1 where it does not decode."""
        text = self.get(encoding)
        return -1.0 if text is None else weight(text)[0]

    def where_not(self, encoding: str) -> str:
        """Return the first piece, in hexadecimal around the spot, that does not decode."""
        for number, piece in enumerate(self._pieces, start=1):
            try:
                self._decode(piece, encoding)
            except UnicodeDecodeError as error:
                spot = error.object[max(error.start - 2, 0) : error.end + 2].hex(" ").upper()
                line = error.object.count(b"\n", 0, error.start) + 1 if len(self._pieces) == 1 else number
                return f"{line}: {spot}"
        return ""


def _stated(stated: str, texts: _Texts, file: str) -> Choice:
    """Hold the plan's encoding against the bytes."""
    try:
        name = codecs.lookup(stated).name
    except LookupError:
        raise InputRefused(Fault("encoding_unknown", file=file, value=stated)) from None
    if name in _LATIN and texts:
        raise InputRefused(Fault("encoding_latin", file=file, value=stated))
    if texts.get(stated) is None:
        facts = {"where": texts.where_not(stated)}
        raise InputRefused(Fault("encoding_undecided", file=file, value=stated, facts=facts))
    text = texts.get(stated) or ""
    if _plausible(text):
        return Choice(stated)
    for other in ("utf-8", "gb18030"):
        if other != name and texts.weight(other) >= _CERTAIN:
            facts = {"read": sample(text), "other": other, "other_read": sample(texts.get(other) or "")}
            raise InputRefused(Fault("encoding_contradicted", file=file, value=stated, facts=facts))
    return Choice(
        stated, (Fault("encoding_doubtful", "warning", file=file, value=sample(text), facts={"said": stated}),)
    )


def _holds(encoding: str, texts: _Texts) -> bool:
    """Say whether a mark can be right: it decodes, and no other encoding reads as Chinese where it does not."""
    text = texts.get(encoding)
    if text is None:
        return False
    other = "gb18030" if encoding == "utf-8" else "utf-8"
    return _plausible(text) or texts.weight(other) < _CERTAIN


def _guessed(texts: _Texts, file: str) -> str:
    """Try strict UTF-8, then strict GB18030, and weigh them where both decode."""
    utf8, gbk = texts.get("utf-8"), texts.get("gb18030")
    if utf8 is not None and (gbk is None or _is_chinese(utf8) or not _is_chinese(gbk)):
        return "utf-8"
    if gbk is None:
        facts = {"where": texts.where_not("utf-8")}
        raise InputRefused(Fault("encoding_undecided", file=file, value="utf-8、gb18030", facts=facts))
    _refuse_implausible("gb18030", texts, file)
    return "gb18030"


def _is_chinese(text: str) -> bool:
    """Say whether there are letters beyond ASCII, and whether they are Chinese beyond doubt."""
    share, letters = weight(text)
    return letters > 0 and share >= _CERTAIN


def _passed(marks: list[Mark], chosen: str, texts: _Texts, file: str) -> tuple[Fault, ...]:
    """Return a warning for every mark passed over, with a sample of what was read instead."""
    if not texts:
        return ()
    facts = {"said": chosen, "read": sample(texts.get(chosen) or "")}
    return tuple(
        Fault("encoding_mark_wrong", "warning", file=file, value=mark.said, facts={"where": mark.where, **facts})
        for mark in marks
    )


def _refuse_implausible(encoding: str, texts: _Texts, file: str) -> None:
    """Refuse a text that decodes but hardly reads as Chinese; valid UTF-8 is believed whatever it says."""
    text = texts.get(encoding) or ""
    if encoding != "utf-8" and not _plausible(text):
        facts = {"said": encoding}
        raise InputRefused(Fault("encoding_implausible", file=file, value=sample(text), facts=facts))


def _plausible(text: str) -> bool:
    share, letters = weight(text)
    return letters < ENOUGH or share >= PLAUSIBLE


def utf16(data: bytes) -> str | None:
    """Return which UTF-16 a text without byte order mark is in, None where it is none.

    In UTF-16 every ASCII sign (separators, digits, line ends) brings a zero byte, all at even or all at odd places; no
    other text has a zero byte at all.
    """
    head = data[: 1 << 16]
    if len(data) % 2 or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    few, many = sorted((even, odd))
    if many < max(ENOUGH, _WIDE_SHARE * len(head) / 2) or few > _WIDE_NOISE * many:
        return None
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return None
    return name if "\0" not in text and "\n" in text and _plausible(text) else None


def mojibake(text: str) -> str | None:
    """Return what a text that was misread earlier says: UTF-8 read as GBK, or Chinese read as Latin-1; else None.

    Characters that an earlier conversion lost cannot be had back; what is returned is for showing, not for use.
    """
    if _plausible(text):
        return None
    for wrong, right in (("gb18030", "utf-8"), ("cp1252", "gb18030"), ("cp1252", "utf-8"), ("latin-1", "gb18030")):
        better = text.encode(wrong, errors="ignore").decode(right, errors="ignore")
        if weight(better)[0] >= _CERTAIN and weight(better)[1] >= ENOUGH:
            return better
    return None
