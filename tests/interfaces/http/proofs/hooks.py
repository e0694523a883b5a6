"""What schemathesis is told about countersign beyond its configuration."""

import schemathesis

NOT_OUR_FORM = ("/problems/not-valid", "/problems/malformed-body", "/problems/malformed-header")


@schemathesis.check
def what_the_document_allows_has_the_right_form(ctx, response, case):
    """A rule may say no to it (422 too), but not that it cannot be read."""
    meta = case.meta
    if (
        meta is None
        or not meta.generation.mode.is_positive
        or response.status_code not in (400, 422)
    ):
        return
    said = response.json()
    assert not said["type"].endswith(NOT_OUR_FORM) or _is_of_a_cursor(said), said


def _is_of_a_cursor(said):
    """A cursor is good if an earlier answer has named it; no pattern can say that."""
    return {each.get("parameter") for each in said.get("errors", ())} == {"cursor"}
