# METADATA
# title: environments
# description: |
#   What each environment may use: `environments` in data.json, by the name of the environment. A list that is there is
#   complete; an environment, or a list, that is not there bounds nothing.
package gate.rules.environments

call := input.resource.properties

bounds := data.environments[input.context.environment]

deny contains {"id": "environments.server", "reason": "this environment does not use this server"} if foreign_server

deny contains {"id": "environments.tool", "reason": "this environment does not use this tool"} if foreign_tool

deny contains {"id": "environments.action", "reason": "this environment does not allow this kind of request"} if {
	not input.action.name in bounds.actions
}

deny contains {
	"id": "environments.model",
	"reason": "this environment does not let this model act",
	"predicate": "model",
} if {
	not input.model.id in bounds.models
}

hide contains {"id": "environments.server", "reason": "this environment does not use this server"} if foreign_server

hide contains {"id": "environments.tool", "reason": "this environment does not use this tool"} if foreign_tool

foreign_server if not call.server in bounds.servers

# `server/tool`; a `*` stands for any tool of a server, or for part of a name.
foreign_tool if {
	bounds.tools
	input.resource.type == "tool"
	every pattern in bounds.tools { not glob.match(pattern, ["/"], input.resource.id) }
}
