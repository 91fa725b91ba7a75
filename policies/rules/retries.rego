# METADATA
# title: retries
# description: A call that was approved, started and never answered may have run; whoever approves it again is told.
package gate.rules.retries

escalate contains {"id": "retries.unknown-outcome", "reason": "an identical approved call may have run already"} if {
	input.context.prior.status == "unknown"
}

escalate contains {"id": "retries.still-running", "reason": "an identical approved call is still running"} if {
	input.context.prior.status == "running"
}
