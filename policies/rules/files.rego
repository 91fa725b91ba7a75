# METADATA
# title: files
# description: Writing files is fine inside the workspace, except where a file makes other programs run something.
package gate.rules.files

import data.gate.paths

tool := input.resource.properties

# The content may be cut off for policy: where it goes is what counts here, and classifiers see all of it.
allow contains {
	"id": "files.write-inside-workspace",
	"reason": "writes inside the workspace",
	"accepts_truncated": true,
} if {
	writes
	not outside
}

escalate contains {"id": "files.write-outside-workspace", "reason": "writes outside the workspace need a yes"} if {
	writes
	outside
}

escalate contains {"id": "files.write-guarded", "reason": "other programs run what stands in this file"} if {
	writes
	guarded
}

writes if {
	input.action.name == "tools/call"
	data.tools.writes[tool.tool]
}

outside if {
	some name in data.tools.writes[tool.tool]
	not paths.argument_inside(input, name)
}

guarded if {
	some name in data.tools.writes[tool.tool]
	some entry in tool.paths
	entry.pointer == concat("/", ["", name])
	some part in split(replace(lower(trim_prefix(entry.resolved, input.context.workspace)), `\`, "/"), "/")
	part in data.files.guarded
}
