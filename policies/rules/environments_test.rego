package gate.rules.environments_test

import data.gate.fixture_test as fixture
import data.gate.rules.environments

bounds := {"prod": {
	"servers": ["server", "other"],
	"tools": ["server/read_*", "other/*"],
	"actions": ["tools/call"],
	"models": ["m-1"],
}}

document(change) := object.union(
	object.union(fixture.call("read_file", {}), {
		"context": {"environment": "prod"},
		"model": {"id": "m-1"},
	}),
	change,
)

denied(change, data_of_environments) := ids if {
	rules := environments.deny with input as document(change) with data.environments as data_of_environments
	ids := fixture.ids(rules)
}

hidden(change) := ids if {
	rules := environments.hide with input as document(change) with data.environments as bounds
	ids := fixture.ids(rules)
}

test_what_is_listed_is_not_denied if denied({}, bounds) == set()

test_servers if {
	denied({"resource": {"id": "third/read_x", "properties": {"server": "third"}}}, bounds) == {
		"environments.server",
		"environments.tool",
	}
	hidden({"resource": {"properties": {"server": "third"}}}) == {"environments.server"}
}

test_tools if {
	every id in ["server/write_file", "server/read_/x", "SERVER/read_file"] {
		denied({"resource": {"id": id}}, bounds) == {"environments.tool"}
		hidden({"resource": {"id": id}}) == {"environments.tool"}
	}
	denied({"resource": {"id": "other/anything"}}, bounds) == set()
}

test_only_tools_are_listed_as_tools if {
	denied({"resource": {"type": "prompt", "id": "server/x"}}, bounds) == set()
}

test_actions if denied({"action": {"name": "resources/read"}}, bounds) == {"environments.action"}

test_models if {
	every id in ["m-2", null] { denied({"model": {"id": id}}, bounds) == {"environments.model"} }
}

test_what_is_not_listed_is_not_bounded if {
	denied({"model": {"id": null}}, {"prod": {}}) == set()
	denied({"model": {"id": null}}, {"dev": {"servers": []}}) == set()
	denied({"model": {"id": null}}, {}) == set()
}

test_an_empty_list_lets_nothing_through if {
	denied({}, {"prod": {"servers": [], "tools": [], "actions": [], "models": []}}) == {
		"environments.server",
		"environments.tool",
		"environments.action",
		"environments.model",
	}
}
