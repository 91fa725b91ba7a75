package gate.rules.destructive_test

import data.gate.fixture_test as fixture
import data.gate.rules.destructive

escalated(document) := ids if {
	rules := destructive.escalate with input as document
	ids := fixture.ids(rules)
}

test_names if {
	every name in ["delete_file", "delete-file", "deleteFile", "DELETE_FILE", "db.drop", "run", "shell/exec", "git_reset"] {
		escalated(fixture.call(name, {})) == {"destructive.name"}
	}
	every name in ["read_file", "prune", "dropbox_list", "runtime_info", "list", "undelete2", ""] {
		escalated(fixture.call(name, {})) == set()
	}
}

test_hint_counts_from_everybody if {
	change := {"resource": {"properties": {"annotations": {"destructiveHint": true}}}}
	escalated(object.union(fixture.call("put", {}), change)) == {"destructive.hint"}
	escalated(fixture.trusted("put", {}, {"destructiveHint": true})) == {"destructive.hint"}
	escalated(object.union(fixture.call("write_file", {}), change)) == set()
}

test_trusted_read_only_name if {
	escalated(fixture.trusted("run_query", {}, {"readOnlyHint": true})) == set()
	escalated(fixture.trusted("run_query", {}, {})) == {"destructive.name"}
}

test_only_tools if {
	escalated(fixture.request("prompts/get", "delete_file", {})) == set()
}
