# METADATA
# title: the lethal trifecta
# description: |
#   A session that has read private data and content of strangers may have been told by the strangers to send the data
#   out: from then on everything that leads out needs a yes. The labels come from the config (`labels` of a server or a
#   tool), from what tools say of themselves, and from what was found in results.
package gate.rules.trifecta

tool := input.resource.properties

escalate contains {
	"id": "trifecta.outward",
	"reason": "this session has read private data and content of strangers, and this call leads out",
} if {
	input.action.name in {"tools/call", "resources/read"}
	private
	"untrusted" in input.context.session.labels
	outward
}

private if {
	some label in input.context.session.labels
	label in {"private", "secret"}
}

# Every tool may lead out, unless somebody who is trusted says that it does not.
outward if not stays_inside

stays_inside if {
	tool.trusted
	tool.annotations.openWorldHint == false
}

stays_inside if data.tools.reads[tool.tool]

stays_inside if data.tools.writes[tool.tool]

stays_inside if tool.tool in data.tools.own_store
