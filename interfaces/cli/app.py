"""The command line's front door: every noun, and the options that all of them share."""

import typer

from . import (
    approval,
    db,
    demo,
    employee,
    inbox,
    init,
    org,
    plan,
    policy,
    projections,
    records,
    reference,
    replay,
    result,
    serve,
    worker,
)
from .session import AsJson, Database, Here, Person

app = typer.Typer(
    name="countersign",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(
    epilog="Exit codes: 0 done, 1 refused by a rule or by the state of things, 2 not understood or "
    "not usable. Every command explains itself with --help and an example."
)
def begin(
    ctx: typer.Context, db: Database = None, person_as: Person = None, as_json: AsJson = False
) -> None:
    """Enablement plans that nobody can approve alone."""
    ctx.obj = Here(db, person_as, as_json)


for _command in (init, demo, inbox, replay, serve, worker):
    _command.add_to(app)

for _name, _group in {
    "plan": plan.app,
    "result": result.app,
    "approval": approval.app,
    "reference": reference.app,
    "employee": employee.app,
    "org": org.app,
    "policy": policy.app,
    "records": records.app,
    "projections": projections.app,
    "db": db.app,
}.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """What the script `countersign` runs."""
    app()
