package gate.rules.pins_test

import data.gate.fixture_test as fixture
import data.gate.rules.pins

escalated(state) := ids if {
	document := object.union(fixture.call("x", {}), {"resource": {"properties": {"pin_state": state}}})
	rules := pins.escalate with input as document
	ids := fixture.ids(rules)
}

test_pins if {
	escalated("changed") == {"pins.changed"}
	escalated("unknown") == {"pins.unknown"}
	escalated("pinned") == set()
	escalated("none") == set()
}
