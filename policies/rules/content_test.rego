package gate.rules.content_test

import data.gate.fixture_test as fixture
import data.gate.rules.content

allowed(document) := ids if {
	rules := content.allow with input as document
	ids := fixture.ids(rules)
}

escalated(document) := ids if {
	rules := content.escalate with input as document
	ids := fixture.ids(rules)
}

test_content if {
	allowed(fixture.request("resources/read", "demo://resource/1", {})) == {"content.resource"}
	allowed(fixture.request("prompts/get", "p", {})) == {"content.prompt"}
	allowed(fixture.request("completion/complete", "p", {})) == {"content.completion"}
	allowed(fixture.call("x", {})) == set()
}

test_file_resources if {
	allowed(fixture.request("resources/read", "file:///ws/a", {})) == {"content.resource"}
	every uri in ["file:///etc/passwd", "FILE:///etc/passwd", "file:///ws/../etc", "file:///ws/%2e%2e/etc", "file://host/a", "file:a"] {
		allowed(fixture.request("resources/read", uri, {})) == set()
		escalated(fixture.request("resources/read", uri, {})) == {"content.outside-workspace"}
	}
}
