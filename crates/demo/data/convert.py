"""Turns the two source packages into the files of this folder.

    python3 convert.py rates   PATH/TO/eurofxref-hist.zip
    python3 convert.py domains PATH/TO/disposable_email_domains/__init__.py

Only the standard library is needed. The output depends on the input alone, so
running it again on the same package gives the same text (its gzip bytes may
differ with another zlib). README.md beside this file says which package
versions were used.
"""

import ast
import csv
import gzip
import io
import pathlib
import sys
import zipfile
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent


def rates(source: pathlib.Path) -> None:
    """Writes ecb-rates.gz: one line of days, then one line a currency.

    A currency's line is `CODE:SCALE:` and one field a day: empty where the
    ECB published nothing, else the change against its previous value in units
    of 10^-SCALE. Changes are small and compress well; nothing is rounded.
    """
    text = zipfile.ZipFile(source).read("eurofxref-hist.csv").decode("ascii")
    header, *rows = csv.reader(io.StringIO(text))
    rows.sort()  # ISO dates, so oldest first
    days = [row[0] for row in rows]
    assert len(set(days)) == len(days), "a day stands twice in the source"
    lines = [",".join(days)]
    for column, code in enumerate(header):
        if column == 0 or not code.strip():
            continue
        values = [row[column].strip() for row in rows]
        lines.append(f"{code.strip()}:" + currency(values))
    data = gzip.compress(("\n".join(lines) + "\n").encode("ascii"), 9, mtime=0)
    (HERE / "ecb-rates.gz").write_bytes(data)
    print(f"{len(days)} days, {len(lines) - 1} currencies, {days[0]} to {days[-1]}, {len(data)} bytes")


def currency(values: list[str]) -> str:
    present = [value for value in values if value not in ("", "N/A")]
    scale = max((len(value.partition(".")[2]) for value in present), default=0)
    fields, previous = [], 0
    for value in values:
        if value in ("", "N/A"):
            fields.append("")
            continue
        scaled = Decimal(value) * 10**scale
        units = int(scaled)
        assert units == scaled and units > 0, value
        fields.append(str(units - previous))
        previous = units
    return f"{scale}:" + ",".join(fields)


def domains(source: pathlib.Path) -> None:
    """Writes disposable-domains.txt: the package's block list, sorted, one a line."""
    tree = ast.parse(source.read_text("utf-8"))
    found: set[str] = set()
    for node in tree.body:
        names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        target = getattr(node, "target", None)
        if isinstance(target, ast.Name):
            names.append(target.id)
        if "blocklist" in names:
            found = {leaf.value for leaf in ast.walk(node.value) if isinstance(leaf, ast.Constant)}
    assert found, "the package holds no list named `blocklist`"
    assert all(domain == domain.lower().strip() and "." in domain for domain in found)
    (HERE / "disposable-domains.txt").write_text("\n".join(sorted(found)) + "\n", "utf-8")
    print(f"{len(found)} domains")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("rates", "domains"):
        sys.exit(__doc__)
    {"rates": rates, "domains": domains}[sys.argv[1]](pathlib.Path(sys.argv[2]))
