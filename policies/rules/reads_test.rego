package gate.rules.reads_test

import data.gate.fixture_test as fixture
import data.gate.rules.reads

allowed(document) := ids if {
	rules := reads.allow with input as document
	ids := fixture.ids(rules)
}

escalated(document) := ids if {
	rules := reads.escalate with input as document
	ids := fixture.ids(rules)
}

test_known_reads_inside if {
	every tool, arguments in {
		"read_file": {"path": "notes.txt"},
		"list_directory": {"path": "."},
		"git_log": {"repo_path": "/ws/repo"},
		"read_graph": {},
	} {
		allowed(fixture.call(tool, arguments)) == {"reads.known-tool"}
		escalated(fixture.call(tool, arguments)) == set()
	}
	allowed(fixture.call("read_multiple_files", {"paths": ["a", "b/c"]})) == {"reads.known-tool"}
}

test_known_reads_outside if {
	every path in ["/etc/passwd", "../x", "/ws-evil/x", "~/.ssh/id_rsa", null, 3] {
		document := fixture.call("read_file", {"path": path})
		allowed(document) == set()
		escalated(document) == {"reads.outside-workspace"}
	}
	escalated(fixture.call("read_multiple_files", {"paths": ["a", "/etc/b"]})) == {"reads.outside-workspace"}
}

test_borrowed_name_that_admits_writing if {
	every annotations in [{"readOnlyHint": false}, {"destructiveHint": true}] {
		change := {"resource": {"properties": {"annotations": annotations}}}
		allowed(object.union(fixture.call("read_graph", {}), change)) == set()
	}
}

test_read_only_hint_counts_from_trusted_servers if {
	allowed(fixture.trusted("lookup", {}, {"readOnlyHint": true})) == {"reads.trusted-server"}
	allowed(fixture.trusted("lookup", {}, {"readOnlyHint": true, "destructiveHint": true})) == set()
	allowed(fixture.trusted("lookup", {}, {})) == set()
	untrusted := {"resource": {"properties": {"annotations": {"readOnlyHint": true}}}}
	allowed(object.union(fixture.call("lookup", {}), untrusted)) == set()
}

test_trusted_reads_outside if {
	document := fixture.trusted("lookup", {"where": "/etc"}, {"readOnlyHint": true})
	allowed(document) == set()
	escalated(document) == {"reads.outside-workspace"}
}

test_every_path_counts_whatever_its_name if {
	every arguments in [
		{"path": "ok", "Path": "/etc/passwd"},
		{"path": "ok", "more": {"deep": ["../x"]}},
		{"path": "ok", "Path": "/etc/pass\nwd"},
		{"path": "ok", "Path": "a\n/../../x"},
	] {
		document := fixture.call("read_file", arguments)
		allowed(document) == set()
		escalated(document) == {"reads.outside-workspace"}
	}
	elsewhere := {"pointer": "/target", "given": "--output=/root/.bashrc", "resolved": "/root/.bashrc", "holds_gate": false}
	diff := object.union(
		fixture.call("git_diff", {"repo_path": "/ws", "target": "--output=/root/.bashrc"}),
		{"resource": {"properties": {"paths": [elsewhere]}}},
	)
	allowed(diff) == set()
}

test_what_the_gate_does_not_resolve_is_asked_about if {
	document := object.union(
		fixture.call("echo", {"message": "a\n/../../x"}),
		{"resource": {"properties": {"paths": []}}},
	)
	allowed(document) == set()
	escalated(document) == {"reads.outside-workspace"}
	poem := object.union(fixture.call("echo", {"message": "one\ntwo"}), {"resource": {"properties": {"paths": []}}})
	allowed(poem) == {"reads.known-tool"}
}

test_options if {
	every target in ["--output=x", "-p", " --stat", "-"] {
		document := fixture.call("git_diff", {"repo_path": "/ws", "target": target})
		allowed(document) == set()
		escalated(document) == {"reads.option"}
	}
	allowed(fixture.call("git_diff", {"repo_path": "/ws", "target": "HEAD-1"})) == {"reads.known-tool"}
	escalated(fixture.call("git_log", {"repo_path": "/ws", "more": [{"a": "--all"}]})) == {"reads.option"}
}

test_pages_that_take_data_along if {
	padding := concat("", [x | some _ in numbers.range(1, 199); x := "a"])
	allowed(fixture.call("fetch", {"url": concat("", ["https://example.org/", padding])})) == {"reads.public-page"}
	every url in [
		"https://a.example.org/b?c=d", "https://example.org#a", "https://example.org?a",
		concat("", ["https://example.org/", padding, "b"]),
	] {
		allowed(fixture.call("fetch", {"url": url})) == set()
		escalated(fixture.call("fetch", {"url": url})) == {"reads.page-with-data"}
	}
	every arguments in [{"body": "x"}, {"headers": {"x": "y"}}, {"out": "/etc/x"}] {
		document := fixture.call("fetch", object.union({"url": "https://example.org/"}, arguments))
		allowed(document) == set()
	}
	sized := fixture.call("fetch", {"url": "https://example.org/", "max_length": 10, "raw": true})
	pathless := object.union(sized, {"resource": {"properties": {"paths": []}}})
	allowed(pathless) == {"reads.public-page"}
}

test_public_pages if {
	every url in ["https://example.org", "https://a.example.org/b", "https://example.org:443/x"] {
		allowed(fixture.call("fetch", {"url": url})) == {"reads.public-page"}
	}
	every url in [
		"http://example.org", "https://localhost/", "https://127.0.0.1/", "https://169.254.169.254/latest",
		"https://user@example.org/", "https://example.org@10.0.0.1/", "https://[::1]/", "https://printer.local/",
		"https://example.org:8443/", `https://example.org\@10.0.0.1/`, "file:///etc/passwd", "https://2130706433/", null,
	] {
		allowed(fixture.call("fetch", {"url": url})) == set()
	}
}

test_other_actions_are_not_tools if {
	allowed(fixture.request("prompts/get", "read_graph", {})) == set()
}
