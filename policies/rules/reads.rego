# METADATA
# title: reads
# description: Tools that only read run without a question, inside the workspace.
package gate.rules.reads

import data.gate.paths

tool := input.resource.properties

allow contains {"id": "reads.known-tool", "reason": "a well-known tool that only reads"} if {
	known
	not outside
	not option
	not tool.annotations.readOnlyHint == false
	not tool.annotations.destructiveHint == true
}

allow contains {"id": "reads.trusted-server", "reason": "a trusted server calls this tool read-only"} if {
	read_only_by_trust
	not astray
}

allow contains {"id": "reads.public-page", "reason": "fetches a public page"} if {
	fetches
	public(tool.arguments.url)
	not telling(tool.arguments.url)
	not astray
	every name, value in tool.arguments { harmless(name, value) }
}

escalate contains {"id": "reads.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	known
	outside
}

escalate contains {"id": "reads.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	read_only_by_trust
	astray
}

escalate contains {"id": "reads.option", "reason": "an argument that begins like an option may make it do more than read"} if {
	known
	option
}

escalate contains {"id": "reads.page-with-data", "reason": "what the address holds leaves for its server"} if {
	fetches
	telling(tool.arguments.url)
}

# The table goes by name alone: any server may call its tool `read_file`. Pins keep it what it was when it was accepted.
known if {
	input.action.name == "tools/call"
	data.tools.reads[tool.tool]
}

outside if {
	some name in data.tools.reads[tool.tool]
	not paths.argument_inside(input, name)
}

outside if astray

# Whatever the argument is called: a server may know more arguments than the table does.
astray if paths.escapes(input)

astray if paths.unresolved(input)

option if {
	walk(tool.arguments, [_, text])
	is_string(text)
	regex.match(`^\s*-`, text)
}

# What a server says about itself loosens a decision only when the configuration trusts it.
read_only_by_trust if {
	input.action.name == "tools/call"
	tool.trusted
	tool.annotations.readOnlyHint == true
	not tool.annotations.destructiveHint == true
}

fetches if {
	input.action.name == "tools/call"
	tool.tool in data.tools.fetches
}

# Where to begin and how much to give; no headers, no body.
harmless("url", _)

harmless(_, value) if is_number(value)

harmless(_, value) if is_boolean(value)

# Reading is a way of sending, too.
telling(url) if regex.match(`[?#]`, url)

telling(url) if {
	parts := split(url, "/")
	count(concat("/", array.slice(parts, 3, count(parts)))) >= 200
}

# A host with a name of the public kind, reached over TLS: no addresses, no local names, no credentials in the URL.
public(url) if {
	regex.match(`^https://([a-z0-9-]+\.)+[a-z]{2,}(:443)?([/?#]|$)`, url)
	not regex.match(`^https://[^/?#:]*\.(internal|intranet|lan|local|localhost|home|corp|arpa)(:443)?([/?#]|$)`, url)
}
