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

deny contains {"id": "files.holds-gate", "reason": "the gate itself lives below this folder"} if {
	writes
	some entry in tool.paths
	entry.holds_gate
	not text(entry.pointer)
}

# A tool that nobody knows may move what it is given.
escalate contains {"id": "files.may-move-gate", "reason": "the gate itself lives below this folder"} if {
	input.action.name == "tools/call"
	not writes
	not reads
	paths.holds_gate(input)
}

writes if {
	input.action.name == "tools/call"
	data.tools.writes[tool.tool]
}

reads if data.tools.reads[tool.tool]

reads if {
	tool.trusted
	tool.annotations.readOnlyHint == true
	not tool.annotations.destructiveHint == true
}

outside if {
	some name in data.tools.writes[tool.tool]
	not paths.argument_inside(input, name)
}

# Whatever else the server knows as the name of a path.
outside if {
	some entry in tool.paths
	not text(entry.pointer)
	not paths.inside(entry.resolved, input.context.workspace)
}

# What is written is no place to write to, even if it reads like one.
text(pointer) if split(pointer, "/")[1] in data.files.texts

guarded if {
	some entry in tool.paths
	not text(entry.pointer)
	some part in split(replace(lower(trim_prefix(entry.resolved, input.context.workspace)), `\`, "/"), "/")
	part in data.files.guarded
}
