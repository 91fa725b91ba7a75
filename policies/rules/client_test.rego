package gate.rules.client_test

import data.gate.fixture_test as fixture
import data.gate.rules.client

allowed(document) := ids if {
	rules := client.allow with input as document
	ids := fixture.ids(rules)
}

denied(document) := ids if {
	rules := client.deny with input as document
	ids := fixture.ids(rules)
}

test_roots_and_elicitation if {
	allowed(fixture.request("roots/list", "roots/list", {})) == {"client.roots"}
	allowed(fixture.request("elicitation/create", "elicitation/create", {})) == {"client.elicitation"}
}

test_sampling if {
	sampling := fixture.request("sampling/createMessage", "sampling/createMessage", {})
	allowed(sampling) == set()
	denied(sampling) == {"client.sampling-untrusted"}
	trusted := object.union(sampling, {"resource": {"properties": {"trusted": true}}})
	allowed(trusted) == {"client.sampling"}
	denied(trusted) == set()
}
