"""``python -m tests.corpus [--table] [PATTERN]``: run the corpus and say what came of it."""

from __future__ import annotations

import argparse
import re
import sys
import warnings

from .known import KNOWN
from .table import Outcome, by_severity, by_threat, costs, load, messages, run


def _say(outcome: Outcome) -> None:
    if outcome.failed:
        known = " (known)" if outcome.case.id in KNOWN else ""
        sys.stderr.write(f"FAIL {outcome.case.severity} {outcome.case.id}{known}: {outcome.case.wrong}\n")
        for line in outcome.amiss:
            sys.stderr.write(f"     {line[:500]}\n")
        sys.stderr.flush()


def main() -> int:
    """Run the cases whose id matches; exit 1 if one of them is not as expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="", help="regular expression on the ids")
    parser.add_argument("--table", action="store_true", help="print the tables")
    parser.add_argument("--list", action="store_true", help="print ids, threats and wrong outcomes, run nothing")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [case for case in load() if re.search(asked.pattern, case.id)]
    if asked.list:
        sys.stdout.writelines(f"{case.severity}\t{case.threat}\t{case.id}\t{case.wrong}\n" for case in cases)
        return 0
    outcomes = run(cases, _say)
    if asked.table:
        said, whole, reasons = messages(outcomes)
        parts = [by_severity(outcomes), by_threat(outcomes), costs(outcomes)]
        parts.append(f"messages: {said}, whole {whole} ({whole / max(said, 1):.1%}); lacking: {reasons}")
        sys.stdout.write("\n\n".join(parts) + "\n")
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
