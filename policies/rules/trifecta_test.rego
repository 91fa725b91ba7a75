package gate.rules.trifecta_test

import data.gate.fixture_test as fixture
import data.gate.rules.trifecta

escalated(labels, document) := ids if {
	change := {"context": {"session": {"labels": labels}}}
	rules := trifecta.escalate with input as object.union(document, change)
	ids := fixture.ids(rules)
}

send := fixture.call("send_mail", {})

test_all_three_ask if {
	escalated(["private", "untrusted"], send) == {"trifecta.outward"}
	escalated(["secret", "untrusted"], send) == {"trifecta.outward"}
	escalated(["untrusted", "x", "private"], fixture.call("fetch", {})) == {"trifecta.outward"}
}

test_two_of_three_do_not if {
	every labels in [[], ["private"], ["untrusted"], ["secret", "private"]] { escalated(labels, send) == set() }
	every tool in ["read_file", "write_file", "create_entities"] {
		escalated(["private", "untrusted"], fixture.call(tool, {})) == set()
	}
}

test_only_a_trusted_word_counts if {
	closed := {"openWorldHint": false}
	escalated(["private", "untrusted"], fixture.trusted("send_mail", {}, closed)) == set()
	lies := object.union(send, {"resource": {"properties": {"annotations": closed}}})
	escalated(["private", "untrusted"], lies) == {"trifecta.outward"}
}

test_resources if {
	escalated(["private", "untrusted"], fixture.request("resources/read", "https://x/", {})) == {"trifecta.outward"}
	escalated(["private", "untrusted"], fixture.request("prompts/get", "p", {})) == set()
}
