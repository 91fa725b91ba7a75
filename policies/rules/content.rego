# METADATA
# title: resources, prompts and completions
# description: Reading what a server offers; files only inside the workspace.
package gate.rules.content

import data.gate.paths

allow contains {"id": "content.resource", "reason": "reads a resource that the server offers"} if {
	input.action.name == "resources/read"
	not file_outside
}

escalate contains {"id": "content.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	input.action.name == "resources/read"
	file_outside
}

allow contains {"id": "content.prompt", "reason": "gets a prompt that the server offers"} if {
	input.action.name == "prompts/get"
}

allow contains {"id": "content.completion", "reason": "asks for completions"} if {
	input.action.name == "completion/complete"
}

# With a host in it the URI names a network share.
file_outside if {
	startswith(lower(address), "file:")
	not startswith(lower(address), "file:///")
}

file_outside if {
	startswith(lower(address), "file:")
	not paths.inside(substring(address, count("file://"), -1), input.context.workspace)
}

# An escaped character could hide a `..`.
file_outside if {
	startswith(lower(address), "file:")
	contains(address, "%")
}

file_outside if {
	startswith(lower(address), "file:")
	paths.escapes(input)
}

address := input.resource.properties.tool
