package gate.rules.files_test

import data.gate.fixture_test as fixture
import data.gate.rules.files

allowed(document) := ids if {
	rules := files.allow with input as document
	ids := fixture.ids(rules)
}

escalated(document) := ids if {
	rules := files.escalate with input as document
	ids := fixture.ids(rules)
}

test_writes_inside if {
	every tool in ["write_file", "edit_file", "create_directory"] {
		document := fixture.call(tool, {"path": "src/notes.txt"})
		allowed(document) == {"files.write-inside-workspace"}
		escalated(document) == set()
	}
	move := fixture.call("move_file", {"source": "a", "destination": "/ws/b"})
	allowed(move) == {"files.write-inside-workspace"}
}

test_writes_outside if {
	every arguments in [{"path": "/etc/hosts"}, {"path": "../x"}, {}, {"path": {"length": 70000}}] {
		document := fixture.call("write_file", arguments)
		allowed(document) == set()
		escalated(document) == {"files.write-outside-workspace"}
	}
}

test_both_ends_of_a_move_count if {
	every arguments in [{"source": "/etc/a", "destination": "b"}, {"source": "a", "destination": "/etc/b"}, {"source": "a"}] {
		escalated(fixture.call("move_file", arguments)) == {"files.write-outside-workspace"}
	}
}

test_link_out_of_the_workspace if {
	entry := {"pointer": "/path", "given": "link", "resolved": "/etc/hosts"}
	document := object.union(fixture.call("write_file", {"path": "link"}), {"resource": {"properties": {"paths": [entry]}}})
	escalated(document) == {"files.write-outside-workspace"}
}

test_guarded_files if {
	every path in [".git/hooks/pre-commit", "a/.GIT/config", ".vscode/tasks.json", "x/.envrc"] {
		"files.write-guarded" in escalated(fixture.call("write_file", {"path": path}))
	}
	escalated(fixture.call("write_file", {"path": "a/git/x"})) == set()
	below := object.union(fixture.call("write_file", {"path": "/ws/.claude/tree/a"}), {"context": {"workspace": "/ws/.claude/tree"}})
	escalated(below) == set()
}

held(document, pointer) := object.union(document, {"resource": {"properties": {"paths": [{
	"pointer": pointer,
	"given": "/ws",
	"resolved": "/ws",
	"holds_gate": true,
}]}}})

test_what_holds_the_gate_is_not_written_to if {
	every name in ["source", "destination", "from"] {
		document := held(fixture.call("move_file", {"source": "a", "destination": "b"}), concat("/", ["", name]))
		fixture.ids(files.deny) == {"files.holds-gate"} with input as document
	}
	content := held(fixture.call("write_file", {"path": "a", "content": "/ws"}), "/content")
	fixture.ids(files.deny) == set() with input as content
}

test_what_holds_the_gate_is_not_for_unknown_tools if {
	every tool in ["rename", "delete_folder", "create_entities", "fetch"] {
		escalated(held(fixture.call(tool, {"a": "/ws"}), "/a")) == {"files.may-move-gate"}
	}
	escalated(held(fixture.call("list_directory", {"path": "/ws"}), "/path")) == set()
	escalated(held(fixture.trusted("look", {"a": "/ws"}, {"readOnlyHint": true}), "/a")) == set()
	escalated(held(fixture.request("resources/read", "file:///ws", {}), "/uri")) == set()
}

test_every_path_of_a_write_counts if {
	document := fixture.call("write_file", {"path": "a", "Path": "/etc/hosts"})
	allowed(document) == set()
	escalated(document) == {"files.write-outside-workspace"}
	"files.write-guarded" in escalated(fixture.call("write_file", {"path": "a", "Path": ".git/hooks/x"}))
	allowed(fixture.call("write_file", {"path": "a", "content": "/etc/hosts"})) == {"files.write-inside-workspace"}
	edits := fixture.call("edit_file", {"path": "a", "edits": [{"oldText": "/etc", "newText": "../.git"}]})
	allowed(edits) == {"files.write-inside-workspace"}
}

test_other_tools_are_not_files if {
	allowed(fixture.call("write_memo", {"path": "a"})) == set()
	escalated(fixture.call("write_memo", {"path": "/etc/a"})) == set()
}
