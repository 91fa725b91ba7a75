# METADATA
# title: inputs for tests
# description: |
#   `call` and `request` make the input document of one call; change more of it with object.union. Relative paths and
#   absolute ones are resolved as if there were no links.
package gate.fixture_test

call(tool, arguments) := request("tools/call", tool, arguments)

trusted(tool, arguments, annotations) := object.union(call(tool, arguments), {"resource": {"properties": {
	"trusted": true,
	"annotations": annotations,
}}})

request(action, name, arguments) := object.union(document, {
	"action": {"name": action},
	"resource": {
		"id": concat("/", ["server", name]),
		"properties": {"tool": name, "arguments": arguments, "paths": resolved(arguments)},
	},
})

# The ids of rule elements.
ids(rules) := {rule.id | some rule in rules}

resolved(arguments) := [entry |
	walk(arguments, [path, given])
	is_string(given)
	entry := {
		"pointer": concat("/", array.concat([""], [step | some part in path; step := segment(part)])),
		"given": given,
		"resolved": absolute(given),
		"holds_gate": false,
	}
]

segment(part) := part if is_string(part)

segment(part) := format_int(part, 10) if is_number(part)

absolute(path) := path if startswith(path, "/")

absolute(path) := concat("/", ["/ws", path]) if not startswith(path, "/")

document := {
	"version": {"mcp_gate": "1", "mcp": "2025-06-18"},
	"subject": {
		"type": "identity",
		"id": "alice",
		"properties": {
			"verified": true,
			"source": "os",
			"issuer": null,
			"roles": [],
			"groups": [],
			"department": null,
			"tenant": null,
			"region": null,
			"delegation": [],
			"emergency": false,
		},
	},
	"action": {"name": "tools/call"},
	"resource": {
		"type": "tool",
		"id": "server/tool",
		"properties": {
			"server": "server",
			"tool": "tool",
			"annotations": {},
			"trusted": false,
			"pin": null,
			"pin_state": "pinned",
			"arguments": {},
			"arguments_digest": "sha256:0",
			"arguments_truncated": false,
			"paths": [],
			"cost": {"estimate_usd": null},
		},
	},
	"model": {"provider": null, "id": null, "endpoint": null, "source": "unknown"},
	"classification": {
		"labels": [],
		"findings": [],
		"classifier": {"id": "builtin", "version": "1"},
		"asserted": [],
	},
	"context": {
		"time": "2026-01-01T00:00:00.000Z",
		"time_ns": 1767225600000000000,
		"environment": "test",
		"mode": "enforce",
		"approval_mode": "auto_execute",
		"workspace": "/ws",
		"client": {"name": "test", "version": "1"},
		"session": {"id": "s", "calls": 0, "denials": 0, "elapsed_ms": 0, "labels": []},
		"budget": [],
		"idempotency_key": null,
		"approval": null,
		"prior": null,
		"settled": [],
		"freeze": false,
		"round": 0,
		"obligations_supported": [],
	},
}
