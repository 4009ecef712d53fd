"""Decisions about documents from the command line, and that nothing leaves by it before them."""

from __future__ import annotations

from pathlib import Path

from ionport.documents.samples import UBL_INVOICE, read_sample
from tests.functional.test_command_line import Run, _configure_without_proof, _json, run

__all__ = ["run"]


def test_a_document_is_corrected_decided_on_and_freed_by_commands(run: Run, tmp_path: Path) -> None:
    _configure_without_proof(run, tmp_path)
    file = tmp_path / "invoice.xml"
    wrong = (b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    file.write_bytes(read_sample(UBL_INVOICE).replace(*wrong))
    (row,) = _json(run("document", "add", str(file), "--json"))

    def decide(name: str, *more: str) -> str:
        told = _json(run("document", name, row["id"], *more, "--json"))
        assert told["id"] == row["id"]
        return str(told["status"])

    for more in ((), ("--all", "--finding", "fnd_1")):
        assert run("document", "accept", row["id"], "--reason", "a cent", *more).exit_code == 2
    assert run("document", "accept", row["id"], "--reason", "a cent", "--all").exit_code == 1
    assert _json(run("document", "show", row["id"], "--json"))["status"] == "ready_for_validation"
    accepted = run("document", "accept", row["id"], "--reason", "a cent", "--all", "--yes")
    assert "fnd_" in accepted.output
    assert "2,808.80 EUR" in accepted.output
    assert decide("undo") == "ready_for_validation"
    found = _json(run("document", "show", row["id"], "--json"))["findings"]
    (named,) = [each["id"] for each in found if each["holds"]]
    accept = ("accept", "--reason", "a cent", "--finding", named)
    assert decide(*accept) == "validated_pending_export"
    assert decide("undo") == "ready_for_validation"
    assert decide("correct", "amount_due=2808.81") == "validated_pending_export"
    for name, status, back in (
        ("hold", "on_hold", "release"),
        ("reject", "rejected", "undo"),
        ("delete", "deleted", "restore"),
    ):
        assert decide(name, "--reason", "to be asked") == status
        refused = run("export", "run", row["id"])
        assert refused.exit_code == 1
        assert "takes part in no export" in refused.output
        assert decide(back) == "validated_pending_export"
    shown = _json(run("document", "show", row["id"], "--json"))
    assert shown["fields"]["amount_due"] == "2808.81"
    assert [each["kind"] for each in shown["decisions"]] == [
        "accept",
        "accept",
        "correct",
        "hold",
        "reject",
        "delete",
    ]
    second = tmp_path / "second.xml"
    second.write_bytes(file.read_bytes() + b"\n")
    (other,) = _json(run("document", "add", str(second), "--json"))
    duplicate = _json(run("document", "duplicate", other["id"], row["id"], "--json"))
    assert duplicate["status"] == "rejected"
    for wrong_command, told in (
        (("correct", row["id"], "total_amount=1.234,50"), "decimal point"),
        (("correct", row["id"], "total_amount"), "FIELD=VALUE"),
        (("approve", row["id"]), "Validated, pending export"),
        (("release", row["id"]), "Validated, pending export"),
    ):
        refused = run("document", *wrong_command)
        assert refused.exit_code == 1
        assert told in refused.output


def test_what_is_done_long_enough_loses_its_content_by_command(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "invoice.xml"
    file.write_bytes(read_sample(UBL_INVOICE))
    (row,) = _json(run("document", "add", str(file), "--json"))
    assert _json(run("document", "retention", "--json"))["types"] == []
    for wrong in ("INVOICE", "INVOICE=x", "ORDER=1", "INVOICE=-1"):
        assert run("document", "retention", "--keep", wrong).exit_code == 2
    assert run("document", "retention", "--keep", "INVOICE=101").exit_code == 1
    assert run("document", "reject", row["id"], "--reason", "not ours").exit_code == 0
    told = _json(run("document", "retention", "--keep", "INVOICE=1", "--json"))
    assert [(one["keep_years"], one["due"]) for one in told["types"]] == [(1, 0)]
    for more in (("--dry-run",), ()):
        done = _json(run("document", "retention", "--json", *more))
        assert (done["purged"], done["left"]) == (0, 0)
    told = run("document", "retention", "--keep", "INVOICE=never")
    assert "kept for ever" in told.output
