package gate.rules.results_test

import data.gate.fixture_test as fixture
import data.gate.rules.results

of(action) := obliged if obliged := results.oblige with input as fixture.request(action, "x", {})

test_card_numbers_are_redacted if {
	every action in ["tools/call", "resources/read"] {
		of(action) == {{"type": "redact", "classes": ["pci.pan"]}}
	}
}

test_the_rest_is_left_as_it_is if of("prompts/get") == set()
