# METADATA
# title: destructive tools
# description: A tool that says, or whose name says, that it destroys or executes something needs a yes.
package gate.rules.destructive

tool := input.resource.properties

# Anybody may make a decision stricter, so this hint counts from every server. Writes of files have rules of their own.
escalate contains {"id": "destructive.hint", "reason": "the tool says that it may destroy something"} if {
	input.action.name == "tools/call"
	tool.annotations.destructiveHint == true
	not data.tools.writes[tool.tool]
}

escalate contains {"id": "destructive.name", "reason": "the name says that it destroys or executes something"} if {
	input.action.name == "tools/call"
	not read_only_by_trust
	some verb in data.verbs.destructive
	contains(lower(tool.tool), verb)
	verb in words(tool.tool)
}

read_only_by_trust if {
	tool.trusted
	tool.annotations.readOnlyHint == true
}

# `delete_file`, `delete-file`, `deleteFile` and `DELETE_FILE` all say delete; `undeleted` does not.
words(name) := {lower(match[0]) | some match in regex.find_all_string_submatch_n(`[A-Z]?[a-z]+|[A-Z]+`, name, -1)}
