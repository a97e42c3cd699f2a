"""Room `planning.sources`: names that stand twice, and names that only look different.

Names are kept byte for byte and nothing is merged: whether 花园一期 and 花园1期 are one is the planner's to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from planning import units as words
from planning.sources.draft import Draft

_TABLES: Final[Mapping[str, str]] = {
    "residential": "residential_id",
    "facilities": "facility_id",
    "candidates": "facility_id",
    "units": "unit_id",
}
_NAMED: Final = 3
_MARKS: Final = re.compile(r"[\s()\[\]{}<>〈〉《》【】「」·•・.,、。\-_—–/\\'\"“”‘’#]")
_NUMERALS: Final = re.compile("[零〇一二两三四五六七八九十]+")
_DIGITS: Final = {word: digit for digit, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SIMPLE: Final = str.maketrans(
    "東華國園灣龍鳳橋麗豐興業義門聖萬廣廈陽陰銀錦綠藍雲蘭樓臺號區縣鎮鄉邨雙榮慶壽觀頤養濱濟灘嶺峽齊齡總"
    "馬鳥魚頭長開關風飛車軒軍運達遠連進選邊還鐵鋼鐘錢鑫閣際陳隆電靈靜順領題顧館駿鴻黃點裏淩",
    "东华国园湾龙凤桥丽丰兴业义门圣万广厦阳阴银锦绿蓝云兰楼台号区县镇乡村双荣庆寿观颐养滨济滩岭峡齐龄总"
    "马鸟鱼头长开关风飞车轩军运达远连进选边还铁钢钟钱鑫阁际陈隆电灵静顺领题顾馆骏鸿黄点里凌",
)
"""Traditional characters common in place names; a likeness found this way is a suspicion and no more."""


def say_names(drafts: Mapping[str, Draft]) -> None:
    """Flag, in each table of places, rows of one name (``name_twice``), of names and of ids that look alike.

    ``id_alike``: different ids that are one after NFKC, such as A1 and Ａ1. ``name_alike``: equal after NFKC, without
    blanks and marks, numerals as digits, traditional characters as simplified ones. Units are compared within their
    type.
    """
    for table, key in _TABLES.items():
        if table in drafts:
            _say_ids(drafts[table], key)
            _say(drafts[table], key)


def _say_ids(one: Draft, key: str) -> None:
    ids = one.frame[key][~one.notes.marked("excluded")].dropna()
    plain = ids.map({word: unicodedata.normalize("NFKC", word) for word in ids.unique()})
    alike = plain.duplicated(keep=False) & ~ids.duplicated(keep=False)
    where = np.zeros(one.notes.size, dtype=bool)
    where[alike.index[alike]] = True
    one.notes.say("id_alike", "flagged", where, column=key, values=one.frame[key].to_numpy(dtype=object))


def _say(one: Draft, key: str) -> None:
    frame, notes = one.frame, one.notes
    live = ~notes.marked("excluded") & frame["name"].notna().to_numpy()
    rows = pd.DataFrame({"row": np.flatnonzero(live), "id": frame[key].to_numpy(dtype=object)[live]})
    rows["name"] = frame["name"].to_numpy(dtype=object)[live]
    rows["group"] = frame["type"].fillna("").to_numpy(dtype=object)[live] if notes.table == "units" else ""
    rows["plain"] = rows["name"].map({name: plain_name(name) for name in rows["name"].unique()})
    rows = rows[rows["plain"] != ""]
    same = rows[rows.duplicated(["group", "name"], keep=False)]
    _note(one, "name_twice", same, _others(same, ["group", "name"], same["id"]))
    distinct = rows.drop_duplicates(["group", "plain", "name"])
    alike = distinct[distinct.duplicated(["group", "plain"], keep=False)]
    alike = rows.merge(alike[["group", "plain"]].drop_duplicates(), on=["group", "plain"])
    _note(one, "name_alike", alike, _others(alike, ["group", "plain"], alike["name"]))


def _others(rows: pd.DataFrame, keys: list[str], words: pd.Series[Any]) -> pd.Series[Any]:
    """Return for each row the different words of its group but its own, the first few, the rest counted."""
    unique = rows.assign(word=words).drop_duplicates([*keys, "word"])
    listed = unique.groupby(keys, sort=False)["word"].agg(list)
    found = [
        _few([word for word in many if word != own])
        for many, own in zip(listed.reindex(rows.set_index(keys).index), words, strict=True)
    ]
    return pd.Series(found, index=rows.index, dtype=object)


def _few(words: list[str]) -> str:
    more = f" +{len(words) - _NAMED}" if len(words) > _NAMED else ""
    return "、".join(words[:_NAMED]) + more


def _note(one: Draft, code: str, rows: pd.DataFrame, said: pd.Series[Any]) -> None:
    where = np.zeros(one.notes.size, dtype=bool)
    shown = np.full(one.notes.size, "", dtype=object)
    told = said != ""
    where[rows["row"][told]] = True
    shown[rows["row"][told]] = rows["name"][told] + " ↔ " + said[told]
    one.notes.say(code, "flagged", where, column="name", values=shown)


def plain_name(name: str) -> str:
    """Return a name as it is compared: NFKC, no blanks or marks, numerals as digits, simplified characters."""
    text = words.normalise(name).translate(_SIMPLE)
    return _NUMERALS.sub(lambda found: _number(found.group()), _MARKS.sub("", text))


def _number(text: str) -> str:
    """Return Chinese numerals as digits: 十二 is 12, 二十 is 20, 二〇一五 is 2015."""
    if "十" not in text:
        return "".join(str(_DIGITS[word]) for word in text)
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return "".join("10" if word == "十" else str(_DIGITS[word]) for word in text)
    return str(10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0))
