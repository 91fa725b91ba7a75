# METADATA
# title: pins
# description: A tool whose definition is not the accepted one may do something else than it did.
package gate.rules.pins

escalate contains {"id": "pins.changed", "reason": "tool definition changed since it was accepted"} if {
	input.resource.properties.pin_state == "changed"
}

escalate contains {"id": "pins.unknown", "reason": "tool definition was never accepted"} if {
	input.resource.properties.pin_state == "unknown"
}
