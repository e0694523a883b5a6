"""Long lists come in parts that belong together: of one moment, without gap or repeat."""

import pytest

from countersign.application import commands as c


def followed(client, path):
    """Every part of a list, by its Link."""
    parts = []
    while path:
        told = client.get(path).ok()
        parts.append(told.body["items"])
        link = told.headers.get("link", "")
        assert bool(link) == (told.body["next_cursor"] is not None)
        path = link.partition(">")[0].removeprefix("</api/v1") if link else None
    return parts


@pytest.fixture
def reader(on_sqlite, api):
    for number in range(7):
        on_sqlite.does("Ada", c.KeepItem(title=f"article {number}"))
    return api("Ada")


def test_parts_make_the_whole(reader):
    whole = reader.get("/references").body["items"]
    parts = followed(reader, "/references?limit=3")

    assert [len(part) for part in parts] == [3, 3, 1]
    assert [item for part in parts for item in part] == whole


def test_a_list_that_fits_has_no_next_part(reader):
    told = reader.get("/references?limit=7")

    assert told.body["next_cursor"] is None
    assert "link" not in told.headers


def test_what_comes_meanwhile_moves_nothing(on_sqlite, reader):
    first = reader.get("/people?limit=3").body
    on_sqlite.import_rows(on_sqlite.row("Aaron", "Max"))
    names = [each["name"] for each in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        told = reader.get(f"/people?limit=3&cursor={cursor}").body
        names += [each["name"] for each in told["items"]]
        cursor = told["next_cursor"]

    assert sorted(names) == sorted(set(on_sqlite.people) - {"Aaron"})
    assert "Aaron" in {each["name"] for each in reader.get("/people").body["items"]}


def test_a_trail_goes_on_where_it_ended_however_much_is_hidden(on_sqlite, api):
    on_sqlite.case("Ada", until="asked")
    on_sqlite.case("Bob", until="checked")
    hilda = api("Hilda")
    whole = hilda.get("/audit-trail?limit=500").body["items"]

    parts = followed(hilda, "/audit-trail?limit=7")

    assert [each["position"] for part in parts for each in part] == [
        each["position"] for each in whole
    ]
    assert {len(part) for part in parts[:-1]} == {7}


@pytest.mark.parametrize("cursor", ["x", "", "e30", "a" * 501, "🙂", "eyJ4Ijo", "bnVsbA"])
def test_what_is_no_cursor_is_refused(quiet_api, cursor):
    told = quiet_api("Ada").get("/people", params={"cursor": cursor}).problem(422, "not-valid")

    assert [each["parameter"] for each in told.body["errors"]] == ["cursor"]


def test_a_cursor_belongs_to_its_list(reader, on_sqlite):
    cursor = reader.get("/references?limit=1").body["next_cursor"]

    reader.get(f"/people?cursor={cursor}").problem(422, "not-valid")
    reader.get(f"/references?as_of=1&cursor={cursor}").problem(422, "not-valid")


def test_a_cursor_opens_nothing_to_anybody_else(on_sqlite, reader, api):
    cursor = reader.get("/references?limit=1").body["next_cursor"]

    assert api("Bob").get(f"/references?cursor={cursor}").body["items"] == []


@pytest.mark.parametrize("limit", ["0", "-1", "501", "1.5", "many"])
def test_a_part_has_from_one_to_five_hundred(quiet_api, limit):
    quiet_api("Ada").get(f"/people?limit={limit}").problem(422, "not-valid")


def test_lists_can_be_narrowed(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    max_, hilda = api("Max"), api("Hilda")

    def count(client, path):
        return len(client.get(path).ok().body["items"])

    assert count(max_, "/inbox?kind=decide") == 1
    assert count(max_, "/inbox?kind=answer") == 0
    assert count(max_, f"/inbox?employee={on_sqlite.person('Ada')}&plan={case.plan}") > 0
    assert count(hilda, "/plans?phase=open&level=1&is_open=true") == 1
    assert count(hilda, "/plans?level=2") == 0
    assert count(hilda, "/plans?step=1") == 0
    assert count(hilda, "/due-dates?kind=remind&until=2026-12-31") == 1
    assert count(hilda, f"/people?manager={on_sqlite.person('Max')}&serves=true") == 2
    assert count(hilda, "/people?kind=vacancy") == 0
    assert count(hilda, "/audit-trail?record_class=control_record") > 0
    max_.get("/inbox?kind=gossip").problem(422, "not-valid")
