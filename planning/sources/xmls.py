"""XML without a DTD: the one way in which a reader here opens XML of a user."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset


class _Doctype(ET.ParseError):
    """A DTD stands in the file."""


class _NoDoctype(ET.TreeBuilder):
    """Builds the tree, and stops at a DTD."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
        """Refuse."""
        raise _Doctype(name)


def parse(path: Path, dataset: Dataset) -> ET.Element:
    """Return the root of an XML file.

    Raises
    ------
    InputRefused
        ``xml_dtd``, ``file_broken``.
    """
    try:
        root = ET.parse(path, parser=ET.XMLParser(target=_NoDoctype())).getroot()  # noqa: S314 - no DTD passes
    except _Doctype:
        raise InputRefused(Fault("xml_dtd", file=dataset.file)) from None
    except ET.ParseError as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)})) from None
    if root is None:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": "XML"}))
    return root
