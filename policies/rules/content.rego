# METADATA
# title: resources, prompts and completions
# description: Reading and watching what a server offers; files only inside the workspace.
package gate.rules.content

import data.gate.paths

allow contains {"id": "content.resource", "reason": "reads or watches a resource that the server offers"} if {
	reads
	offered
}

allow contains {"id": "content.resource", "reason": "reads or watches a resource that the server offers"} if {
	reads
	file_inside
}

escalate contains {"id": "content.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	reads
	not offered
	not file_inside
}

allow contains {"id": "content.prompt", "reason": "gets a prompt that the server offers"} if {
	input.action.name == "prompts/get"
}

allow contains {"id": "content.completion", "reason": "asks for completions"} if {
	input.action.name == "completion/complete"
}

# News of a resource say that it is there and when it changes, so that watching it takes what reading it takes.
reads if input.action.name in {"resources/read", "resources/subscribe"}

# Of the server's own making: a scheme that means no file, and nothing that climbs, escaped or not.
offered if {
	regex.match(`^[A-Za-z][A-Za-z0-9+.-]*://`, address)
	not startswith(lower(address), "file:")
	not regex.match(`(?i)(\.|%2e){2}`, address)
}

# With a host in it the URI names a network share, and an escaped character could hide a `..`.
file_inside if {
	startswith(lower(address), "file:///")
	not contains(address, "%")
	paths.inside(substring(address, count("file://"), -1), input.context.workspace)
	not paths.escapes(input)
}

file_inside if {
	not regex.match(`^\s|^[A-Za-z][A-Za-z0-9+.-]*:`, address)
	paths.argument_inside(input, "uri")
	not paths.escapes(input)
}

address := input.resource.properties.tool
