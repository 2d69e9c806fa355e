"""`conformance schema`."""

from __future__ import annotations

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of `conformance report -f json`."""
    from reports.json_report import schema  # noqa: PLC0415 - renderers are slow to import

    click.echo(json.dumps(schema(), indent=2))
