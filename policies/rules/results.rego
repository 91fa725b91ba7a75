# METADATA
# title: results
# description: |
#   Card numbers do not reach the model, whichever rule let the call through. Other data is left as it is: a tool may be
#   asked for just that, and what an agent reads with a tag in its place it may write back with the tag.
package gate.rules.results

oblige contains {"type": "redact", "classes": ["pci.pan"]} if input.action.name in {"tools/call", "resources/read"}
