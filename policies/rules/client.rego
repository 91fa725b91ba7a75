# METADATA
# title: requests to the client
# description: What servers may ask of the agent's side.
package gate.rules.client

allow contains {"id": "client.roots", "reason": "a server may learn the roots"} if {
	input.action.name == "roots/list"
}

# The client shows the question to its user, who answers or declines.
allow contains {"id": "client.elicitation", "reason": "a server may ask the user"} if {
	input.action.name == "elicitation/create"
}

allow contains {"id": "client.sampling", "reason": "a trusted server may use the client's model"} if {
	input.action.name == "sampling/createMessage"
	input.resource.properties.trusted
}

# A sampling request puts words into the model's mouth, at the user's cost.
deny contains {"id": "client.sampling-untrusted", "reason": "only a trusted server may use the client's model"} if {
	input.action.name == "sampling/createMessage"
	not input.resource.properties.trusted
}
