"""Reads an answer in each format with one program and compares it with what was asked for.

usage: readback.py PROGRAM FOLDER     in FOLDER: want.json, a.csv, a.ndjson, a.json, a.arrows, a.parquet, a.md
want.json has the columns' names and, a row a list, their values; DURATION as milliseconds.
"""
import csv, datetime, decimal, json, sys

program, folder = sys.argv[1:]
want = json.load(open(folder + "/want.json"), parse_float=decimal.Decimal)
NAMES = want["names"]
KINDS = want["kinds"]
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration(text):
    unit = text.lstrip("-0123456789")
    return int(text[: -len(unit)]) * UNITS[unit]


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def typed(kind, cell):
    """Brings a cell, whatever its program made of it, to one value of its kind."""
    if cell is None:
        return None
    text = isinstance(cell, str)
    if kind == "BOOL":
        return {"true": True, "false": False}[cell.lower()] if text else bool(cell)
    if kind in ("INT",):
        return int(cell)
    if kind == "DECIMAL":
        cell = decimal.Decimal(str(cell))
        return cell
    if kind == "FLOAT":
        return float(cell)
    if kind == "DATE":
        return datetime.date.fromisoformat(cell) if text else cell
    if kind == "TIMESTAMP":
        cell = instant(cell) if text else cell
        return cell if cell.tzinfo else cell.replace(tzinfo=datetime.timezone.utc)
    if kind == "SET":
        return sorted(json.loads(cell) if text else cell)
    if kind == "KEY":
        return int(cell, 16) if text else int(cell)
    if kind == "DURATION":
        if isinstance(cell, datetime.timedelta):
            return cell // datetime.timedelta(milliseconds=1)
        return duration(cell) if text else int(cell)
    return cell


def compare(what, rows, empty_is_null=False):
    rows = [list(r) for r in rows]
    assert len(rows) == len(want["rows"]), f"{what}: {len(rows)} rows, want {len(want['rows'])}"
    for i, (got, right) in enumerate(zip(rows, want["rows"])):
        for name, kind, g, w in zip(NAMES, KINDS, got, right):
            if empty_is_null and g == "" and w in (None, ""):
                continue
            g, w = typed(kind, g), typed(kind, w)
            assert g == w, f"{what}: row {i}, {name} is {g!r}, want {w!r}"


def stdlib():
    rows = list(csv.reader(open(folder + "/a.csv", newline="", encoding="utf-8")))
    assert rows[0] == NAMES, rows[0]
    compare("csv", rows[1:], empty_is_null=True)  # the module does not tell null from the empty text
    lines = [json.loads(x, parse_float=decimal.Decimal) for x in open(folder + "/a.ndjson", encoding="utf-8")]
    assert lines[-1]["@end"]["rows"] == len(lines) - 1
    compare("ndjson", [list(x.values()) for x in lines[:-1]])
    assert list(lines[0]) == NAMES
    doc = json.load(open(folder + "/a.json", encoding="utf-8"), parse_float=decimal.Decimal)
    assert [c["name"] for c in doc["columns"]] == NAMES and doc["stats"]["rows"] == len(doc["rows"])
    compare("json", doc["rows"])


def pyarrow():
    import pyarrow as pa, pyarrow.parquet as pq

    stream = pa.ipc.open_stream(folder + "/a.arrows").read_all()
    table = pq.read_table(folder + "/a.parquet")
    for what, t in ("arrow", stream), ("parquet", table):
        assert t.column_names == NAMES, t.column_names
        t.validate(full=True)
        compare(what, zip(*(c.to_pylist() for c in t.columns)))
    for name, kind in zip(NAMES, KINDS):
        if kind == "TEXT":
            assert stream.schema.field(name).type == pa.string(), stream.schema.field(name)


def duckdb():
    import duckdb

    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    types = {"TIMESTAMP": "TIMESTAMP", "SET": "VARCHAR", "KEY": "VARCHAR", "DURATION": "VARCHAR", "TEXT": "VARCHAR", "INT": "BIGINT",
             "DECIMAL": "DECIMAL(18,2)", "FLOAT": "DOUBLE", "BOOL": "BOOLEAN", "DATE": "DATE"}
    cols = ", ".join(f"'{n}': '{types[k]}'" for n, k in zip(NAMES, KINDS))
    rows = con.execute(f"SELECT * FROM read_csv('{folder}/a.csv', header = true, columns = {{{cols}}}, nullstr = '', allow_quoted_nulls = false, quote = '\"', escape = '\"')")
    compare("csv", rows.fetchall())
    rows = con.execute(f"SELECT {', '.join(quoted(n) for n in NAMES)} FROM read_json('{folder}/a.ndjson', format = 'newline_delimited', columns = {{{cols}, '@end': 'JSON'}}) WHERE \"@end\" IS NULL")
    compare("ndjson", rows.fetchall())
    parquet = ", ".join(f"epoch_ms({quoted(n)}::TIMESTAMP)" if k == "TIMESTAMP" else quoted(n) for n, k in zip(NAMES, KINDS))
    rows = con.execute(f"SELECT {parquet} FROM '{folder}/a.parquet'").fetchall()
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    at = KINDS.index("TIMESTAMP")
    compare("parquet", [[epoch + datetime.timedelta(milliseconds=x) if i == at and x is not None else x for i, x in enumerate(r)] for r in rows])


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


{"stdlib": stdlib, "pyarrow": pyarrow, "duckdb": duckdb}[program]()
