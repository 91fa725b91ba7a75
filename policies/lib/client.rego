# METADATA
# title: the agent's own client
# description: |
#   Which rules have the person at the client asked in a form. An answer there proves nobody: "asks" has a yes put on
#   record and no more; a rule that says "confirms" is satisfied by it, as long as no other rule asks for more.
package gate.client

words := {"asks", "confirms"}

# METADATA
# description: What these rules wish of the client, as it stands in an approval; nothing when none of them says a word.
wish(rules) := {"client": {word: ids |
	some word in words
	ids := sort([rule.id | some rule in rules; rule.client == word])
}} if spoken(rules)

wish(rules) := {} if not spoken(rules)

spoken(rules) if {
	some rule in rules
	rule.client in words
}
