"""Reads questions, one JSON object a line, and compares DuckDB's answers with those expected.

{"run": [...]} runs statements; {"ask": sql, "want": rows, "said": text} compares. Ends with 1 after differences.
"""
import decimal
import json
import sys

import duckdb


def canon(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, decimal.Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def main():
    db = duckdb.connect(":memory:")
    bad = 0
    for line in sys.stdin:
        question = json.loads(line)
        for statement in question.get("run", []):
            db.execute(statement)
        if "ask" not in question:
            continue
        got = [[canon(v) for v in row] for row in db.execute(question["ask"]).fetchall()]
        if got != question["want"]:
            bad += 1
            print(question["said"], question["ask"], f"duckdb {got}", f"muster {question['want']}", sep="\n")
    sys.exit(1 if bad else 0)


main()
