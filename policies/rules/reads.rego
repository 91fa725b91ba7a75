# METADATA
# title: reads
# description: Tools that only read run without a question, inside the workspace.
package gate.rules.reads

import data.gate.paths

tool := input.resource.properties

allow contains {"id": "reads.known-tool", "reason": "a well-known tool that only reads"} if {
	known
	not outside
	not tool.annotations.readOnlyHint == false
	not tool.annotations.destructiveHint == true
}

allow contains {"id": "reads.trusted-server", "reason": "a trusted server calls this tool read-only"} if {
	read_only_by_trust
	not paths.escapes(input)
}

allow contains {"id": "reads.public-page", "reason": "fetches a public page"} if {
	input.action.name == "tools/call"
	tool.tool in data.tools.fetches
	public(tool.arguments.url)
}

escalate contains {"id": "reads.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	known
	outside
}

escalate contains {"id": "reads.outside-workspace", "reason": "reads outside the workspace need a yes"} if {
	read_only_by_trust
	paths.escapes(input)
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

# What a server says about itself loosens a decision only when the configuration trusts it.
read_only_by_trust if {
	input.action.name == "tools/call"
	tool.trusted
	tool.annotations.readOnlyHint == true
	not tool.annotations.destructiveHint == true
}

# A host with a name of the public kind, reached over TLS: no addresses, no local names, no credentials in the URL.
public(url) if {
	regex.match(`^https://([a-z0-9-]+\.)+[a-z]{2,}(:443)?([/?#]|$)`, url)
	not regex.match(`^https://[^/?#:]*\.(internal|intranet|lan|local|localhost|home|corp|arpa)(:443)?([/?#]|$)`, url)
}
