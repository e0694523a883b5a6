"""Full lifecycles, state reloaded and projections up to date after every one of the commands."""

from itertools import count

ROUNDS = 12
A_ROUND = 5


def bench_lifecycle_on_sqlite(race, company, bare_sqlite, tmp_path):
    ours = company(f"sqlite:///{tmp_path}/bench.db", people=(ROUNDS + 1) * A_ROUND)
    employees = iter(ours.employees)

    race(
        "lifecycle, SQLite",
        lambda: [ours.lifecycle(next(employees)) for _ in range(A_ROUND)],
        lambda: [bare_sqlite.lifecycle() for _ in range(A_ROUND)],
        units=A_ROUND,
        rounds=ROUNDS,
    )


def bench_lifecycle_on_postgresql(race, company, durable_postgres_url, bare_postgres):
    ours = company(durable_postgres_url, people=(ROUNDS + 1) * A_ROUND, tenant="lifecycle")
    employees = iter(ours.employees)

    race(
        "lifecycle, PostgreSQL",
        lambda: [ours.lifecycle(next(employees)) for _ in range(A_ROUND)],
        lambda: [bare_postgres.lifecycle() for _ in range(A_ROUND)],
        units=A_ROUND,
        rounds=ROUNDS,
    )


def bench_a_command_late_in_a_case_against_an_early_one(race, company, tmp_path):
    """Practice is logged day after day; the raw side is a fresh case each round."""
    ours = company(f"sqlite:///{tmp_path}/bench.db", people=ROUNDS + 2)
    aged = ours.employees[0]
    old, _ = ours.to_practice(aged)
    for month in range(30):
        ours.log(old, aged, [month * 12 + day for day in range(12)])
    fresh = iter([(ours.to_practice(each)[0], each) for each in ours.employees[1:]])
    days = count(360)

    def late():
        for _ in range(A_ROUND):
            ours.log(old, aged, [next(days)])

    def early():
        plan, employee = next(fresh)
        for day in range(A_ROUND):
            ours.log(plan, employee, [350 + day])

    race("practice entry, event 360 (raw: event 10)", late, early, units=A_ROUND, rounds=ROUNDS)
