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

test_subscriptions_are_as_reads if {
	every uri in ["demo://resource/1", "notes.txt", "file:///ws/a"] {
		to_all(uri) == {[{"content.resource"}, set()]}
	}
	every uri in ["demo://x/../y", "/etc/passwd", "file:///etc/passwd", "file:///ws/../etc", "file://host/a"] {
		to_all(uri) == {[set(), {"content.outside-workspace"}]}
	}
}

to_all(uri) := {[allowed(document), escalated(document)] |
	some action in ["resources/read", "resources/subscribe"]
	document := fixture.request(action, uri, {"uri": uri})
}

test_resources_that_are_no_files if {
	every uri in ["https://example.org/a", "a+b.c-d://x", "DEMO://x/y%2Fz", "demo:///a.b/…"] {
		every_outcome(uri) == [{"content.resource"}, set()]
	}
	every uri in [" demo://x", "demo:x", "demo://x/../y", "demo://x/%2e%2E/y", "demo:///a..b", "1demo://x", "://x", "fıle://x"] {
		every_outcome(uri) == [set(), {"content.outside-workspace"}]
	}
}

test_resources_without_a_scheme if {
	every uri in ["notes.txt", "/ws/a"] {
		allowed(fixture.request("resources/read", uri, {"uri": uri})) == {"content.resource"}
	}
	every uri in ["/etc/passwd", "../x", " /etc/passwd", "~/x", "C:/x"] {
		allowed(fixture.request("resources/read", uri, {"uri": uri})) == set()
		escalated(fixture.request("resources/read", uri, {"uri": uri})) == {"content.outside-workspace"}
	}
}

every_outcome(uri) := [allowed(document), escalated(document)] if {
	document := fixture.request("resources/read", uri, {})
}

test_file_resources if {
	allowed(fixture.request("resources/read", "file:///ws/a", {})) == {"content.resource"}
	every uri in [" file:///ws/a", "file:///etc/passwd", "FILE:///etc/passwd", "file:///ws/../etc", "file:///ws/%2e%2e/etc", "file://host/a", "file:a"] {
		allowed(fixture.request("resources/read", uri, {})) == set()
		escalated(fixture.request("resources/read", uri, {})) == {"content.outside-workspace"}
	}
}
