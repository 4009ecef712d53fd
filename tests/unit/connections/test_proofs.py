"""What stored checks prove: refused, unproved, passed or missing, by the stages of a method."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ionport.connections.model import Check, CheckStatus, StageStatus
from ionport.connections.proofs import BASE_STAGES, ProofState, judge, state_of_check
from tests.support.proofs import AWAY, ION_REFUSED, REFUSED, ROLE_MISSING, ended_check

NOW = datetime(2026, 3, 5, tzinfo=UTC)
IDM = (*BASE_STAGES, "idm")
IDM_AND_ION = (*IDM, "ion")


def state(*failures: dict[str, str], stages: tuple[str, ...] = IDM_AND_ION) -> str:
    """The state after checks that failed so, the newest first."""
    return judge([ended_check(failed, NOW) for failed in failures], stages).state.value


def test_a_connection_that_was_never_asked_has_no_proof():
    assert judge([], IDM).state is ProofState.MISSING
    running = replace(ended_check({}, NOW), status=CheckStatus.RUNNING, finished_at=None)
    assert judge([running], IDM).state is ProofState.MISSING


@pytest.mark.parametrize(
    "failed",
    [
        REFUSED,
        ROLE_MISSING,
        ION_REFUSED,
        {"token": "invalid_grant"},
        {"token": "unauthorized_client"},
        {"token": "invalid_scope"},
        {"token": "token_http_401"},
        {"refresh": "invalid_grant"},
        {"idm": "idm_http_401"},
        {"idm": "idm_http_404"},
        {"file": "cs_missing"},
    ],
)
def test_a_no_of_infor_is_a_refusal(failed: dict[str, str]):
    assert state(failed) == "refused"


@pytest.mark.parametrize(
    "failed",
    [
        AWAY,
        {"network": "connection_timeout"},
        {"network": "connection_certificate"},
        {"network": "private_address"},
        {"token": "token_http_429"},
        {"token": "token_http_503"},
        {"token": "too_many_requests"},
        {"token": "temporarily_unavailable"},
        {"token": "html"},
        {"idm": "idm_http_502"},
        {"idm": "not_json"},
        {"ion": "connection_lost"},
        {"ion": "ion_http_408"},
    ],
)
def test_a_network_or_an_infor_that_is_away_proves_nothing_either_way(failed: dict[str, str]):
    assert state(failed) == "unproved"


def test_only_the_stages_that_the_method_uses_count():
    assert state(ION_REFUSED, stages=IDM) == "passed"
    assert state(ION_REFUSED, stages=IDM_AND_ION) == "refused"
    assert state({"ion": "connection_lost"}, stages=IDM) == "passed"


def test_a_suite_that_is_not_open_holds_only_what_needs_it():
    found = replace_stage("m3", ("m3_http_403",), "M3 does not allow this.", "Name a user.")
    assert judge([found], IDM).state is ProofState.PASSED
    assert state_of_check(found) is ProofState.PASSED
    proof = judge([found], (*IDM, "m3"))
    assert proof.state is ProofState.REFUSED
    assert proof.text == "M3: M3 does not allow this."
    assert proof.remedy == "Name a user."
    by_program = replace_stage("m3", ("m3_wus0103",))
    assert judge([by_program], (*IDM, "m3")).state is ProofState.REFUSED


def test_ln_that_was_not_found_proves_nothing_for_what_needs_it():
    found = replace_stage("ln", (), "LN does not know what was asked for.")
    assert judge([found], (*IDM, "ln")).state is ProofState.UNPROVED
    assert judge([found], (*IDM, "ln")).text == "LN: LN does not know what was asked for."
    refused = replace_stage("ln", ("ln_http_403",))
    assert judge([refused], (*IDM, "ln")).state is ProofState.REFUSED


def test_a_check_from_before_a_stage_was_asked_proves_nothing_for_what_needs_it():
    passed = ended_check({}, NOW)
    older = replace(passed, stages=tuple(s for s in passed.stages if s.key not in ("m3", "ln")))
    assert judge([older], IDM_AND_ION).state is ProofState.PASSED
    assert judge([older], (*IDM, "m3")).state is ProofState.UNPROVED
    assert judge([older], (*IDM, "m3")).remedy == "Choose Test connection."


def replace_stage(key: str, codes: tuple[str, ...], cause: str = "", remedy: str = "") -> Check:
    """A check that passed, but for one suite that is not open."""
    passed = ended_check({}, NOW)
    stages = tuple(
        replace(
            stage,
            status=StageStatus.NOT_APPLICABLE,
            cause=cause,
            remedy=remedy,
            code="".join(codes),
        )
        if stage.key == key
        else stage
        for stage in passed.stages
    )
    return replace(passed, stages=stages)


def test_a_refusal_stands_until_a_proof_passes():
    assert state(AWAY, REFUSED) == "refused"
    assert state({}, REFUSED) == "passed"
    assert state(AWAY, {}, REFUSED) == "unproved"
    assert state(AWAY, AWAY) == "unproved"
    # One that runs does not yet say anything.
    running = replace(ended_check({}, NOW), status=CheckStatus.RUNNING, finished_at=None)
    assert judge([running, ended_check(REFUSED, NOW)], IDM).state is ProofState.REFUSED


def test_a_proof_that_broke_off_proves_nothing():
    broken = replace(ended_check(AWAY, NOW), status=CheckStatus.INTERRUPTED)
    assert judge([broken], IDM).state is ProofState.UNPROVED


def test_a_proof_names_the_stage_its_cause_and_what_to_do():
    proof = judge([ended_check(ROLE_MISSING, NOW)], IDM)
    assert proof.stage is not None
    assert proof.stage.key == "idm"
    assert "said no" in proof.text
    assert proof.remedy == "Mend idm."
