"""Room `planning.report`: a planner's own Word template, filled in.

The template is a stranger's: it is opened with care, its tags run in a sandbox that knows the fields and nothing else,
and whatever is wrong with it is said with the place.
"""

from __future__ import annotations

import difflib
import functools
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from planning import texts, word
from planning.errors import Fault, InputRefused
from planning.report._fields import ROOTS, fields
from planning.report._scene import Scene
from planning.sources import zips

_KINDS: Final = "[Content_Types].xml"
_WIDTH_MM: Final = 160.0
_LARGEST: Final = 64 << 20
_FILTERS: Final = ("count", "d", "default", "first", "float", "int", "join", "last", "length", "lower", "rejectattr",
                   "replace", "round", "selectattr", "sort", "sum", "trim", "truncate", "upper")  # fmt: skip
_TESTS: Final = ("defined", "undefined", "none", "number", "string", "eq", "equalto", "==", "ne", "!=", "lt", "<", "le",
                 "<=", "gt", ">", "ge", ">=", "in", "even", "odd", "true", "false")  # fmt: skip
_BROKEN: Final = (
    zipfile.BadZipFile, OpcError, KeyError, ValueError, AttributeError, IndexError, EOFError, SyntaxError,
)  # fmt: skip
_FAILED: Final = (
    TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, SyntaxError, AssertionError,
)  # fmt: skip
_REFUSED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "()", nodes.Concat: "~", nodes.Macro: "macro", nodes.CallBlock: "call", nodes.FilterBlock: "filter",
    nodes.AssignBlock: "set", nodes.Block: "block", nodes.Include: "include", nodes.Import: "import",
    nodes.FromImport: "import", nodes.Extends: "extends",
}  # fmt: skip
"""Ways of the engine that a template does not need, by which it could make much of little or reach elsewhere."""
_FETCHING: Final = re.compile(r"\s*(?:DDE|INCLUDETEXT|INCLUDEPICTURE)", re.IGNORECASE)
_MOST_LETTERS: Final = 64 << 20
_LONGEST_WORD: Final = 100
_LONGEST_TEXT: Final = 1_000_000


def check(path: Path) -> tuple[Fault, ...]:
    """Return what is wrong with a template as far as it can be told without a result.

    Returns
    -------
    tuple of Fault
        ``template_not_found``, ``template_not_docx``, ``template_macros``, ``template_outside``, ``zip_bomb`` or
        ``zip_unsafe``;
        ``template_syntax`` with the paragraph; ``template_field`` for every name that is no field.
    """
    try:
        engine = _opened(path)
        return tuple(_faults(engine, path))
    except InputRefused as refused:
        return refused.faults


def fill(path: Path, scene: Scene) -> bytes:
    """Return the template filled in with the fields of a result, equal bytes for equal results.

    Raises
    ------
    InputRefused
        As `check` says; ``template_field`` for every field that is not there; ``template_failed`` where a tag cannot
        be worked out or leaves a broken document.
    """
    engine = _opened(path)
    found = tuple(_faults(engine, path))
    if found:
        raise InputRefused(found)
    engine = _opened(path)
    missing: dict[tuple[str, str], Fault] = {}
    environment = _environment(path, missing)
    try:
        engine.render(fields(scene, lambda png: InlineImage(engine, io.BytesIO(png), width=Mm(_WIDTH_MM))), environment)
    except SecurityError as error:
        raise InputRefused(_failed("template_forbidden", path, error)) from None
    except (TemplateError, *_FAILED) as error:
        raise InputRefused((*missing.values(), _failed("template_failed", path, error))) from None
    if missing:
        raise InputRefused(missing.values())
    return _packed(engine, scene)


def _packed(engine: DocxTemplate, scene: Scene) -> bytes:
    word.stamp_properties(engine.docx, scene.result.inputs.plan.name)
    stream = io.BytesIO()
    engine.docx.save(stream)
    return word.timeless(stream.getvalue())


def _failed(code: str, path: Path, error: Exception) -> Fault:
    said = str(error).splitlines()
    return Fault(code, file=path.name, column="output.template", value=said[0][:200] if said else type(error).__name__)


# --------------------------------------------------------------------------------------------------------- opening it


class _Engine(DocxTemplate):  # type: ignore[misc]
    """The template engine without its leniences: no repair of broken documents, no tags in file properties."""

    def fix_tables(self, xml: str) -> Any:
        """Refuse a document that is not well-formed, which the engine would mend by leaving parts out."""
        parse_xml(xml.encode("utf-8"))
        return super().fix_tables(xml)

    def render_properties(self, context: Any, jinja_env: Any = None) -> None:
        """Leave the properties of the file alone."""


def _opened(path: Path) -> _Engine:
    """Open a template that is a Word document and harmless to open."""
    if not _is_there(path):
        raise InputRefused(Fault("template_not_found", file=path.name, column="output.template", value=path.name[:200]))
    broken = Fault("template_not_docx", file=path.name, column="output.template")
    if path.stat().st_size > _LARGEST or not zipfile.is_zipfile(path):
        raise InputRefused(broken)
    zips.refuse_bomb(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kinds = archive.read(_KINDS) if _KINDS in names else b""
        if _has_macros(kinds, names):
            raise InputRefused(Fault("template_macros", file=path.name, column="output.template"))
        if "word/document.xml" not in names:
            raise InputRefused(broken)
        engine = _Engine(io.BytesIO(path.read_bytes()))
        engine.init_docx()
        engine.get_xml()
        outside = tuple(_outside(engine))
    except _BROKEN as error:
        if isinstance(error, InputRefused):
            raise
        raise InputRefused(broken) from None
    if outside:
        raise InputRefused(
            Fault("template_outside", file=path.name, column="output.template", value=found[:200]) for found in outside
        )
    return engine


def _is_there(path: Path) -> bool:
    """Say whether there is such a file; of a name that none can have there is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _has_macros(kinds: bytes, names: Iterable[str]) -> bool:
    """Say whether a package holds macros, by the kinds its list of parts states, whatever the parts are called."""
    stated = [str(part.get("ContentType", "")).lower() for part in parse_xml(kinds)] if kinds else []
    named = [name.rsplit("/", 1)[-1].lower() for name in names]
    return any("vbaproject" in one or "macroenabled" in one for one in (*stated, *named))


def _outside(engine: DocxTemplate) -> Iterator[str]:
    """Yield what Word would fetch or start when the report is opened, each once; links to click on are none of it."""
    package = engine.docx.part.package
    for rel in package.iter_rels():
        kind = rel.reltype.rsplit("/", 1)[-1]
        own = kind == "attachedTemplate" and re.match(r"file:///[A-Za-z]:", rel.target_ref)  # Word notes its own place
        if rel.is_external and kind != "hyperlink" and not own:
            yield f"{kind} {rel.target_ref}"
    for part in package.iter_parts():
        if part.partname.endswith(".xml"):
            yield from (command.strip() for command in _commands(part.blob) if _FETCHING.match(command))


def _commands(xml: bytes) -> Iterator[str]:
    """Yield the command of each field of a part; one that stands in pieces is put together."""
    text = xml.decode("utf-8", "replace")
    yield from re.findall(r'<w:fldSimple[^>]*w:instr="([^"]*)"', text)
    for field in re.split(r'w:fldCharType="begin"', text):
        yield "".join(re.findall(r"<w:instrText[^>]*>([^<]*)<", field))


def _parts(engine: DocxTemplate) -> Iterator[tuple[str, str]]:
    """Yield the parts that tags may stand in, each with a line feed before every paragraph."""
    sources = [("document", engine.get_xml())]
    for uri in (engine.HEADER_URI, engine.FOOTER_URI):
        sources += [(key, engine.get_part_xml(part)) for key, part in engine.get_headers_footers(uri)]
    for name, xml in sources:
        yield name, re.sub(r"<w:p([ >])", r"\n<w:p\1", engine.patch_xml(xml.replace("\n", " ")))


def _faults(engine: DocxTemplate, path: Path) -> Iterator[Fault]:
    """Yield errors in the tags with their paragraphs, then the names that are no fields."""
    environment, unknown = _environment(path, {}), dict[str, None]()
    for _name, source in _parts(engine):
        try:
            tree = environment.parse(source)
            named = meta.find_undeclared_variables(tree)
        except TemplateSyntaxError as error:
            yield _syntax(error, source, path)
            continue
        except RecursionError:
            yield _failed("template_forbidden", path, RecursionError("( ( ("))
            continue
        yield from _beyond(tree, path)
        unknown |= dict.fromkeys(sorted(named - set(ROOTS)))
    for name in unknown:
        yield _unknown(name, ROOTS, path)


def _beyond(tree: nodes.Template, path: Path) -> Iterator[Fault]:
    """Yield what a template does beyond looking fields up, testing and looping, each once."""
    found = [_REFUSED[type(node)] for node in tree.find_all(tuple(_REFUSED))]
    lists = (nodes.List, nodes.Tuple, nodes.Dict)
    found += ["set [ ]" for node in tree.find_all(nodes.Assign) if any(node.node.find_all(lists)) or
              isinstance(node.node, lists)]  # fmt: skip
    for sign in dict.fromkeys(found):
        yield Fault("template_forbidden", file=path.name, column="output.template", value=sign)


def _syntax(error: TemplateSyntaxError, source: str, path: Path) -> Fault:
    lines = source.split("\n")
    at = min(max(error.lineno - 1, 0), len(lines) - 1)
    said = re.sub(r"<[^>]*>", "", lines[at]).strip()[:80]
    facts = {"paragraph": at, "text": said}
    return Fault("template_syntax", file=path.name, column="output.template", value=str(error.message), facts=facts)


def _unknown(name: str, known: Any, path: Path, owner: str = "") -> Fault:
    """Return that a field is not there, with the nearest that is."""
    names = sorted(map(str, known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    stem = f"{owner}." if owner else ""
    facts = {"nearest": stem + near[0] if near else "—"}
    return Fault("template_field", file=path.name, column="output.template", value=stem + name, facts=facts)


# -------------------------------------------------------------------------------------------------------- the sandbox


class _Sandbox(ImmutableSandboxedEnvironment):
    """Tags that may look fields up and lay them out: no functions, no files, no sums that fill the memory."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def call_binop(self, _context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse what could make a thousand letters of one; numbers may be added."""
        if operator == "+" and isinstance(left, int | float) and isinstance(right, int | float):
            return left + right
        raise SecurityError(operator)

    def is_safe_callable(self, _called: Any) -> bool:
        """Let nothing be called."""
        return False

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join what the tags give, as long as a document could hold it."""
        held, letters = [], 0
        for piece in pieces:
            letters += len(piece)
            if letters > _MOST_LETTERS:
                raise SecurityError(f"> {_MOST_LETTERS}")
            held.append(piece)
        return "".join(held)


def _environment(path: Path, missing: dict[tuple[str, str], Fault]) -> _Sandbox:
    sandbox = _Sandbox(autoescape=True, undefined=_noting(path, missing), finalize=_fit)
    sandbox.globals = {}
    sandbox.filters = {name: sandbox.filters[name] for name in _FILTERS}
    sandbox.filters |= {name: _short(sandbox.filters[name]) for name in ("join", "replace")}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox


def _short(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that takes no long words and gives no text of more than a million letters."""

    @functools.wraps(work)
    def held(context: Any, value: Any, *words: Any, **named: Any) -> Any:
        if any(isinstance(word, str) and len(word) > _LONGEST_WORD for word in (*words, *named.values())):
            raise SecurityError(f"> {_LONGEST_WORD}")
        done = work(context, value, *words, **named)
        if len(done) > _LONGEST_TEXT:
            raise SecurityError(f"> {_LONGEST_TEXT}")
        return done

    return held


def _fit(value: Any) -> Any:
    """Return a value as it may stand in the file: braces and tags of data are letters, controls are shown."""
    if value is None:
        return ""
    if isinstance(value, Undefined) or hasattr(value, "__html__"):
        return value
    return Markup(str(escape(texts.storable(value))).replace("{", "&#123;").replace("}", "&#125;"))  # noqa: S704  escaped


def _noting(path: Path, missing: dict[tuple[str, str], Fault]) -> type[Undefined]:
    """Return what stands for a field that is not there: it notes itself when it is used, so that all are told."""

    class Noted(Undefined):
        def _note(self) -> None:
            owner = self._undefined_obj
            known = owner if isinstance(owner, Mapping) else ROOTS
            name = str(self._undefined_name)
            missing.setdefault((str(sorted(map(str, known))), name), _unknown(name, known, path))

        def __str__(self) -> str:
            self._note()
            return ""

        def __iter__(self) -> Iterator[Any]:
            self._note()
            return iter(())

        def __bool__(self) -> bool:
            self._note()
            return False

        def __len__(self) -> int:
            self._note()
            return 0

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            self._note()
            return self

    return Noted
