"""`countersign records certificate`: what was destroyed, proved to whoever asks."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...application.questions import CertificateOf, CertificateView, DisposalRuns, RunSummary
from ...domain.disposal import Residue, Store
from ...domain.refusals import UnknownRun
from . import finding, render
from .session import REFUSED, Here, Misuse, command

A_KEY = re.compile(r"[0-9a-fA-F]{64}")

app = typer.Typer(help="What was destroyed, and the proof of it.", no_args_is_help=True)


@command(
    app,
    "show",
    example=(
        "countersign records certificate show 9b1f04e7 --as 1017",
        "countersign records certificate show 9b1f04e7 --json --as 1017 > certificate.json",
    ),
)
def show(
    here: Here,
    certificate: Annotated[
        str, typer.Argument(metavar="CERTIFICATE", help="The beginning of its id.")
    ],
) -> None:
    """Shows a certificate; with --json exactly as it was signed, to be kept and checked."""
    runs: Sequence[RunSummary] = here.ask(DisposalRuns())
    chosen = finding.beginning(certificate, (each.certificate for each in runs))
    if chosen is None:
        raise UnknownRun
    view: CertificateView = here.ask(CertificateOf(certificate=chosen))
    here.show(view, lambda: _print(here, view))


@command(
    app,
    "verify",
    example="countersign records certificate verify certificate.json --key 8f3a…",
)
def verify(
    here: Here,
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="As it was shown in JSON.")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="HEX", help="The public key [of this database].")
    ] = None,
) -> None:
    """Checks a certificate's signature, and works every outcome in it out anew."""
    try:
        said = json.loads(file.read_bytes())
    except ValueError as error:
        raise Misuse(f"{file} cannot be read as JSON: {error}.") from None
    if key is not None and not A_KEY.fullmatch(key):
        raise Misuse(f"{key} is no public key: those have 64 hexadecimal digits.")
    public = key or here.house.public_key()
    troubles = here.house.examine_certificate(said, public)
    told = {"verified": not troubles, "troubles": troubles}
    here.show(told, lambda: _print_verdict(here, troubles))
    if troubles:
        raise typer.Exit(REFUSED)


@command(app, "key", example="countersign records certificate key")
def key(here: Here) -> None:
    """Prints the public key that certificates are checked with (Ed25519, in hex)."""
    public = here.house.public_key()
    here.show({"key": public}, lambda: typer.echo(public))


def _print(here: Here, view: CertificateView) -> None:
    told = view.certificate
    render.say(here.out, f"Certificate {told.certificate}", "bold")
    rows = [
        ("run", told.run),
        ("kind", told.kind),
        ("schedule version", told.schedule),
        ("drafted by", told.drafted_by),
        ("approved by", ", ".join(told.approved_by) or "nobody had to"),
        ("completed on", told.completed_on),
        ("destroyed", f"{told.destroyed} of {len(told.entries)} items"),
        ("with exceptions", "yes" if told.with_exceptions else "no"),
        ("signed with", view.key),
    ]
    render.table(here.out, ("", ""), rows)
    looked = [(each.store.replace("_", " "), _found(each), each.until) for each in told.residues]
    render.table(here.out, ("Store", "Found", "Until"), looked)


def _found(residue: Residue) -> str:
    if residue.clean:
        return "clean"
    if residue.store is Store.TRANSFERRED:
        return f"{residue.left} handed over"
    return f"{residue.left} left" if residue.left else "cannot be looked into"


def _print_verdict(here: Here, troubles: Sequence[str]) -> None:
    if not troubles:
        render.say(here.out, "Verified: the signature holds, and every outcome is as recorded.")
    for trouble in troubles:
        render.say(here.out, trouble)
