"""Erasures over HTTP: one drafts, another approves, and a second one is told that it is late."""


def test_whoever_is_erased_already_is_said_to_be(on_sqlite, api):
    company, rob = on_sqlite, api("Rob")
    company.leaves("Carl")
    company.clock.wait(days=1)
    erasure = {"person": company.person("Carl"), "reason": "request of 3 May"}
    run = rob.post("/erasures", erasure).ok(201).location
    listed = rob.get(run).ok()
    seen = {"fingerprint": listed.body["fingerprint"]}
    api("Hilda").post(f"{run}/approve", seen, match=listed.etag).ok(200)
    company.engine.carry_out(run[-36:])
    went_on = company.clock.today.isoformat()
    company.clock.wait(days=9)

    told = rob.post("/erasures", erasure)

    certificate = rob.get(run).body["summary"]["certificate"]
    assert (told.status, told.body["type"].rpartition("/")[2]) == (409, "gone-already")
    assert f"on {went_on} under certificate {certificate}" in told.body["detail"]
