"""Every block of code or commands of a page is run by a test, or does not run for a reason."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.support.manual_blocks import PAGES, ROOT, Block, blocks_of_file

_API = "tests/unit/api/test_manual.py"
_CLI = "tests/unit/cli/test_manual_commands.py"
_COMMANDS = f"{_CLI}::test_commands_that_need_a_data_folder_alone_run_as_the_pages_have_them"
_SHOWN_FILES = f"{_CLI}::test_files_that_the_pages_show_are_taken"
_TARGETS = f"{_CLI}::test_targets_and_servers_are_added_by_the_commands_of_the_pages"
_CLIENT = "tests/functional/ionapi/test_manual.py"
_EXAMPLES = f"{_CLIENT}::test_every_example_of_a_page_runs_one_after_the_other"
_HERE = "tests/functional/test_manual_blocks.py"
_PROXIES = (
    "tests/functional/test_reverse_proxies.py"
    "::test_an_example_of_the_manual_tells_who_the_client_is_and_streams"
)
_SANDBOX = "tests/functional/sandbox/test_commands.py"
_TENANT = "tests/functional/tenant_tools"

# By page: how blocks begin, and what runs them. An empty beginning is any that no other names.
RUN: dict[str, dict[str, str]] = {
    "audit-log": {"": _COMMANDS},
    "behind-a-proxy": {
        "IONPORT_PUBLIC_URL": f"{_HERE}::test_the_settings_behind_a_proxy_are_taken",
        "upstream ": _PROXIES,
        "ionport.example": _PROXIES,
    },
    "client": {"": _EXAMPLES},
    "client-commands": {
        "": "tests/functional/ionapi/test_commands.py::test_every_command_of_the_manual_runs"
    },
    "client-mcp": {
        "{": f"{_CLI}::test_a_line_of_a_block_has_the_arguments_and_options_of_its_command",
        "ionport audit list": _COMMANDS,
    },
    "client-services": {"": _EXAMPLES},
    "companies": {"": _COMMANDS},
    "document-types": {"ionport ": _COMMANDS, "{": _SHOWN_FILES},
    "intake": {
        "[{": _SHOWN_FILES,
        "invoice_id;": _SHOWN_FILES,
        "ionport intake add-sftp": _TARGETS,
    },
    "json-api": {
        "ionport api-key": _COMMANDS,
        "curl ": f"{_API}::test_curl_lists_documents_and_sends_values_in",
        "import os": f"{_API}::test_the_client_of_the_manual_sends_in_and_exports",
        "{": f"{_API}::test_a_problem_has_the_members_that_the_page_shows",
    },
    "m3-load": {"ionport m3": f"{_HERE}::test_rows_are_loaded_into_m3_and_read_back"},
    "operations": {
        "": (
            "tests/functional/test_operations.py"
            "::test_an_operator_who_follows_the_manual_moves_scales_backs_up_and_restores"
        )
    },
    "other-targets": {
        "ionport ": _TARGETS,
        "GET": f"{_HERE}::test_the_addresses_for_fetching_are_those_of_the_api",
    },
    "policies": {
        "<": "tests/unit/gateway/policies/test_model.py::test_every_example_of_the_manual_is_right"
    },
    "readable-invoice": {
        "EMBEDDED": (
            "tests/unit/mappings/lint/test_linter.py"
            "::test_the_lines_for_embedded_files_that_the_manual_shows_are_right"
        )
    },
    "retention": {"": _COMMANDS},
    "saml-issuers": {"curl ": f"{_HERE}::test_the_assertion_that_curl_sends_gets_a_token"},
    "sandbox-control": {
        "": (
            "tests/functional/test_control_plane.py"
            "::test_every_example_of_the_manual_works_and_every_endpoint_and_fault_has_one"
        )
    },
    "sandbox-datafabric": {
        "ionport compass": f"{_CLIENT}::test_the_queries_by_command_are_answered",
        "with ": _EXAMPLES,
    },
    "sandbox-idm": {"": f"{_HERE}::test_the_searches_of_the_page_about_idm_are_answered"},
    "sandbox-ion": {
        "def ": "tests/functional/testing/test_ion.py::test_the_test_of_the_page_about_ion_passes"
    },
    "sandbox-ln": {"": "tests/functional/sandbox/test_ln.py::test_the_manuals_examples_are_taken"},
    "sandbox-m3": {"GET ": f"{_HERE}::test_a_select_of_m3s_tables_is_answered_as_the_page_says"},
    "suppliers": {
        "ionport supplier import": _COMMANDS,
        "number,name": _COMMANDS,
    },
    "testing": {
        "from ionport.ionapi": f"{_CLIENT}::test_the_test_of_the_page_about_test_suites_passes",
        "@pytest": f"{_HERE}::test_the_mark_of_a_test_that_may_reach_a_tenant_names_its_hosts",
        "infor.": f"{_CLIENT}::test_the_faults_of_the_page_about_test_suites_are_ones",
        "from ionport.testing": f"{_HERE}::test_other_runners_start_a_tenant_of_their_own",
        "ionport ": f"{_SANDBOX}::test_the_commands_of_the_manual_steer_the_server",
    },
    "token-endpoint": {"curl ": f"{_CLIENT}::test_the_request_for_a_token_by_curl_gets_one"},
    "users": {"": _COMMANDS},
    "webhooks": {
        "{": (
            "tests/unit/documents/webhooks/test_outbox.py"
            "::test_each_change_of_status_is_one_message_for_each_endpoint_that_wants_it"
        ),
        "import os": (
            "tests/unit/web/pages/settings/test_webhooks.py"
            "::test_the_receiver_of_the_manual_takes_what_is_signed_and_nothing_else"
        ),
    },
    "README.md": {
        "pip install": f"{_HERE}::test_the_first_calls_of_the_readme_run",
        "from ionport": f"{_HERE}::test_the_first_calls_of_the_readme_run",
        "def test_": f"{_HERE}::test_the_readmes_test_passes_where_the_exporter_tries_again",
    },
    "examples/invoice_exporter/README.md": {
        "": "tests/functional/test_examples.py::test_the_tests_of_an_example_pass"
    },
}

_INSTALLS = "installs from the checkout: `make release` does it in a clean environment"
_MAKE = "what CI and `make release` are made of"
# Not as they stand there, and why, or what runs the same command with other words.
NOT_RUN: dict[str, dict[str, str]] = {
    "client": {"pip install": _INSTALLS},
    "client-mcp": {"pip install": _INSTALLS},
    "install": {"pip install": _INSTALLS},
    "testing": {"pip install": _INSTALLS},
    "README.md": {"make demo": _MAKE},
    "CONTRIBUTING.md": {"make test": _MAKE},
    "docs/translating.md": {"python -m tools.catalogues": "tests/unit/tools/test_catalogues.py"},
    "mapping-files": {
        "<document>": "shows the form of a file, with dots for what is left out",
        "ionport mapping": "tests/functional/test_mapping_commands.py",
    },
    "operations": {"export AWS_ACCESS_KEY_ID": "tests/unit/installation/test_stored_files.py"},
    "own-tenant": {
        "ionport verify": f"{_TENANT}/test_verify.py",
        "ionport sandbox record": f"{_TENANT}/test_record_and_replay.py",
        "ionport --data .sandbox sandbox up --replay": f"{_TENANT}/test_record_and_replay.py",
        "ionport --data .sandbox sandbox learn": f"{_TENANT}/test_learned_metadata.py",
    },
    "suppliers": {"ionport supplier fetch": "tests/unit/web/pages/settings/test_supplier_fetch.py"},
}
BLOCKS = [each for path in PAGES for each in blocks_of_file(path)]


def _told(block: Block) -> str:
    """Return what runs a block, or why nothing does; empty for neither."""
    known = {**RUN.get(block.page, {}), **NOT_RUN.get(block.page, {})}
    fitting = [beginning for beginning in known if block.text.startswith(beginning)]
    return known[max(fitting, key=len)] if fitting else ""


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_that_a_page_shows_is_run_or_has_a_reason(block: Block) -> None:
    assert _told(block), f"run it by a test, and name the test here: {block.text[:80]}"


def test_every_entry_is_of_a_block_that_is_there() -> None:
    for entries in (RUN, NOT_RUN):
        for page, beginnings in entries.items():
            shown = [block.text for block in BLOCKS if block.page == page]
            for beginning in beginnings:
                assert any(text.startswith(beginning) for text in shown), (page, beginning)


@cache
def _tests(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


def test_every_test_that_is_named_is_there() -> None:
    named = [
        told for entries in (RUN, NOT_RUN) for page in entries.values() for told in page.values()
    ]
    for told in named:
        path, _colons, name = told.partition("::")
        if path.startswith("tests/"):
            assert not name or name in _tests(path), told
            assert (ROOT / path).is_file(), told
