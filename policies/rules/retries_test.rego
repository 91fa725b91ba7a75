package gate.rules.retries_test

import data.gate.fixture_test as fixture
import data.gate.rules.retries

asked(prior) := fixture.ids(rules) if {
	document := object.union(fixture.call("x", {}), {"context": {"prior": prior}})
	rules := retries.escalate with input as document
}

test_retries if {
	asked({"decision_id": "d", "status": "unknown"}) == {"retries.unknown-outcome"}
	asked({"decision_id": "d", "status": "running"}) == {"retries.still-running"}
	asked(null) == set()
}
