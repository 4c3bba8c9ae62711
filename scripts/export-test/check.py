"""Reads exports with software that was not written here, and holds them against each other and against --json.

    check.py FOLDER PAGE

FOLDER has csv/, jsonl/ and parquet/, exports of the same database, and verdicts.jsonl and adoption.json, what the
verbs print. PAGE is docs/export.md, whose code for undoing what is done to texts in CSV is run. Prints the rows of
each table as JSON.
"""

import csv
import json
import re
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

KEYS = {
    "pull_requests": ("repo", "number"),
    "verdicts": ("repo", "number"),
    "evidence": ("repo", "number", "place"),
    "analyses": ("repo", "number"),
    "monthly_facts": ("month", "team"),
}


def code_of(page):
    """The code of the page that undoes, as a function."""
    blocks = re.findall(r"```python\n(.*?)```", Path(page).read_text(), re.S)
    (code,) = [block for block in blocks if "def original" in block]
    names = {}
    exec(code, names)
    return names["original"]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_order(table, rows):
    return sorted(rows, key=lambda row: tuple(row[name] for name in KEYS[table]))


def from_parquet(folder, table):
    dataset = ds.dataset(
        folder / "parquet" / table,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("month", pa.string())]), flavor="hive"),
    )
    read = dataset.to_table()
    return read.schema, in_order(table, read.to_pylist())


def check_schema(schema):
    """Every column has one of the types of the page."""
    allowed = {
        pa.string(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.timestamp("us", tz="UTC"),
    }
    for field in schema:
        if pa.types.is_list(field.type):
            assert field.type.value_type == pa.string(), field
        else:
            assert field.type in allowed, field


def from_csv(folder, table, schema, original):
    def value(cell, kind):
        if cell == "":
            return None
        if pa.types.is_string(kind):
            return original(cell)
        if pa.types.is_list(kind):
            return json.loads(original(cell))
        if pa.types.is_timestamp(kind):
            return moment(cell)
        if pa.types.is_boolean(kind):
            return {"true": True, "false": False}[cell]
        return int(cell) if pa.types.is_integer(kind) else float(cell)

    with open(folder / "csv" / f"{table}.csv", newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        assert sorted(reader.fieldnames) == sorted(schema.names), table
        rows = [
            {name: value(cell, schema.field(name).type) for name, cell in row.items()}
            for row in reader
        ]
    return in_order(table, rows)


def from_jsonl(folder, table, schema):
    def value(known, kind):
        return moment(known) if known is not None and pa.types.is_timestamp(kind) else known

    with open(folder / "jsonl" / f"{table}.jsonl", encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        assert sorted(row) == sorted(schema.names), table
    return in_order(
        table,
        [
            {name: value(known, schema.field(name).type) for name, known in row.items()}
            for row in rows
        ],
    )


def from_duckdb(database, folder, table):
    """By SQL over the folders of months; as pyarrow has it, so that kinds are compared too."""
    found = database.sql(
        f"SELECT * FROM read_parquet('{folder}/parquet/{table}/**/*.parquet', hive_partitioning = true, "
        "hive_types = {'month': VARCHAR})"
    )
    return in_order(table, found.to_arrow_table().to_pylist())


def equal(table, what, left, right):
    assert len(left) == len(right), f"{table}, {what}: {len(left)} rows against {len(right)}"
    for one, other in zip(left, right):
        for name in one:
            assert one[name] == other[name], f"{table}.{name}, {what}: {one[name]!r} against {other[name]!r}"


def flat(nested, prefix=""):
    """Nested names joined by _."""
    for name, value in nested.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}", value


def check_verdicts(folder, tables):
    said = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    verdicts = {(row["repo"], row["number"]): row for row in tables["verdicts"]}
    assert len(said) == len(verdicts)
    hits = {}
    for row in tables["evidence"]:
        hits.setdefault((row["repo"], row["number"]), []).append(row)
    for one in said:
        key = (one["repo"], one["number"])
        evidence = one.pop("evidence")
        row = verdicts[key]
        for name, value in flat(one):
            known = row[name]
            if name == "corrected_at":
                value = moment(value)
            assert known == value, f"{key} {name}: {known!r} against {value!r}"
        rows = hits.pop(key, [])
        assert len(rows) == len(evidence), key
        for hit, row in zip(evidence, rows):
            assert all(row[name] == value for name, value in hit.items()), (key, hit, row)
    assert not hits, "evidence without a verdict"


def check_months(folder, tables):
    adoption = json.loads((folder / "adoption.json").read_text())
    said = in_order("monthly_facts", adoption["by_team_month"])
    assert len(said) == len(tables["monthly_facts"])
    for one, row in zip(said, tables["monthly_facts"]):
        assert row["clock"] == adoption["clock"]
        for name, value in flat(one):
            # An interval that there is not has no ends.
            for known in [name] if name in row else [f"{name}_low", f"{name}_high"]:
                assert row[known] == value, f"{row['month']} {row['team']} {known}: {row[known]!r} against {value!r}"


def main():
    folder, page = Path(sys.argv[1]), sys.argv[2]
    original = code_of(page)
    database = duckdb.connect()
    database.sql("SET TimeZone = 'UTC'")
    tables = {}
    for table in KEYS:
        schema, rows = from_parquet(folder, table)
        check_schema(schema)
        equal(table, "Parquet and CSV", rows, from_csv(folder, table, schema, original))
        equal(table, "Parquet and JSON lines", rows, from_jsonl(folder, table, schema))
        equal(table, "pyarrow and DuckDB", rows, from_duckdb(database, folder, table))
        for form, reader in [("csv", "read_csv"), ("jsonl", "read_json")]:
            (count,) = database.sql(f"SELECT count(*) FROM {reader}('{folder}/{form}/{table}.{form}')").fetchall()[0]
            assert count == len(rows), f"{table}: DuckDB reads {count} rows of {form}"
        for form in ["csv", "jsonl", "parquet"]:
            manifest = json.loads((folder / form / "manifest.json").read_text())
            (told,) = [one for one in manifest["tables"] if one["name"] == table]
            assert told["rows"] == len(rows), f"{table}: the manifest of {form} tells {told['rows']} rows"
            for file in told["files"]:
                size = (folder / form / file["path"]).stat().st_size
                assert size == file["size_bytes"], file
        tables[table] = rows
    check_verdicts(folder, tables)
    check_months(folder, tables)
    print(json.dumps({table: len(rows) for table, rows in tables.items()}))


main()
