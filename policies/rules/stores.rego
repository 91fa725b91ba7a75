# METADATA
# title: stores
# description: Tools that add to the server's own store and reach nothing else.
package gate.rules.stores

tool := input.resource.properties

allow contains {"id": "stores.own-store", "reason": "adds to the server's own store"} if {
	input.action.name == "tools/call"
	tool.tool in data.tools.own_store
	not tool.annotations.destructiveHint == true
}
