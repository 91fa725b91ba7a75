package gate.rules.stores_test

import data.gate.fixture_test as fixture
import data.gate.rules.stores

allowed(document) := ids if {
	rules := stores.allow with input as document
	ids := fixture.ids(rules)
}

test_own_store if {
	every tool in data.tools.own_store {
		allowed(fixture.call(tool, {"entities": []})) == {"stores.own-store"}
	}
	allowed(fixture.call("delete_entities", {})) == set()
}

test_destructive_hint_counts if {
	change := {"resource": {"properties": {"annotations": {"destructiveHint": true}}}}
	allowed(object.union(fixture.call("create_entities", {}), change)) == set()
}
