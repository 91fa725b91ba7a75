# METADATA
# title: secrets
# description: A secret in the arguments does not leave for a tool that may pass it on to anybody.
package gate.rules.secrets

import data.gate.secrets

tool := input.resource.properties

deny contains {
	"id": "secrets.open-world",
	"reason": "the arguments hold a secret, and the tool may pass it on",
	"predicate": "data",
} if {
	input.action.name in {"tools/call", "prompts/get", "completion/complete"}
	not closed_world
	secret
}

secret if count(secrets.found(tool.arguments)) > 0

# The gate's classifiers see strings that are too long for policy.
secret if {
	some finding in input.classification.findings
	startswith(finding.class, "secret.")
}

# That a tool keeps to itself is believed of trusted servers only.
closed_world if {
	tool.trusted
	tool.annotations.openWorldHint == false
}
